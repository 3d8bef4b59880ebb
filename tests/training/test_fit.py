"""Real training on a tiny random llama, and its adapter in llama.cpp beside torch."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.training.tiny import write_tiny

from duologue.backends.protocol import Answer, Message, Request, Sampling
from duologue.config.sections import Config, TrainingConfig
from duologue.errors import ModelError, UsageError
from duologue.training.options import Options
from duologue.training.rows import Lesson, Preference
from duologue.training.sets import make_set

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("extra")]

OPTIONS = Options.of(
    TrainingConfig(steps=40, batch=4, every=10, learning_rate=0.02, rank=8, alpha=32, max_tokens=400), seed=3
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.fixture(scope="module")
def adapter(model: Path, lessons: list[Lesson]) -> Path:
    from duologue.training.base import find_base
    from duologue.training.fit import fit

    to = model.parent / "adapter"
    fit(make_set("sft", lessons), find_base(str(model)), OPTIONS, to)
    return to


def answer(model: Path, adapter: Path | None, folder: Path, messages: tuple[Message, ...]) -> Answer:
    """What the embedded backend says, greedily, loaded by configuration as a user would."""
    from duologue.backends.make import make_backend

    values = {"name": str(model), "adapter": str(adapter) if adapter else None, "slots": 1, "threads": 1}
    backend = make_backend(Config.model_validate({"model": values}), folder=folder)

    async def ask() -> Answer:
        await backend.start()
        try:
            sampling = Sampling(temperature=0.0, top_k=1, max_tokens=16)
            return await backend.answer(Request("test", backend.model, messages, sampling, top_logprobs=3))
        finally:
            await backend.close()

    return asyncio.run(ask())


def test_training_lowers_the_held_out_loss_and_leaves_a_whole_folder(adapter: Path) -> None:
    meta = json.loads((adapter / "meta.json").read_text())
    assert meta["held_out_loss"]["after"] < 0.5 * meta["held_out_loss"]["before"]
    assert meta["steps"] == 40
    assert {p.name for p in adapter.iterdir()} == {"adapter.gguf", "meta.json", "peft"}
    assert json.loads((adapter / "peft" / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"
    assert not adapter.with_name("adapter.work").exists()


def test_llama_cpp_says_what_torch_says(model: Path, adapter: Path, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    import torch
    from peft import PeftModel

    from duologue.training.base import find_base, load_model
    from duologue.training.encode import Encoder

    shown = (Message("system", "You are here."), Message("user", "Say something."))
    said = answer(model, adapter, tmp_path, shown)
    assert said.text == "Hi a b"
    assert answer(model, None, tmp_path, shown).text != said.text
    plain, tokenizer = load_model(find_base(str(model)), bfloat16=False)
    tuned: Any = PeftModel.from_pretrained(plain, str(adapter / "peft"))
    whole = Encoder(tokenizer).encode((*shown, Message("assistant", "Hi a b")), (2,))
    with torch.no_grad():
        scores = torch.log_softmax(tuned(torch.tensor([whole.ids])).logits[0].float(), dim=-1)
    first = whole.learn.index(True)
    places = range(first, first + len(said.logprobs))
    mine = [float(scores[place - 1, whole.ids[place]]) for place in places]
    theirs = [token.logprob for token in said.logprobs]
    # The merged matrices are eight-bit, so a little is lost; a wrong order of rows would cost whole nats.
    assert len(theirs) >= 6
    assert all(math.isclose(a, b, abs_tol=0.1) for a, b in zip(mine, theirs, strict=True)), (mine, theirs)


def test_an_adapter_for_another_base_is_not_loaded(adapter: Path, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "other.gguf", seed=1)
    with pytest.raises(ModelError, match="trained for another model"):
        answer(other, adapter, tmp_path, (Message("user", "a"),))
    broken = tmp_path / "broken"
    shutil.copytree(adapter, broken)
    with (broken / "adapter.gguf").open("r+b") as file:
        file.seek(-20, 2)
        file.write(b"x")
    with pytest.raises(ModelError, match="is damaged"):
        answer(adapter.parent / "tiny.gguf", broken, tmp_path, (Message("user", "a"),))


def test_a_killed_training_goes_on_from_its_newest_whole_checkpoint(
    model: Path, lessons: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duologue.training import fit as module
    from duologue.training.base import find_base
    from duologue.training.trainers import Progress

    made, base, to = make_set("sft", lessons), find_base(str(model)), tmp_path / "a"
    whole = module.fit(made, base, OPTIONS, tmp_path / "uncut").meta

    class Killed(BaseException):
        pass

    before = Progress.on_log

    def dies(self: Progress, args: Any, state: Any, *rest: Any, **named: Any) -> None:
        if state.global_step > 20:
            raise Killed
        before(self, args, state, *rest, **named)

    monkeypatch.setattr(Progress, "on_log", dies)
    with pytest.raises(Killed):
        module.fit(made, base, OPTIONS, to)
    assert not to.exists()
    monkeypatch.setattr(Progress, "on_log", before)
    with (tmp_path / "a.work" / "checkpoint-20" / "optimizer.pt").open("ab") as file:
        file.write(b"x")
    said: list[str] = []
    meta = module.fit(made, base, OPTIONS, to, say=said.append).meta
    assert any("checkpoint-20 is damaged" in line for line in said)
    assert any("going on from checkpoint-10" in line for line in said)
    assert meta["steps"] == whole["steps"]
    assert math.isclose(meta["held_out_loss"]["after"], whole["held_out_loss"]["after"], abs_tol=1e-3)
    with pytest.raises(UsageError, match="exists already"):
        module.fit(made, base, replace(OPTIONS, seed=9), to)


def test_early_stopping_goes_on_counting_after_a_stop(
    model: Path, lessons: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duologue.training import fit as module
    from duologue.training.base import find_base
    from duologue.training.trainers import Progress

    class Killed(BaseException):
        pass

    # Nothing is learnt, so no measurement after the first is better.
    options = replace(OPTIONS, learning_rate=1e-12, every=2, patience=3)
    made, base, before = make_set("sft", lessons), find_base(str(model)), Progress.on_save
    assert module.fit(made, base, options, tmp_path / "uncut").meta["steps"] == 8
    steps: list[int] = []

    def dies(self: Progress, args: Any, state: Any, *rest: Any, **named: Any) -> None:
        before(self, args, state, *rest, **named)
        steps.append(state.global_step)
        raise Killed

    monkeypatch.setattr(Progress, "on_save", dies)
    for _ in range(3):
        with pytest.raises(Killed):
            module.fit(made, base, options, tmp_path / "cut")
    assert steps == [2, 4, 6]
    monkeypatch.setattr(Progress, "on_save", before)
    assert module.fit(made, base, options, tmp_path / "cut").meta["steps"] == 8


def test_when_memory_runs_out_half_the_rows_are_tried(
    model: Path, lessons: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duologue.training import fit as module
    from duologue.training.base import find_base

    tried: list[int] = []
    real = module._try

    def scarce(found: Any, base: Any, plan: Any, say: Any) -> Any:
        tried.append(plan.rows_at_once)
        if plan.rows_at_once > least:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return real(found, base, plan, say)

    monkeypatch.setattr(module, "_try", scarce)
    options = replace(OPTIONS, steps=2, every=2)
    made, base = make_set("sft", lessons), find_base(str(model))
    least = 1
    assert module.fit(made, base, options, tmp_path / "a", rows_at_once=4).meta["rows_at_once"] == 1
    assert tried == [4, 2, 1]
    least = 0
    with pytest.raises(ModelError, match="memory ran out with one row at once"):
        module.fit(made, base, options, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_preference_tuning_prefers_the_winner(model: Path, preferences: list[Preference], tmp_path: Path) -> None:
    from duologue.training.base import find_base
    from duologue.training.fit import fit

    options = replace(OPTIONS, what="dpo", steps=12, every=6, learning_rate=0.005)
    meta = fit(make_set("dpo", preferences), find_base(str(model)), options, tmp_path / "dpo").meta
    assert math.isclose(meta["held_out_loss"]["before"], math.log(2), abs_tol=1e-3)
    assert meta["held_out_loss"]["after"] < 0.6
