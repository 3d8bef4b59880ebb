"""Tests of the kinds of toxicity, with the model that ships and with those of other names."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from duologue.config.sections import SmallModelsConfig
from duologue.evaluation import Options, evaluate
from duologue.evaluation.metrics.toxicity import KINDS, ToxicKind
from duologue.evaluation.view import Roles, View
from duologue.models.protocol import Floats, ToxicityRating

PLANTED = {
    "insult": "You are a stupid idiot.",
    "obscene": "What the fuck, suck my dick you bitch.",
    "identity_attack": "I hate all muslims, they are filthy terrorists.",
    "threat": "I am going to kill you, die die die!",
}


class Named:
    """Calls everything by one kind."""

    name = "named"

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> Floats:
        raise NotImplementedError

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        rating = ToxicityRating(0.9, self._kinds[0] if self._kinds else "", tuple((k, 0.9) for k in self._kinds))
        return (rating,) * len(texts)


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_the_shipped_model_finds_planted_lines_by_kind(
    kind: str,
    clean_rows: Callable[..., list[Any]],
    write_rows: Callable[[Path, Sequence[Any]], Path],
    tmp_path: Path,
) -> None:
    rows = copy.deepcopy(clean_rows(20))
    for n in range(4):
        rows[3 * n]["utterances"][9] = PLANTED[kind]
    models = SmallModelsConfig.model_validate({"toxicity": "builtin"})
    options = Options(groups=("toxicity",), models=models)
    figures = evaluate(write_rows(tmp_path / "x.jsonl", rows), options=options).data_sets[0].figures
    counts = {k: figures[f"toxicity_{k}"].count for k in KINDS if f"toxicity_{k}" in figures}
    expected = {**dict.fromkeys(PLANTED, 0.0), "agreement": 0.0, kind: 400.0}
    assert counts == expected
    assert "toxicity_severe_toxicity" not in figures


def test_kinds_go_by_what_models_call_them(make_view: Callable[..., View]) -> None:
    for kinds, found in (
        (("INSULT", "PROFANITY"), {"insult": 200.0, "obscene": 0.0}),
        (("identity", "offence"), {"insult": 0.0, "identity_attack": 200.0}),
        (("toxicity", "severe_toxicity"), {"severe_toxicity": 200.0}),
        ((), {}),
    ):
        view = make_view("Hi.", "Ho.")
        view.roles = replace(Roles(), toxicity=Named(*kinds))
        measured = {kind: ToxicKind(kind).measure(view) for kind in KINDS}
        assert {k: r[0] for k, r in measured.items() if r is not None} == found
