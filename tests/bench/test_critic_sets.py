"""bench/critic_sets: folds that share no profile, rows that name their labels' origin, experts that ask a model."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from critic_sets import calls, held_chats, judged, pairs  # type: ignore[import-not-found, unused-ignore]
from critic_sets.asking import Judge  # type: ignore[import-not-found, unused-ignore]
from critic_sets.common import Lab, NoJudge  # type: ignore[import-not-found, unused-ignore]
from critic_sets.quality import cross_validated, profiles  # type: ignore[import-not-found, unused-ignore]

from duologue.backends.protocol import Message, Request
from duologue.backends.scripted import ScriptedBackend
from duologue.config.load import load_config
from duologue.conversations.critic.protocol import CriticContext
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli, ScriptedToxicity


def lab(**fields: object) -> Lab:
    """A laboratory on scripted models."""
    made = Lab(None, limit=30, **fields)
    judge: Any = fields.get("judge_model")
    made.__dict__["context"] = CriticContext(
        made.config, ScriptedEmbedder(), ScriptedNli(), ScriptedToxicity(), judge or NoJudge()
    )  # fmt: skip
    return made


def test_no_profile_is_on_both_sides_of_a_fold() -> None:
    rows: list[Mapping[str, list[str]]] = [
        {"bot_profile": ["I ski.", "I sing."], "user_profile": []},
        {"bot_profile": ["i sing. ", "i ski."], "user_profile": ["I run."]},
        {"bot_profile": ["I cook."], "user_profile": ["I paint."]},
        {"bot_profile": ["I swim."], "user_profile": ["I knit."]},
        {"bot_profile": ["I bake."], "user_profile": ["I read."]},
    ]
    known = [profiles(row) for row in rows]
    assert known[0] & known[1]
    assert not known[1] & known[2]
    source = np.array(["a", "b", "b", "b", "b"])
    values, human = np.array([[0.0], [9.0], [1.0], [2.0], [3.0]]), np.array([0.0, -90.0, 1.0, 2.0, 3.0])
    leaking = human.copy()
    leaking[1] = 90.0
    with pytest.raises(ValueError, match="every other talk shares a profile"):
        cross_validated(values[:2], human[:2], source[:2], known[:2])
    source = np.array(["a", "b", "b", "c", "c"])
    first, second = (cross_validated(values, said, source, known)[0] for said in (human, leaking))
    assert first == second


def test_every_file_of_pairs_has_rows_that_say_who_labelled_them() -> None:
    every = pairs.held_out()
    assert {path.stem for path in (pairs.FOLDER / "blocks").glob("*.txt")} < {row["file"] for row in every}
    assert len(every) > 3 * len([row for row in every if row["file"].startswith("handwritten")])
    found = list(pairs.rows(lab()))
    assert len({row.set for row in found}) > 3
    assert all("(labels: LLM)" in row.markdown() for row in found)
    assert all("(labels: LLM)" in row.markdown() for row in held_chats.rows(lab()))


def test_a_judge_answers_from_any_loop(tmp_path: Path) -> None:
    judge = Judge(load_config(), tmp_path / "log", ScriptedBackend())
    try:
        request = Request("judge.toxicity", judge.model, (Message("user", "Is it toxic?"),))
        assert asyncio.run(judge.call(request)) == asyncio.run(judge.call(request))
        names = {row.expert.split()[0] for row in judged.rows(lab(judge_model=judge))}
    finally:
        judge.close()
    assert "faithfulness-llm" in names


def test_language_model_filters_are_a_scheme_of_the_count_of_calls() -> None:
    assert any(
        {"faithfulness", "faithfulness-llm"} <= set(changes.get("filters", ())) for changes in calls.SCHEMES.values()
    )
