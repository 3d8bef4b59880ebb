"""The tournament among a pair's surviving candidates (section 3.4: the quality experts compare and vote).

In a duel of two candidates every expert has one vote. An expert whose answer may depend on the order shown is asked in
both orders, and a candidate wins its vote only when both answers name it; else the vote is a tie and each gets half.
The candidate with more of the experts' votes wins the duel, the one with most duels won wins the tournament. Ties
between candidates are broken, in this order, by the sum of votes, the faithfulness expert's value, the mean value of
the quality experts, and the lowest id, so the outcome never depends on the order in which candidates were made.

The *exhaustive* scheme, the paper's, asks for every vote of every duel: with five experts that are asked in both
orders, 5 n (n - 1) calls for n candidates. The *sequential* scheme names the winner that the exhaustive one would
name, with a given certainty, from a part of the votes (:mod:`.sequential`): experts that ask no language model vote
first, in all duels, and their scores rank the candidates; then only votes that can still change the winner are asked
for, those that tell most about it first. Which calls it makes follows from the answers alone, never from their timing.
"""

from duologue.conversations.critic.tournament.hold import COULD_NOT_JUDGE, Choice, Scheme, choose, could_not_judge

__all__ = ["COULD_NOT_JUDGE", "Choice", "Scheme", "choose", "could_not_judge"]
