"""Tests of usefulness where there is nothing to learn: no figure and the reason, not a lost report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from duologue.evaluation.registry import make_metrics
from duologue.evaluation.usefulness.items import split
from duologue.evaluation.usefulness.tasks import Useful, common_training, usefulness
from duologue.evaluation.view import View

MakeView = Callable[..., View]


def one_speaker(make: MakeView, rows: Sequence[dict[str, list[str]]]) -> list[View]:
    views = [make(*row["utterances"], one=row["user_1"], id_=str(n)) for n, row in enumerate(rows)]
    for view in views:
        said = tuple(u for u in view.dialogue.utterances if u.speaker == 1)
        object.__setattr__(view.dialogue, "utterances", said)
    return views


def collapsed(make: MakeView, rows: Sequence[dict[str, list[str]]]) -> list[View]:
    said = ["Hello to you.", "I am fine.", "See you soon."]
    return [make(*said, one=row["user_1"], two=row["user_2"], id_=str(n)) for n, row in enumerate(rows)]


def one_word(make: MakeView, rows: Sequence[dict[str, list[str]]]) -> list[View]:
    return [make("Hi!", "Ho!", "Bye!", one=row["user_1"], two=row["user_2"], id_=str(n)) for n, row in enumerate(rows)]


def without_words(make: MakeView, rows: Sequence[dict[str, list[str]]]) -> list[View]:
    return [make("...", "!!!", "???", one=[f"{'-' * (n + 1)}"], id_=str(n)) for n in range(len(rows))]


def measured(views: Sequence[View], seed: int = 0) -> Useful:
    found = usefulness(views, (), seed=seed)
    assert not set(found.estimates) & set(found.absent)
    return found


@pytest.mark.parametrize(
    ("made", "name", "why"),
    [
        (one_speaker, "extraction_partner", "no user with a profile"),
        (collapsed, "ranker_self_none", "different ones of other conversations"),
        (one_word, "ranker_self_own", "different ones of other conversations"),
        (without_words, "ir_self_none", "hold no words"),
    ],
)
def test_nothing_to_learn_is_told(
    made: Callable[[MakeView, Sequence[dict[str, list[str]]]], list[View]],
    name: str,
    why: str,
    make_view: MakeView,
    clean_rows: Callable[[int], list[dict[str, list[str]]]],
) -> None:
    found = measured(made(make_view, clean_rows(90)))
    assert name not in found.estimates
    assert why in found.absent[name]
    assert found.absent["ranker_human_none"]


def test_the_same_two_users_throughout_have_no_false_attributes(make_view: MakeView) -> None:
    # Each order of them is on one side of the split or the other.
    said = [f"Well number {n} is a good number for you." for n in range(6)]
    views = [
        make_view(*said, one=one, two=two, id_=f"{n}{one[0]}")
        for n in range(60)
        for one, two in ((["I a b."], ["I c d."]), (["I c d."], ["I a b."]))
    ]
    reasons = [measured(views, seed).absent for seed in range(12)]
    assert any("attributes of other users to tell apart" in absent.get("extraction_own", "") for absent in reasons)


def test_all_data_sets_train_on_as_many_conversations(make_view: MakeView) -> None:
    views = [make_view("Hi you.", "Ho there.", one=[f"I am {i}."], two=[f"I was {i}."], id_=str(i)) for i in range(200)]
    sizes = [len(split(held, 0)[0]) for held in (views, views[:80])]
    assert common_training([views, views[:80], views[:20]], 0) == min(sizes)
    assert common_training([views, views[:20]], 0) is None


def test_the_papers_changes_stand_beside_ours() -> None:
    stated = {m.name: m.paper for m in make_metrics(("usefulness",))}
    # 18.69 to 36.86 and 19.37 to 39.6 %; 14.24 to 19.21 and 64.24 to 68.82 %; 122.5 to 173.3.
    assert stated["ir_self_change"] == pytest.approx({"Persona-Chat": 0.97, "SPC": 1.04}, abs=0.005)
    assert stated["ranker_self_change"] == pytest.approx({"Persona-Chat": 0.35, "SPC": 0.07}, abs=0.005)
    assert stated["perplexity_self_change"] == pytest.approx({"Persona-Chat": 0.41}, abs=0.005)
    assert not stated["ir_human_change"]
