"""What a run's comparisons say of its judges. The judges here are scripted: biased by position, fair, or random."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from duologue.backends.protocol import Answer, Features, Request, TokenLogprob
from duologue.config.sections import CriticConfig
from duologue.conversations.critic.experts.quality_judge import QualityJudge
from duologue.conversations.critic.protocol import CriticContext
from duologue.conversations.critic.tournament import Scheme, choose
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli, ScriptedToxicity
from duologue.records import Attribute, Candidate, Comparison, Pair, Profile, Verdict
from duologue.report.judges import JudgeFigures, interval, judge_figures, lines, together
from duologue.report.summary import summarise
from duologue.store import revisions
from duologue.store.database import Database
from duologue.store.ledger import SqlLedger
from duologue.store.reading import RunReader

Winner = Literal["first", "second", "tie"]


def _store(
    folder: Path, tournaments: Sequence[Sequence[Comparison]], values: Mapping[str, Mapping[str, float]]
) -> tuple[JudgeFigures, ...]:
    async def write() -> None:
        database = Database(folder)
        ledger = SqlLedger(database, await revisions.begin(database, "f", {}))
        for number, comparisons in enumerate(tournaments):
            ledger.compared(f"p-{number}", 1, comparisons)
        for id_, of in values.items():
            ledger.judged(id_, [Verdict(name, "quality", value, True) for name, value in of.items()])
        await ledger.flush()
        database.close()

    asyncio.run(write())
    with RunReader(folder) as reader:
        return judge_figures(reader)


def _duel(expert: str, one: str, other: str, shown: Winner, swapped: Winner | None) -> list[Comparison]:
    said = [Comparison(expert, one, other, shown)]
    return said if swapped is None else [*said, Comparison(expert, other, one, swapped)]


def test_flips_ties_and_the_first_shown_are_counted(tmp_path: Path) -> None:
    duels = [
        *_duel("depth-llm", "k-a", "k-b", "first", "second"),  # k-a both times
        *_duel("depth-llm", "k-a", "k-c", "first", "first"),  # flips, to the first shown
        *_duel("depth-llm", "k-b", "k-c", "second", "second"),  # flips, to the second shown
        *_duel("depth-llm", "k-a", "k-d", "first", "tie"),
        *_duel("depth-llm", "k-b", "k-d", "tie", None),
        *_duel("likable", "k-a", "k-b", "first", None),
    ]
    (figures,) = _store(tmp_path, [duels], {})
    assert figures.expert == "depth-llm"
    assert (figures.answers, figures.ties, figures.both, figures.flips) == (9, 2, 4, 2)
    assert figures.flip_share == 0.5
    # Named: a, b | a, c | c, b | a; of these the first shown: the first of the 1st duel, both of the 2nd, one of the 4th.
    assert (figures.named, figures.named_first) == (7, 4)
    assert not figures.biased


def test_agreement_is_with_the_embedded_score_of_the_aspect_or_the_mean(tmp_path: Path) -> None:
    values = {
        "k-a": {"depth": 0.9, "likable": 0.1, "depth-llm": 0.5},
        "k-b": {"depth": 0.4, "likable": 0.2},
        "k-c": {"depth": 0.39, "likable": 0.9, "diversity-llm": 0.5},
    }
    duels = [
        *_duel("depth-llm", "k-a", "k-b", "first", "second"),  # agrees
        *_duel("depth-llm", "k-b", "k-c", "first", "second"),  # the scores are alike
        *_duel("depth-llm", "k-a", "k-c", "second", "first"),  # does not agree
        *_duel("diversity-llm", "k-a", "k-c", "second", "first"),  # agrees: 0.5 against 0.645
        *_duel("diversity-llm", "k-a", "k-b", "first", "first"),  # flips
    ]
    depth, diversity = _store(tmp_path, [duels], values)
    assert (depth.scored, depth.agreed, depth.agreement) == (2, 1, 0.5)
    assert (diversity.scored, diversity.agreed, diversity.flips) == (1, 1, 1)
    total = together([depth, diversity])
    assert (total.answers, total.both, total.scored, total.agreed) == (10, 5, 3, 2)


def test_without_language_models_nothing_is_said(tmp_path: Path) -> None:
    assert _store(tmp_path, [_duel("depth", "k-a", "k-b", "first", None)], {}) == ()
    assert lines(()) == []
    with RunReader(tmp_path) as reader:
        assert summarise(reader).as_json()["judges"] == []


class _Judge:
    """A language model's place: the probability of A comes from the two conversations shown."""

    model = "judge"
    features = Features(grammar=True, logprobs=True)

    def __init__(self, share: Callable[[str], float]) -> None:
        self.share = share

    async def call(self, request: Request) -> Answer:
        share = self.share(request.messages[-1].content)
        odds = (("A", math.log(share)), ("B", math.log(1 - share)))
        word = "A" if share >= 0.5 else "B"
        return Answer(word, "length", 10, 1, 0, (TokenLogprob(word, dict(odds)[word], odds),))


