"""Preference pairs from the Critic: for one prompt, the conversation it chose and one that it put below.

======================  ================================================================================
key                     value
======================  ================================================================================
id                      the conversation's id and the losing candidate's, as ``c-...-k-...``
conversation, split     the conversation's id; train, valid or test
prompt                  messages: the user gives both profiles and asks for the conversation
chosen, rejected        messages: the assistant's conversation, one ``User 1:`` or ``User 2:`` line an utterance
by                      the guard or expert that refused the rejected one, ``tournament``, or ``hand``
why                     the Critic's reason
iteration               the iteration that made the rejected one, from 1
======================  ================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from duologue.export.contests import Contest
from duologue.export.lines import listed, said, write_lines
from duologue.records import Candidate
from duologue.store.codec import clean

PROMPT = (
    "Two people who have just met talk with each other.\n\nUser 1:\n{user_1}\n\nUser 2:\n{user_2}\n\n"
    "Write their conversation{length}. Write one line for each utterance, beginning with the speaker's name, User 1 first. "
    "Let them speak naturally, true to their profiles, and without copying the sentences above."
)


class PreferenceFormat:
    """One row a contest, for ``trl``'s DPOTrainer and others that take prompt, chosen and rejected as messages."""

    name = "preference"

    def write_contests(self, rows: Iterable[Contest], to: Path) -> int:
        """Write the rows as JSON lines; return how many there are."""
        return write_lines(rows, lambda contest: (preference_row(contest),), to)


def preference_row(contest: Contest) -> dict[str, Any]:
    """The row of one contest."""
    chosen = contest.chosen
    return {
        "id": f"{chosen.id}-{contest.rejected}",
        "conversation": chosen.id,
        "split": chosen.candidate.pair.split,
        "prompt": [{"role": "user", "content": prompt(chosen.candidate)}],
        "chosen": [{"role": "assistant", "content": said(chosen.candidate.utterances)}],
        "rejected": [{"role": "assistant", "content": said(contest.utterances)}],
        "by": contest.by,
        "why": clean(contest.why),
        "iteration": contest.iteration,
    }


def prompt(candidate: Candidate) -> str:
    """What a model is asked for: the conversation of the candidate's pair, with the length that was asked for."""
    low, high = candidate.length
    length = "" if high < 1 else f" in {low} utterances" if low == high else f" in {low} to {high} utterances"
    pair = candidate.pair
    return PROMPT.format(user_1=listed(pair.user_1), user_2=listed(pair.user_2), length=length)
