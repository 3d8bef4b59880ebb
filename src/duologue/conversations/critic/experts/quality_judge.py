"""Quality experts ``depth-llm``, ``coherency-llm`` and so on: a language model compares two conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from duologue.conversations.critic.experts.judging import FORMS, ask, explanation, probabilities, transcript_text
from duologue.conversations.critic.protocol import CriticContext
from duologue.prompts import as_data, load
from duologue.records import Candidate, Comparison, Verdict

ASPECTS = {
    "depth": "In which one do they go deeper into details, reasons and feelings, and follow up on each other?",
    "coherency": "Which one hangs together better, with answers that fit and utterances that follow from one another?",
    "consistency": "In which one does each of them stay more consistent and contradict themselves less?",
    "diversity": "Which one is more varied in topics, wording and kinds of utterances?",
    "likable": "In which one are the two more likable: interested in each other, kind and pleasant to read?",
}
"""The aspects of FED (Mehri and Eskenazi, 2020) that the paper's experts judge, and how each is asked for."""
OPTIONS = {"a": "first", "b": "second", "tie": "tie", "t": "tie", "both": "tie", "neither": "tie", "equal": "tie"}
_MARGIN = 0.1
_LEAST = 0.05
"""Probability that A, B and Tie need together, or the judge meant something else and abstains."""


class QualityJudge:
    """Asks a language model which of two conversations is better in one aspect; to be asked in both orders.

    The more probable of A and B wins, and a lead below 0.1 is a tie; so is an answer that can't be read, or that a
    grammar forced on a judge which meant none of them. It has no score of its own: every candidate scores 0.5. The comparison's reason gives the probabilities, and with
    ``config.reasons`` the judge's own words after them.
    """

    both_orders = True
    asks_model = True

    def __init__(self, context: CriticContext, aspect: str) -> None:
        self.name = f"{aspect}-llm"
        self._aspect = aspect
        self._caller = context.judge
        self._seed = context.seed
        self._reasons = context.config.reasons
        self._prompt = load("judge_quality")

    async def score(self, candidate: Candidate, verdicts: Mapping[str, Verdict]) -> Verdict:
        """Return a verdict of value 0.5: this expert only compares."""
        return Verdict(self.name, "quality", 0.5, True, "compares only")

    async def compare(self, first: Candidate, second: Candidate, scores: Mapping[str, Verdict]) -> Comparison:
        """Compare in the order given. Raises ItemFailed when the judge can't be asked."""
        messages = self._prompt.messages(
            first=transcript_text(first.utterances),
            second=transcript_text(second.utterances),
            question=ASPECTS[self._aspect],
            form=FORMS[self._reasons],
        )
        answer = await ask(
            self._caller,
            f"judge.{self._aspect}",
            messages,
            options=("A", "B", "Tie"),
            seed=self._seed,
            reason=self._reasons,
        )
        said = probabilities(answer, OPTIONS, least=_LEAST)
        if not said:
            return Comparison(
                self.name, first.id, second.id, "tie", f"the answer {as_data(answer.text)[:60]!r} is no verdict"
            )
        reason = ", ".join(f"{option} {share:.2f}" for option, share in said.items())
        if self._reasons and (words := explanation(answer)):
            reason += f": {words}"
        return Comparison(self.name, first.id, second.id, _winner(said), reason)


def _winner(said: Mapping[str, float]) -> Literal["first", "second", "tie"]:
    lead = said["first"] - said["second"]
    if said["tie"] > max(said["first"], said["second"]) or abs(lead) < _MARGIN:
        return "tie"
    return "first" if lead > 0 else "second"