def _run(folder: Path, share: Callable[[str], float], pairs: int = 12) -> JudgeFigures:
    """Exhaustive tournaments of four conversations, by one judge, stored and read again. "good" marks the better."""
    context = CriticContext(CriticConfig(), ScriptedEmbedder(), ScriptedNli(), ScriptedToxicity(), _Judge(share))
    one, two = (Profile.of((Attribute.of(text),)) for text in ("I sing.", "I cook."))

    def talk(pair: int, number: int) -> Candidate:
        said = ("Hi.", f"Talk {pair} {number} is {'good' if number % 2 else 'bad'}.")
        return Candidate(
            f"k-{pair}-{number}", Pair(f"p-{pair}", pair, one, two), 1, 0, number, said, "whole", "m", "h", 0
        )

    tournaments = []
    values: dict[str, dict[str, float]] = {}
    for pair in range(pairs):
        entrants = [talk(pair, number) for number in range(4)]
        experts = [QualityJudge(context, aspect="depth")]
        choice = asyncio.run(choose(entrants, experts, {}, scheme=Scheme("exhaustive")))
        assert choice is not None
        tournaments.append(choice.comparisons)
        values |= {c.id: {"depth": 0.8 if c.sample % 2 else 0.2} for c in entrants}
    (figures,) = _store(folder, tournaments, values)
    return figures


def test_a_judge_that_looks_only_at_the_place_is_found_out(tmp_path: Path) -> None:
    figures = _run(tmp_path, lambda prompt: 0.9)
    assert figures.answers == 12 * 6 * 2
    assert figures.flip_share == 1.0
    assert figures.first_share == 1.0
    assert figures.biased
    assert figures.scored == 0
    assert "biased by position" in lines((figures,))[0]


def test_a_judge_that_looks_at_the_talk_is_fair(tmp_path: Path) -> None:
    def share(prompt: str) -> float:
        first, second = (part.count("good") for part in prompt.split("Conversation B:"))
        return 0.5 + 0.4 * (first - second)

    figures = _run(tmp_path, share)
    assert figures.flips == 0
    assert figures.first_share == 0.5
    assert not figures.biased
    # Two good and two bad talks a pair: four duels have a better one, and the scores say the same.
    assert (figures.scored, figures.agreement) == (12 * 4, 1.0)
    # A talk against one as good is a tie, in either order.
    assert figures.ties == 12 * 2 * 2


def test_a_judge_that_rolls_dice_flips_half_the_time_without_bias(tmp_path: Path) -> None:
    figures = _run(tmp_path, lambda prompt: 0.1 if Random(prompt).random() < 0.5 else 0.9, pairs=40)
    low, high = interval(figures.flips, figures.both)
    assert low < 0.5 < high
    assert not figures.biased
    low, high = interval(figures.agreed, figures.scored)
    assert low < 0.5 < high


def test_a_slight_leaning_shows_over_a_run(tmp_path: Path) -> None:
    figures = _run(tmp_path, lambda prompt: 0.9 if Random(prompt).random() < 0.65 else 0.1, pairs=40)
    assert figures.first_share == pytest.approx(0.65, abs=0.06)
    assert figures.biased


def test_stats_prints_them(tmp_path: Path) -> None:
    _run(tmp_path, lambda prompt: 0.9, pairs=2)
    with RunReader(tmp_path) as reader:
        summary = summarise(reader)
    assert "\n".join(summary.lines()).count("Judges: 24 comparisons") == 1
    (judge,) = summary.judges
    assert summary.as_json()["judges"] == [judge.as_json()]
    assert judge.as_json()["biased"] is True
    several = lines((JudgeFigures("a-llm", 4, 0, 2, 1, 4, 2), JudgeFigures("b-llm")))
    assert "a-llm 50 % 50 % -, b-llm - - -" in several[1]


def test_the_interval_is_wilsons() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)
    assert interval(10, 10)[1] == 1.0
