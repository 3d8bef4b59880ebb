"""Filter ``faithfulness-llm``: a language model judges with a few explained examples, the paper's way (section 3.4)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, zip_longest
from typing import Literal

import orjson

from duologue.conversations.critic.experts.judging import (
    FORMS,
    ask,
    explanation,
    probabilities,
    profiles_text,
    shown,
    transcript_text,
)
from duologue.conversations.critic.protocol import CriticContext
from duologue.prompts import as_data, load
from duologue.records import Candidate, Verdict

OPTIONS = {"yes": "yes", "faithful": "yes", "no": "no", "not": "no", "unfaithful": "no"}


@dataclass(frozen=True, slots=True)
class FaithfulnessExample:
    """A hand-made conversation that is faithful to its profiles or not, and why."""

    id: str
    label: Literal["faithful", "unfaithful"]
    kind: str
    """What is shown: ``contradiction``, ``swap``, ``invented`` and so on."""
    user_1: tuple[str, ...]
    user_2: tuple[str, ...]
    utterances: tuple[str, ...]
    explanation: str


class FaithfulnessJudge:
    """Asks a language model whether a conversation is faithful; rejects when "no" is likelier than "yes".

    ``value`` is the probability of "yes" from the log probabilities, where the backend has them, else 1 or 0. An
    answer that is neither "yes" nor "no" is an abstention: value 0.5 and passed, with a reason that says so, for a
    judge that can't follow the form must not empty the data set. With ``config.reasons`` the reason of a rejection is
    the judge's own.
    """

    name = "faithfulness-llm"
    asks_model = True

    def __init__(self, context: CriticContext) -> None:
        self._caller = context.judge
        self._seed = context.seed
        self._reasons = context.config.reasons
        self._prompt = load("judge_faithfulness")
        self._examples = "\n\n".join(_shown(e) for e in pick_examples(context.config.judge_examples, context.seed))

    async def judge(self, candidate: Candidate) -> Verdict:
        """Return the verdict. Raises ItemFailed when the judge can't be asked."""
        messages = self._prompt.messages(examples=self._examples, candidate=shown(candidate), form=FORMS[self._reasons])
        answer = await ask(
            self._caller, "judge.faithfulness", messages, options=("Yes", "No"), seed=self._seed, reason=self._reasons
        )
        said = probabilities(answer, OPTIONS)
        if not said:
            return Verdict(
                self.name, "filter", 0.5, True, f"abstained: the answer {as_data(answer.text)[:60]!r} is no verdict"
            )
        passed = said["yes"] >= 0.5
        words = explanation(answer) if self._reasons else ""
        reason = "" if passed else words or f"the judge calls it unfaithful with probability {said['no']:.2f}"
        return Verdict(self.name, "filter", said["yes"], passed, reason)


@cache
def shipped_examples() -> tuple[FaithfulnessExample, ...]:
    """The hand-made examples that ship with duologue."""
    text = resources.files("duologue.data").joinpath("faithfulness_examples.jsonl").read_text(encoding="utf-8")
    rows = [orjson.loads(line) for line in text.splitlines() if line.strip()]
    return tuple(
        FaithfulnessExample(
            r["id"],
            r["label"],
            r["kind"],
            tuple(r["user_1"]),
            tuple(r["user_2"]),
            tuple(r["utterances"]),
            r["explanation"],
        )
        for r in rows
    )


def pick_examples(count: int, seed: int) -> tuple[FaithfulnessExample, ...]:
    """Draw ``count`` examples, unfaithful and faithful by turns, of as many kinds as possible.

    All calls of a run get the same ones, so that prefix caches hit. Fewer come back when there are fewer.
    """
    by_kind: dict[tuple[str, str], list[FaithfulnessExample]] = {}
    for example in shipped_examples():
        by_kind.setdefault((example.label, example.kind), []).append(example)
    draw = random.Random(f"{seed}/judge.faithfulness")
    rows: dict[str, list[FaithfulnessExample]] = {}
    for label in ("unfaithful", "faithful"):
        kinds = [draw.sample(examples, len(examples)) for (of, _), examples in sorted(by_kind.items()) if of == label]
        draw.shuffle(kinds)
        rows[label] = [e for e in chain.from_iterable(zip_longest(*kinds)) if e is not None]
    turns = chain.from_iterable(zip_longest(rows["unfaithful"], rows["faithful"]))
    return tuple(e for e in turns if e is not None)[:count]


def _shown(example: FaithfulnessExample) -> str:
    verdict = "Yes" if example.label == "faithful" else "No"
    return (
        f"{profiles_text(example.user_1, example.user_2)}\nConversation:\n{transcript_text(example.utterances)}\n"
        f"Verdict: {verdict}. {as_data(example.explanation)}"
    )
