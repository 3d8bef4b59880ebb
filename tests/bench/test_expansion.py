"""bench/expansion.py on a scripted run."""

from __future__ import annotations

import sys
from pathlib import Path

import duologue.api as api
from duologue.config.load import load_config

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from expansion import KINDS, lines, settings, written  # type: ignore[import-not-found, unused-ignore]


def test_every_attempt_is_listed_with_what_it_was_made_from(tmp_path: Path) -> None:
    more = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    more |= {"model.backend": "scripted", "model.name": "scripted"}
    api.run(load_config(overrides=settings(5, more)), tmp_path / "run")
    found = list(written(tmp_path / "run"))
    assert {w.kind for w in found} <= set(KINDS)
    assert sum(w.kind == "induced" for w in found) == 5
    assert all(w.made_from for w in found if w.kind != "bootstrapped")
    assert sum(w.kind == "attribute" and not w.refused for w in found) == 5
    said = list(lines(found))
    assert len(said) == len(found) + len(KINDS)
    assert any(line.startswith("attribute: 5 of ") for line in said)
