from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.publish import Options, publish
from duologue.publish.facts import run_facts
from duologue.publish.licences import DATA_LICENCES, conflicts, data_licence, model_terms, remark, where
from duologue.store.reading import RunReader


@pytest.mark.parametrize(
    ("model", "output"),
    [
        ("gpt-4o-mini", "competing"),
        ("openai/gpt-oss-20b", "free"),
        ("claude-sonnet-4", "competing"),
        ("meta-llama/Llama-3.1-8B-Instruct", "named"),
        ("Qwen/Qwen2.5-3B-Instruct", "non-commercial"),
        ("Qwen/Qwen2.5-7B-Instruct", "free"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "free"),
        ("scripted", "stand-in"),
        ("my-own-model", "unknown"),
        ("qwen2.5:3b", "non-commercial"),
        ("qwen2.5:7b", "free"),
        ("llama3:8b", "competing"),
        ("llama3:latest", "competing"),
        ("llama3.2:1b", "named"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "competing"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "named"),
        ("deepseek-r1:70b", "named"),
        ("deepseek-ai/DeepSeek-R1", "free"),
        ("CohereForAI/aya-23-8B", "non-commercial"),
        ("me/malayalam-chat", "unknown"),
        ("default", "unknown"),
        ("google/gemma-2-9b-it", "passed on"),
        ("gemma3:4b", "passed on"),
        ("google/gemma-7b", "passed on"),
        ("google/medgemma-4b-it", "passed on"),
        ("google/gemma-4-31b-it", "unknown"),
        ("gemma4:latest", "unknown"),
    ],
)
def test_terms_of_models(model: str, output: str) -> None:
    terms = model_terms(model)
    assert terms.output == output
    assert bool(remark(terms)) == (output != "free")


@pytest.mark.parametrize(
    ("chosen", "seeds", "said"),
    [
        ("cc-by-4.0", "cc0-1.0", ""),
        ("cc-by-4.0", "cc-by-4.0", ""),
        ("cc0-1.0", "cc-by-4.0", "ask for attribution"),
        ("cc-by-4.0", "cc-by-sa-4.0", "has to be CC BY-SA 4.0"),
        ("cc-by-sa-4.0", "cc-by-sa-4.0", ""),
        ("cc-by-4.0", "cc-by-nc-4.0", "allows commercial use"),
        ("cc-by-4.0", "cc-by-nd-4.0", "does not allow passing on changed data"),
        ("cc-by-4.0", "", "is not known"),
        ("cc-by-4.0", "none", "state no licence"),
        ("cc-by-4.0", "house-licence", "is not in duologue's table"),
    ],
)
def test_seeds_against_the_chosen_licence(chosen: str, seeds: str, said: str) -> None:
    found = conflicts(DATA_LICENCES[chosen], [("mine.txt", seeds)], [])
    assert [said in text for text in found] == ([True] if said else [])


@pytest.mark.parametrize(
    ("backend", "name", "logged", "licence"),
    [
        ("embedded", "default", "duologue-135m@0123456789ab", "Apache-2.0, adapter CC-BY-4.0"),
        ("embedded", "minilm", "minilm@0123456789ab", "Apache-2.0"),
        ("embedded", "/models/duologue-135m.gguf", "duologue-135m@0123456789ab", "not known to duologue"),
        ("embedded", "default", "duologue-135m", "not known to duologue"),
        ("endpoint", "default", "default", "not known to duologue"),
        ("endpoint", "duologue-135m", "duologue-135m", "not known to duologue"),
        ("endpoint", "duologue-135m@0", "duologue-135m@0", "not known to duologue"),
    ],
)
def test_a_servers_model_is_not_ours_because_it_is_called_so(
    make_run: Callable[..., Path], tmp_path: Path, backend: str, name: str, logged: str, licence: str
) -> None:
    config = {"model.backend": backend, "model.name": name, "model.base_url": "http://localhost/v1"}
    run = make_run(tmp_path / "run", 1, model=logged, config=config)
    with RunReader(run) as reader:
        assert [t.licence for t in run_facts(reader).models] == [licence]


def test_each_source_of_seeds_is_checked() -> None:
    sources = [("old.txt", "cc-by-sa-4.0"), ("new.txt", "cc0-1.0"), ("more.txt", "none")]
    assert conflicts(DATA_LICENCES["cc-by-sa-4.0"], sources[:2], []) == []
    found = conflicts(DATA_LICENCES["cc-by-4.0"], sources, [])
    assert [text.partition(" state")[0].partition(" are")[0] for text in found] == [
        "the seeds old.txt",
        "the seeds more.txt",
    ]


@pytest.mark.parametrize(
    ("licence", "ids"),
    [
        ("cc-by-4.0", ["cc-by-4.0"]),
        ("CC BY-NC 4.0 (weights)", ["cc-by-nc-4.0"]),
        ("Apache-2.0, adapter CC-BY-4.0", ["cc-by-4.0", "apache-2.0"]),
        ("open (MIT or Apache-2.0)", ["apache-2.0", "mit"]),
        ("not permitted: lgpl-3.0", []),
    ],
)
def test_where_the_text_of_a_licence_lies(licence: str, ids: list[str]) -> None:
    assert where(licence) == " ".join(DATA_LICENCES[i].url for i in ids)


def test_an_unknown_licence_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"--licence: 'wtf' is not in duologue's table; choose one of cc0-1\.0"):
        data_licence("wtf")


def test_a_conflict_stops_publishing_until_it_is_accepted_and_then_the_card_says_so(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", 2, model="gpt-4o")
    with pytest.raises(UsageError, match=r"not published: the model gpt-4o: its terms forbid.*--accept-licence"):
        publish(run, tmp_path / "to", Options())
    assert not (tmp_path / "to").exists()
    done = publish(run, tmp_path / "to", Options(accept_conflicts=True))
    assert "gpt-4o" in done.notes[0]
    assert "published all the same" in (tmp_path / "to" / "README.md").read_text(encoding="utf-8")
