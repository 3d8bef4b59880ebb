from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from duologue.conversations.critic.quality.reading import Reading
from duologue.conversations.critic.quality.scorer import MEASURES, Scorer, load_scorer
from duologue.errors import ModelError

SAID = ("Do you like roses?", "Roses are fine. I like roses.", "Ok.", "Roses are fine. I like roses.", "Ok.", "Bye.")


def _read(bench: Any, *said: str) -> Reading:
    return Reading(said or SAID, bench.embedder, bench.nli, bench.toxicity)


def test_the_score_is_one_less_the_costs(bench: Any) -> None:
    scorer = Scorer({"x": {"own repeats": 0.5, "effort": 0.3, "stay": 0.2}})
    reading = _read(bench)
    found = scorer.assess(reading, "x")
    values = {name: MEASURES[name](reading).value for name in scorer.weights["x"]}
    assert found.score == pytest.approx(sum(w * values[m] for m, w in scorer.weights["x"].items()))
    assert found.score == pytest.approx(1.0 - sum(c.cost for c in found.costs))
    assert [c.cost for c in found.costs] == sorted((c.cost for c in found.costs), reverse=True)


def test_the_explanation_says_what_costs_how_much_and_where(bench: Any) -> None:
    found = Scorer({"x": {"own repeats": 0.6, "effort": 0.4}}).assess(_read(bench), "x")
    assert found.explain() == "1 less own repeats 0.60 (utterance 4), effort 0.40 (utterances 3, 5, 6)"
    assert found.utterances == (3,)
    free = Scorer({"x": {"gentle": 1.0}}).assess(Reading(("Hi.",), bench.embedder, bench.nli), "x")
    assert (free.explain(), free.utterances) == ("nothing costs anything", ())


def test_many_utterances_are_not_all_listed(bench: Any) -> None:
    found = Scorer({"x": {"effort": 1.0}}).assess(_read(bench, *["Ok."] * 9), "x")
    assert "(utterances 1, 2, 3, 4, ...)" in found.explain()


@pytest.mark.parametrize("said", [(), ("",), ("...", "?!")])
def test_a_talk_that_says_nothing_scores_nothing(bench: Any, said: tuple[str, ...]) -> None:
    for aspect in load_scorer().aspects:
        found = load_scorer().assess(Reading(said, bench.embedder, bench.nli), aspect)
        assert found.score == 0.0
        assert "nothing is said" in found.explain()


def test_the_shipped_weights_cover_the_aspects_and_use_every_measure() -> None:
    weights = load_scorer().weights
    assert set(weights) == {"depth", "coherency", "consistency", "diversity", "likable", "overall"}
    assert {m for of in weights.values() for m in of} <= set(MEASURES)
    assert all(sum(of.values()) == pytest.approx(1.0, abs=1e-3) for of in weights.values())


def test_a_score_does_not_depend_on_what_was_scored_before(bench: Any) -> None:
    scorer = load_scorer()
    alone = scorer.assess(_read(bench)).score
    scorer.assess(_read(bench, "Something else.", "Quite else."))
    assert scorer.assess(_read(bench)).score == alone


@pytest.mark.parametrize(
    ("held", "what"),
    [
        ("[]", "can't be read"),
        ('{"weights": {"x": {"no such": 1.0}}}', "no measure"),
        ('{"weights": {"x": {"effort": 0.5}}}', "do not add up"),
        ('{"weights": {"x": {"effort": 1.5, "stay": -0.5}}}', "do not add up"),
    ],
)
def test_damaged_weights_are_named(held: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "scorer.json"
    path.write_text(held)
    with pytest.raises(ModelError, match=what):
        load_scorer(path)


def test_a_path_may_be_text_and_only_the_shipped_file_is_to_be_reinstalled(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"weights": {"x": {"effort": 1.0}}}))
    assert load_scorer(str(path)).aspects == ("x",)
    with pytest.raises(ModelError, match="mend the file"):
        load_scorer(str(tmp_path / "absent.json"))


def test_good_weights_load(tmp_path: Path) -> None:
    path = tmp_path / "fine.json"
    path.write_text(json.dumps({"weights": {"x": {"effort": 0.25, "stay": 0.75}}}))
    assert load_scorer(path).aspects == ("x",)
