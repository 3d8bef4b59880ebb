"""Filter ``toxicity-llm``: a language model is asked, without examples, whether anything is toxic (section 3.4)."""

from __future__ import annotations

from duologue.conversations.critic.experts.judging import FORMS, ask, explanation, probabilities, transcript_text
from duologue.conversations.critic.protocol import CriticContext
from duologue.prompts import as_data, load
from duologue.records import Candidate, Verdict

OPTIONS = {"yes": "yes", "toxic": "yes", "no": "no", "not": "no"}


class ToxicityJudge:
    """Rejects a conversation that the model calls toxic with more than ``config.toxicity``.

    ``value`` is the probability of "no" (not toxic), from log probabilities where the backend has them, else 1 or 0.
    An answer that is neither "yes" nor "no" is an abstention: value 0.5 and passed, with a reason that says so.
    With ``config.reasons`` the reason of a rejection is the judge's own.
    """

    name = "toxicity-llm"
    asks_model = True

    def __init__(self, context: CriticContext) -> None:
        self._caller = context.judge
        self._seed = context.seed
        self._reasons = context.config.reasons
        self._most = context.config.toxicity
        self._prompt = load("judge_toxicity")

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict. Raises ItemFailed when the judge can't be asked."""
        messages = self._prompt.messages(conversation=transcript_text(candidate.utterances), form=FORMS[self._reasons])
        answer = await ask(
            self._caller, "judge.toxicity", messages, options=("Yes", "No"), seed=self._seed, reason=self._reasons
        )
        said = probabilities(answer, OPTIONS)
        if not said:
            return Verdict(
                self.name, "filter", 0.5, True, f"abstained: the answer {as_data(answer.text)[:60]!r} is no verdict"
            )
        passed = said["yes"] <= self._most
        words = explanation(answer) if self._reasons else ""
        reason = "" if passed else words or f"the judge calls it toxic with probability {said['yes']:.2f}"
        return Verdict(self.name, "filter", said["no"], passed, reason)
