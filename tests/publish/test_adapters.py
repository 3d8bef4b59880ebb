from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.publish import Options, publish
from duologue.publish.facts import run_facts
from duologue.store.reading import RunReader

BASE = "b" * 64
WEIGHTS = hashlib.sha256(b"weights").hexdigest()
MARK = hashlib.sha256(f"{BASE} {WEIGHTS}".encode()).hexdigest()[:12]


def trained(folder: Path, writers: object, licence: str = "Apache-2.0") -> str:
    """An adapter's folder as ``duologue train`` writes it, as far as it is read here."""
    folder.mkdir(parents=True)
    (folder / "adapter.gguf").write_bytes(b"weights")
    meta = {"base_sha256": BASE, "sha256": WEIGHTS, "base_licence": licence, "writers": writers}
    (folder / "meta.json").write_text(json.dumps(meta))
    return str(folder)


def terms(run: Path) -> list[tuple[str, str, str]]:
    """(model, licence, output) of a run's models."""
    with RunReader(run) as reader:
        return [(t.model, t.licence, t.output) for t in run_facts(reader).models]


@pytest.mark.parametrize("section", ["model", "critic.judge"])
@pytest.mark.parametrize(
    ("name", "logged"), [("smollm2-135m", "smollm2-135m"), ("/models/qwen2.5-7b.gguf", "qwen2.5-7b")]
)
def test_an_adapter_that_cant_be_read_has_unknown_terms(
    make_run: Callable[..., Path], tmp_path: Path, section: str, name: str, logged: str
) -> None:
    config = {f"{section}.backend": "embedded", f"{section}.name": name, f"{section}.adapter": "runs/acme/lora"}
    run = make_run(tmp_path / "run", 2, model=f"{logged}@{MARK}", config=config)
    base, adapter = terms(run)
    assert base[1:] == ("Apache-2.0", "free")
    assert adapter == (f"{logged} with the adapter lora", "not known to duologue", "unknown")
    done = publish(run, tmp_path / "to", Options())
    assert done.notes == (f"{adapter[0]}: its terms are not known to duologue; read them before you publish",)
    card = (tmp_path / "to" / "README.md").read_text(encoding="utf-8")
    assert f"| model: {logged} with the adapter lora (generator.turn) | not known to duologue |" in card
    assert "acme" not in card


def test_an_adapter_has_the_terms_of_those_who_wrote_what_it_was_trained_on(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    path = trained(tmp_path / "acme" / "lora", ["gpt-4o", "smollm2-135m@0123456789ab"])
    config = {"model.name": "smollm2-135m", "model.adapter": path}
    run = make_run(tmp_path / "run", 2, model=f"smollm2-135m@{MARK}", config=config)
    with_it = "smollm2-135m with the adapter lora (trained on text by"
    assert terms(run)[1:] == [
        (f"{with_it} gpt-4o)", "OpenAI terms of use", "competing"),
        (f"{with_it} smollm2-135m@0123456789ab)", "Apache-2.0", "free"),
    ]
    with pytest.raises(UsageError, match=r"the model smollm2-135m with the adapter lora \(trained on text by gpt-4o\)"):
        publish(run, tmp_path / "to", Options())


def test_a_base_for_non_commercial_use_is_told(make_run: Callable[..., Path], tmp_path: Path) -> None:
    path = trained(tmp_path / "lora", ["scripted"], "cc-by-nc-4.0")
    run = make_run(tmp_path / "run", 2, model=f"mine@{MARK}", config={"model.name": "mine.gguf", "model.adapter": path})
    assert terms(run)[1] == ("mine with the adapter lora (its base)", "cc-by-nc-4.0", "non-commercial")


@pytest.mark.parametrize(
    ("writers", "mark"), [(["scripted"], "0123456789ab"), ([], MARK), (None, MARK)], ids=["other", "nobody", "unsaid"]
)
def test_what_the_files_of_another_adapter_say_does_not_count(
    make_run: Callable[..., Path], tmp_path: Path, writers: object, mark: str
) -> None:
    config = {"model.name": "smollm2-135m", "model.adapter": trained(tmp_path / "lora", writers)}
    run = make_run(tmp_path / "run", 2, model=f"smollm2-135m@{mark}", config=config)
    assert [output for *_, output in terms(run)] == ["free", "unknown"]
