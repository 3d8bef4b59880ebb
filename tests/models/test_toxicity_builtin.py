from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duologue.errors import ModelError
from duologue.models.protocol import AGREEMENT
from duologue.models.toxicity_builtin import BuiltinToxicity, builtin_folder, joined

INSULT = "You are a stupid idiot."
MILD = (
    "I love walking my dog in the park.",
    "What do you do for a living?",
    "I killed it at the gig last night!",
    "My grandmother makes the best apple pie.",
    "That movie was so bad, I fell asleep.",
)
HOSTILE = ("", " ", "\x00", "\ud800", "a" * 100_000, "?!" * 5000, "\u202e\u200b", "<script>", "\U0001f92c" * 50)


@pytest.fixture(scope="module")
def model() -> BuiltinToxicity:
    return BuiltinToxicity()


def test_insults_and_threats_are_above_the_threshold_and_plain_talk_below(model: BuiltinToxicity) -> None:
    scores = model.score([INSULT, "Shut up or I will kill you, you bitch.", *MILD])
    assert scores.shape == (7,)
    assert scores.dtype == np.float32
    assert scores[:2].min() > 0.5
    assert scores[2:].max() < 0.5


def test_kinds_are_named(model: BuiltinToxicity) -> None:
    insult, plain = model.rate([INSULT, MILD[0]])
    assert insult.category == "offence"
    assert model.rate(["I will kill you all."])[0].category == "threat"
    assert [name for name, _ in plain.attributes] == [
        *("offence", "agreement"),
        *("threat", "identity", "obscene"),
    ]
    assert all(0.0 <= value <= 1.0 for rating in (insult, plain) for _, value in rating.attributes)
    assert model.score([INSULT])[0] == pytest.approx(insult.score)


def test_an_agreeing_answer_counts_more_after_something_vile(model: BuiltinToxicity) -> None:
    vile = "All those immigrants are filthy criminals and should be shot."
    after, plain = model.rate(["Yeah, I totally agree with you."] * 2, [vile, "I think this garden is lovely."])
    assert dict(after.attributes)[AGREEMENT] > dict(plain.attributes)[AGREEMENT]
    assert after.score > plain.score
    assert plain.score < 0.5


@pytest.mark.parametrize("words", [70, 200])
def test_a_long_utterance_is_read_to_its_end(model: BuiltinToxicity, words: int) -> None:
    plain = " ".join(["We went to the park and had some tea and cake with my sister."] * (words // 14 + 1))
    calm, late, early = model.rate([plain, f"{plain} {INSULT}", f"{INSULT} {plain}"])
    assert calm.score < 0.5
    assert late.score > 0.5
    assert early.score > 0.5
    assert late.category == "offence"


def test_nothing_and_hostile_texts(model: BuiltinToxicity) -> None:
    assert model.score([]).shape == (0,)
    assert model.rate([]) == ()
    scores = model.score(HOSTILE, HOSTILE[::-1])
    assert np.isfinite(scores).all()
    assert model.score([""])[0] < 0.5


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(st.characters(codec=None)), st.text()), min_size=1, max_size=4))
def test_any_text_gets_a_probability(model: BuiltinToxicity, pairs: list[tuple[str, str]]) -> None:
    scores = model.score([text for text, _ in pairs], [before for _, before in pairs])
    assert ((scores >= 0.0) & (scores <= 1.0)).all()


def test_a_score_does_not_depend_on_its_batch() -> None:
    texts = [INSULT, *MILD, *HOSTILE, "Go " * 90]
    together = BuiltinToxicity().score(texts * 12, [INSULT] * 12 * len(texts))[: len(texts)]
    alone = BuiltinToxicity()
    assert np.allclose([alone.score([text], [INSULT])[0] for text in texts], together, atol=1e-5)


def test_threads_share_a_model(model: BuiltinToxicity) -> None:
    fresh = BuiltinToxicity()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fresh.score, [[INSULT, *MILD]] * 8))
    assert all(np.allclose(scores, model.score([INSULT, *MILD]), atol=1e-5) for scores in found)


def test_a_group_that_is_named_is_no_offence(model: BuiltinToxicity) -> None:
    texts = [f"My best friend is {who}." for who in ("a Muslim", "Jewish", "Mexican", "an old man", "a woman")]
    assert model.score(texts).max() < 0.5


def test_what_the_last_layer_reads() -> None:
    linear, own, earlier = (np.array([row], np.float32) for row in ([1, 2, 3], [4] * 6, [0] * 6))
    assert joined(linear, own, earlier).tolist() == [[1, 2, 3, *[4] * 6, *[0] * 6, 0.5, 0.5, 1, 1.5, 2]]


def test_as_many_before_as_texts(model: BuiltinToxicity) -> None:
    with pytest.raises(ValueError, match="zip"):
        model.score(["Hello.", "Hi."], ["Hello."])


def test_a_damaged_or_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.npz is missing; install duologue anew"):
        BuiltinToxicity(tmp_path)
    shutil.copytree(builtin_folder(), tmp_path / "held")
    with (tmp_path / "held" / "model.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="damaged"):
        BuiltinToxicity(tmp_path / "held")
    (tmp_path / "held" / "meta.json").write_text("[]")
    with pytest.raises(ModelError, match="can't be read"):
        BuiltinToxicity(tmp_path / "held")


def test_what_ships_is_small_and_described() -> None:
    folder = builtin_folder()
    assert (folder / "model.npz").stat().st_size < 4_000_000
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert f"version {meta['version']}" in (folder / "card.md").read_text(encoding="utf-8")
