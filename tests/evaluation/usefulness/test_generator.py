"""The generator of the perplexities: what it sees, and a real small training."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from duologue.evaluation import Options, evaluate
from duologue.evaluation.usefulness import generator as module
from duologue.evaluation.usefulness.examples import Example, example
from duologue.evaluation.usefulness.generator import GeneratorOptions, fitted, make_model, missing, nats, train
from duologue.evaluation.usefulness.items import MODES, items
from duologue.evaluation.usefulness.perplexity import perplexities
from duologue.evaluation.usefulness.tasks import generated
from duologue.evaluation.view import View

Views = Callable[..., View]
Write = Callable[[Path, Sequence[Any]], Path]
needs_torch = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("tokenizers") is None, reason="needs the extra train"
)


def test_each_mode_shows_its_profiles_from_the_side_of_who_speaks(make_view: Views) -> None:
    view = make_view("Hi you there.", "I row boats.", "Oh I swim.", one=["I swim."], two=["I row."])
    last = items([view], seed=0, choices=1)[-1]
    assert example(last, "none").prompt == "me: Hi you there.\nyou: I row boats.\nme:"
    assert example(last, "own").profile == "my profile: I swim.\n"
    assert example(last, "partner").profile == "your profile: I row.\n"
    assert example(last, "both").profile == "my profile: I swim.\nyour profile: I row.\n"
    assert (example(last, "none").target, example(last, "none").words) == (" Oh I swim.\n", 4)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, make_view: Views) -> None:
    assert missing(GeneratorOptions("none")) == "no generator was asked for"
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert "pip install 'duologue[train]'" in missing(GeneratorOptions())
    assert "transformers" in missing(GeneratorOptions("org/model"))
    absent = generated([make_view("Hi.", "Ho.")], (), GeneratorOptions(), seed=0).absent
    assert all("torch" in why for why in absent.values())
    assert "perplexity_self_none" in absent
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    few = generated([make_view("Hi.", "Ho.")] * 3, (), GeneratorOptions(), seed=0)
    assert "too few" in few.absent["perplexity_self_none"]


def test_the_report_says_why_there_are_none(
    clean_rows: Callable[..., list[Any]], write_rows: Write, scripted_options: Callable[..., Options], tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "x.jsonl", clean_rows(60))
    options = scripted_options(groups=("usefulness",), generator=GeneratorOptions("none"))
    data = evaluate(path, options=options).data_sets[0]
    assert data.absent["perplexity_self_own"] == "no generator was asked for"
    assert "ir_self_own" in data.figures


@pytest.mark.train
@pytest.mark.timeout(900)
@needs_torch
def test_a_profile_that_tells_the_answer_lowers_the_perplexity(make_view: Views) -> None:
    """Who asks gets the speaker's own thing as the answer: with the own profile it can be known, else only guessed."""
    stream = random.Random(1)
    things = ["violin", "sailing", "pottery", "chess", "karate", "baking", "fencing", "origami"]

    def talk(number: int) -> View:
        one, two = stream.choice(things), stream.choice(things)
        said = ("What do you do all day?", f"All day I do {two} and {two}.", f"Really, I do {one} and {one}.")
        return make_view(*said, one=[f"I love {one}."], two=[f"I love {two}."], id_=str(number))

    learnt, held = [talk(n) for n in range(120)], [talk(n) for n in range(120, 150)]
    options = GeneratorOptions(train=240, test=40, epochs=4, batch=8, learning_rate=0.01)
    found = perplexities(learnt, {"self": held}, options, seed=0)
    value = {mode: found[f"perplexity_self_{mode}"].value for mode in MODES}
    # All that can't be known is which of eight things it is: once in 8 words of the one utterance, once in 7 of the other.
    guessing = len(things) ** (2 / 15)
    assert value["none"] == pytest.approx(guessing, rel=0.05)
    assert value["partner"] == pytest.approx(guessing, rel=0.08)
    assert value["own"] < 1.15
    assert value["both"] < 1.2
    change = found["perplexity_self_change"]
    assert change.value == pytest.approx(value["own"] / value["none"] - 1)
    assert change.low < change.value < change.high < 0
    one = found["perplexity_self_none"]
    assert 1.0 < one.low < one.value < one.high


@pytest.mark.train
@needs_torch
def test_training_is_repeatable_and_begins_near_chance(make_view: Views) -> None:
    views = [make_view(f"Hello number {n}.", f"I count to {n} now.", id_=str(n)) for n in range(30)]
    examples = [example(item, "none") for item in items(views, seed=0, choices=1)]
    options = GeneratorOptions(epochs=2, batch=8, tokens=48)
    fresh = make_model(options, [one.prompt + one.target for one in examples], 0)
    before = nats(fresh(), examples, replace(options))
    made = []
    for _ in range(2):
        model = fresh()
        train(model, examples, options, 0)
        made.append(nats(model, examples, options))
    assert made[0] == made[1]
    assert sum(made[0]) < sum(before)
    assert all(math.isfinite(value) and value > 0 for value in before)
    # A long prompt loses its beginning, never the utterance.
    long = replace(examples[0], profile="my profile: " + "word " * 400)
    assert math.isfinite(nats(model, [long], options)[0])


class Words:
    """A token for each word."""

    logits: Any = None
    parameters: Any = None
    train: Any = None

    def encode(self, text: str) -> list[int]:
        return [0] * len(text.split())


class Letters(Words):
    """A token for each letter."""

    def encode(self, text: str) -> list[int]:
        return [0] * len(text)


def test_words_that_are_not_read_are_not_counted() -> None:
    options = GeneratorOptions(tokens=40)
    long, short = (Example("", "me:", f" {' '.join(['word'] * n)}\n", n + 1) for n in (300, 10))
    cut = fitted(Words(), long, options)
    assert (cut.target.split(), cut.words) == (["word"] * 20, 20)
    assert fitted(Words(), short, options) is short
    one = Example("", "me:", f" {'a' * 300}\n", 2)
    assert fitted(Letters(), one, options).words == 1
