"""The Trainer of the loop, with a stand-in for the training process and for the models."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.training.tiny import write_tiny

import duologue
from duologue import api
from duologue.backends.protocol import Backend
from duologue.backends.scripted import ScriptedBackend
from duologue.config.sections import Config, TrainingConfig
from duologue.conversations.finetune import Adapter
from duologue.engine.engine import Engine
from duologue.errors import ConfigError, ImpossibleRequest, Interrupted, ItemFailed, ModelError
from duologue.seeds import read_seeds
from duologue.training import loop_trainer
from duologue.training.loop_trainer import ProcessTrainer, check_base, read_adapter


class Idle:
    """An engine that calls nothing."""

    def __init__(self) -> None:
        self.stop_at = float("inf")

    def check(self) -> None:
        if time.monotonic() > self.stop_at:
            raise Interrupted("enough")


def trainer(folder: Path, code: str, engine: Idle | None = None) -> ProcessTrainer:
    class Stand(ProcessTrainer):
        def command(self, round_: int, to: Path) -> list[str]:
            return [sys.executable, "-c", f"import sys\nto = {str(to)!r}\n{code}"]

    return Stand(engine or Idle(), Config(), folder, "f" * 64)  # type: ignore[arg-type]


WRITES = """
import hashlib, json, pathlib
folder = pathlib.Path(to)
folder.mkdir(parents=True)
losses = {"before": 2.0, "after": 1.0}
(folder / "adapter.gguf").write_bytes(b"weights")
found = hashlib.sha256(b"weights").hexdigest()
(folder / "meta.json").write_text(json.dumps({"sha256": found, "held_out_loss": losses}))
"""
ID = hashlib.sha256(b"weights").hexdigest()


def test_a_complete_adapter_is_not_made_again(tmp_path: Path) -> None:
    made = asyncio.run(trainer(tmp_path, WRITES).train(1))
    assert (made.id, made.loss) == (ID, (2.0, 1.0))
    assert asyncio.run(trainer(tmp_path, "raise SystemExit(1)").train(1)) == made


def test_what_went_wrong_is_the_last_line(tmp_path: Path) -> None:
    code = "print('step 1')\nprint('duologue: memory ran out')\nraise SystemExit(1)"
    with pytest.raises(ItemFailed, match=r"^memory ran out$"):
        asyncio.run(trainer(tmp_path, code).train(1))


KILLED = "import os, signal\nprint('step 20 of 60: loss 2.913', flush=True)\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("name", "said"), [("SIGKILL", "9,"), ("SIGTERM", "15,")])
def test_what_killed_a_training_is_said(tmp_path: Path, name: str, said: str) -> None:
    code = f"{KILLED}os.kill(os.getpid(), signal.{name})"
    with pytest.raises(ItemFailed, match=rf"^training was killed by signal {said} after: step 20 of 60"):
        asyncio.run(trainer(tmp_path, code).train(1))


def test_a_stop_ends_the_training(tmp_path: Path) -> None:
    engine = Idle()
    engine.stop_at = time.monotonic() + 0.2
    with pytest.raises(Interrupted):
        asyncio.run(trainer(tmp_path, "import time\ntime.sleep(60)", engine).train(1))


def test_a_broken_adapter_is_removed_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(ItemFailed, match="no readable adapter"):
        read_adapter(tmp_path)
    assert not tmp_path.exists()


def test_a_damaged_adapter_is_trained_anew(tmp_path: Path) -> None:
    made = asyncio.run(trainer(tmp_path, WRITES).train(1))
    (Path(made.path) / "adapter.gguf").write_bytes(b"wei")
    with pytest.raises(ItemFailed, match="nothing left"):
        asyncio.run(trainer(tmp_path, "raise SystemExit('nothing left')").train(1))
    assert asyncio.run(trainer(tmp_path, WRITES).train(1)) == made


def test_an_adapter_that_cant_be_read_now_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = asyncio.run(trainer(tmp_path, WRITES).train(1))

    def full(path: Path) -> str:
        raise OSError(errno.EMFILE, "Too many open files", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(loop_trainer, "sha256_of", full)
        with pytest.raises(ItemFailed, match=r"round-1: the adapter can't be read \(Too many open files\)$"):
            asyncio.run(trainer(tmp_path, WRITES).train(1))
    assert read_adapter(Path(made.path)) == made


def test_an_adapter_that_cant_be_loaded_fails_and_what_was_in_use_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str | None] = []

    def make(config: Config, **_: Any) -> ScriptedBackend:
        loaded.append(config.model.adapter)
        if config.model.adapter == "full":
            raise ModelError("no space left")
        return ScriptedBackend()

    class Takes(Idle):
        async def change(self, backend: Backend) -> None:
            """Anything goes."""

    monkeypatch.setattr(loop_trainer, "make_backend", make)
    made = trainer(tmp_path, "", Takes())

    async def go() -> None:
        with pytest.raises(ItemFailed, match="no space left; delete full to have it trained anew"):
            await made.use(Adapter("a", "full"))
        await made.use(None)

    asyncio.run(go())
    assert loaded == ["full", None]


@pytest.mark.train
@pytest.mark.usefixtures("extra")
def test_the_true_command_trains_what_the_embedded_backend_then_loads(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    model = write_tiny(tmp_path / "tiny.gguf")
    # The run's own model, as in the loop, so that prompts are as it was asked.
    chosen: dict[str, object] = {"model.name": str(model), "generator.examples": 0}
    chosen |= {"training.steps": 2, "training.every": 1, "training.rank": 2}
    run = make_run(tmp_path / "run", 10, config=chosen, state="running")
    swapped: list[Backend] = []

    class Catches(Idle):
        async def change(self, backend: Backend) -> None:
            swapped.append(backend)

    config = Config.model_validate({"model": {"name": str(model)}})
    made = ProcessTrainer(Catches(), config, run, "f" * 64)  # type: ignore[arg-type]

    async def go() -> Adapter:
        adapter = await made.train(1)
        await made.use(adapter)
        await made.use(adapter)
        await made.use(None)
        return adapter

    adapter = asyncio.run(go())
    assert Path(adapter.path) == run / "training" / ("f" * 12) / "round-1"
    assert adapter.loss is not None
    tuned, plain = swapped
    assert tuned.model != plain.model
    assert tuned.model.startswith("tiny@")


def settings(**overrides: Any) -> Config:
    small = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}
    values = {
        "model.backend": "scripted",
        "model.name": "scripted",
        "pairing.pairs": 10,
        "loop": "finetune",
        "loop.iterations": 2,
        "splits.valid": 0.3,
        "splits.train": 0.6,
        "training.held_out": 2,
        **small,
        **overrides,
    }
    values["loop.method"] = values.pop("loop")
    return duologue.load_config(preset="quick", overrides=values)


class Swap:
    """Lets another scripted model answer, as an adapter would."""

    def __init__(self, engine: Engine, config: Config, folder: Path, fingerprint: str) -> None:
        self.engine = engine

    async def train(self, round_: int) -> Adapter:
        return Adapter(f"{round_}" * 12, "nowhere")

    async def use(self, adapter: Adapter | None) -> None:
        name = f"scripted+{adapter.id}" if adapter else "scripted"
        await self.engine.change(ScriptedBackend(model=name))


def test_a_run_with_adapters_keeps_their_calls_apart(tmp_path: Path) -> None:
    duologue.run(settings(), tmp_path / "run", backend=ScriptedBackend(), trainer=Swap)
    with duologue.RunReader(tmp_path / "run") as reader:
        (row,) = reader.items("adapter")
        models = {call["model"] for call in reader.calls()}
        keys = [call["key"] for call in reader.calls()]
        accounts = {(c.stage, c.status): c.n for c in reader.counts() if c.stage == "adapter"}
    assert row.status in ("accepted", "rejected")
    assert set(json.loads(row.data or "{}")["figures"]) == {"in use", "few-shot only", "trained"}
    assert models == {"scripted", "scripted+111111111111"}
    assert len(keys) == len(set(keys))
    assert sum(accounts.values()) == 1


def test_what_cant_be_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"loop\.method: finetune trains embedded models"):
        duologue.run(settings(), tmp_path / "a", backend=ScriptedBackend())
    with pytest.raises(ImpossibleRequest, match="10 pairs hold out 3"):
        duologue.run(settings(**{"training.held_out": 4}), tmp_path / "b", trainer=Swap)
    with pytest.raises(ConfigError, match="at least 2 iterations"):
        duologue.run(settings(**{"loop.iterations": 1}), tmp_path / "c", trainer=Swap)


@pytest.mark.parametrize(
    "part", [{"critic.filters": ("faithfulness", "toxicity-llm")}, {"critic.quality": ("depth-llm",)}]
)
def test_an_adapter_never_judges_itself(tmp_path: Path, part: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"(toxicity|depth)-llm would ask the model in training"):
        duologue.run(settings(**part), tmp_path / "a", trainer=Swap)
    assert not (tmp_path / "a").exists()
    judge = {"backend": "scripted", "name": "scripted"}
    seeds = read_seeds(settings().seeds)
    api.check_request(seeds, settings(**part, **{"critic.judge": judge}))


def test_a_base_that_may_not_or_cant_be_trained_is_refused_first(tmp_path: Path) -> None:
    def chosen(**values: Any) -> Config:
        return Config.model_validate({"model": {"name": str(write_tiny(tmp_path / "t.gguf", **values))}})

    check_base(Config())
    check_base(chosen())
    with pytest.raises(ConfigError, match=r"loop\.method: t: its licence .* forbids changed versions"):
        check_base(chosen(licence="cc-by-nd-4.0"))
    with pytest.raises(ConfigError, match="written for llama, qwen2, qwen3, and t is gemma"):
        check_base(chosen(architecture="gemma"))
    private = chosen(licence="cc-by-nc-4.0")
    with pytest.raises(ConfigError, match=r"training\.non_commercial"):
        check_base(private)
    check_base(private.model_copy(update={"training": TrainingConfig(non_commercial=True)}))


def test_loop_finetune_is_short_for_the_method(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("loop: finetune\n")
    config = duologue.load_config(path, preset="quick")
    assert config.loop.method == "finetune"
    # The preset's other values of the section stay.
    assert config.loop.pool_join == 2
