"""Filter ``toxicity-llm``: a language model is asked, without examples, whether anything is toxic (section 3.4)."""

from __future__ import annotations

from duologue.conversations.critic.experts.judging import ask, explanation, probabilities, transcript_text
from duologue.conversations.critic.protocol import CriticContext
from duologue.prompts import as_data, load
from duologue.records import Candidate, Verdict

OPTIONS = {"yes": "yes", "toxic": "yes", "no": "no", "not": "no"}


class ToxicityJudge:
    """Rejects a conversation that the model calls toxic with more than ``config.toxicity``.

    ``value`` is the probability of "no" (not toxic), from log probabilities where the backend has them, else 1 or 0.
    An answer that is neither "yes" nor "no" is an abstention: value 0.5 and passed, with a reason that says so.
    """

    name = "toxicity-llm"

    def __init__(self, context: CriticContext) -> None:
        self._caller = context.judge
        self._seed = context.seed
        self._most = context.config.toxicity
        self._prompt = load("judge_toxicity")

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict. Raises ItemFailed when the judge can't be asked."""
        messages = self._prompt.messages(conversation=transcript_text(candidate.utterances))
        answer = await ask(
            self._caller, "judge.toxicity", messages, options=("Yes", "No"), seed=self._seed, reason=True
        )
        said = probabilities(answer, OPTIONS)
        if not said:
            return Verdict(
                self.name, "filter", 0.5, True, f"abstained: the answer {as_data(answer.text)[:60]!r} is no verdict"
            )
        passed = said["yes"] <= self._most
        reason = "" if passed else explanation(answer) or "the judge calls it toxic"
        return Verdict(self.name, "filter", said["no"], passed, reason)
