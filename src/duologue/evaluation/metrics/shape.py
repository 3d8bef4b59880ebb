"""Lengths and rhythm: the part of human likeness that needs no model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from duologue.conversations.critic.guards.courtesy import is_courtesy
from duologue.evaluation.protocol import Described, Group, Ratio
from duologue.evaluation.view import View
from duologue.text import is_question, sentences


class _Shape(Described):
    group: Group = "likeness"
    direction = "human"


class Utterances(_Shape):
    """Mean number of utterances in a conversation."""

    name = "utterances"
    title = "utterances in a conversation"
    unit = "utterances"
    range = (0.0, math.inf)

    def measure(self, view: View) -> Ratio:
        """The number."""
        return float(len(view)), 1.0


class _Percentile(_Shape):
    unit = "utterances"
    range = (0.0, math.inf)
    at: float

    def figure(self, views: Sequence[View]) -> float | None:
        """The percentile, as a number that occurs; None for no conversation."""
        return float(np.quantile([len(v) for v in views], self.at, method="lower")) if views else None


class UtterancesP5(_Percentile):
    """5th percentile of the number of utterances in a conversation of the sample."""

    name = "utterances_p5"
    title = "utterances, 5th percentile"
    at = 0.05


class UtterancesP50(_Percentile):
    """Median number of utterances in a conversation of the sample."""

    name = "utterances_p50"
    title = "utterances, median"
    at = 0.5


class UtterancesP95(_Percentile):
    """95th percentile of the number of utterances in a conversation of the sample."""

    name = "utterances_p95"
    title = "utterances, 95th percentile"
    at = 0.95


class WordsPerUtterance(_Shape):
    """Mean number of words in an utterance."""

    name = "words_per_utterance"
    title = "words in an utterance"
    unit = "words"
    range = (0.0, math.inf)

    def measure(self, view: View) -> Ratio:
        """Words over utterances."""
        return float(sum(map(len, view.words))), float(len(view))


class Rhythm(_Shape):
    """Mean absolute difference in words between an utterance and the one before it, over the mean words of an utterance
    of the conversation: 0 for utterances all of one length.
    """

    name = "rhythm"
    title = "change of length between utterances"
    unit = "ratio"
    range = (0.0, math.inf)

    def measure(self, view: View) -> Ratio | None:
        """Its mean over the conversation; None for a single utterance or no words."""
        sizes = [len(words) for words in view.words]
        average = sum(sizes) / len(sizes)
        if len(sizes) < 2 or not average:
            return None
        changes = [abs(b - a) for a, b in pairwise(sizes)]
        return sum(changes) / len(changes) / average, 1.0


class _Act(_Shape):
    def act(self, text: str) -> bool:
        """Whether an utterance holds the act."""
        raise NotImplementedError

    def measure(self, view: View) -> Ratio:
        """Such utterances among all."""
        return float(sum(map(self.act, view.texts))), float(len(view))


class Questions(_Act):
    """Share of utterances with a question."""

    name = "questions"
    title = "utterances that ask"

    def act(self, text: str) -> bool:
        """A sentence of it is a question."""
        return any(map(is_question, sentences(text)))


class Courtesies(_Act):
    """Share of utterances that are a short greeting, thanks or goodbye."""

    name = "courtesies"
    title = "utterances of courtesy"

    def act(self, text: str) -> bool:
        """It is a courtesy."""
        return is_courtesy(text)


class Exclamations(_Act):
    """Share of utterances with an exclamation mark."""

    name = "exclamations"
    title = "utterances with an exclamation mark"

    def act(self, text: str) -> bool:
        """It has one."""
        return "!" in text


class FirstPerson(_Act):
    """Share of utterances that speak of the speaker: I, me, my, mine, we, our."""

    name = "first_person"
    title = "utterances about oneself"

    def act(self, text: str) -> bool:
        """It has such a word."""
        from duologue.text import first_person

        return first_person(text)
