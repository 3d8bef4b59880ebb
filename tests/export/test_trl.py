"""The fine-tuning formats trained on by ``trl`` itself: one step of SFTTrainer and DPOTrainer, with a tiny random model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duologue.export import export_run
from duologue.store.reading import RunReader

pytestmark = pytest.mark.train

TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}<a> {% generation %}{{ m['content'] }}{% endgeneration %}"
    "{% else %}<{{ m['role'][0] }}> {{ m['content'] }}{% endif %} <e>\n{% endfor %}{% if add_generation_prompt %}<a> {% endif %}"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Path]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("trl")
    found = {name: folder / f"{name}.jsonl" for name in ("chat", "preference")}
    with RunReader(make_run(folder / "run", 5)) as reader:
        for name, file in found.items():
            export_run(reader, name, file)
    return found


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    """A model of a few thousand weights and a tokenizer by words; nothing is fetched."""
    pytest.importorskip("trl", reason="trl is not installed: pip install 'duologue[train]'")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<unk>", "<pad>", "<s>", "<u>", "<a>", "<e>", *(chr(i) for i in range(32, 127))]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    made.add_special_tokens(["<s>", "<u>", "<a>", "<e>"])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<e>", unk_token="<unk>")
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    return LlamaForCausalLM(config), tokenizer


@pytest.fixture
def loaded(files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets.disable_progress_bars()
    return lambda name: datasets.load_dataset(
        "json", data_files=str(files[name]), split="train", cache_dir=str(tmp_path)
    )


def _settings(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder), "max_steps": 1, "per_device_train_batch_size": 2, "report_to": [], "save_strategy": "no",
        "use_cpu": True, "bf16": False, "fp16": False, "disable_tqdm": True,
    }  # fmt: skip


@pytest.mark.usefixtures("tiny")
def test_the_rows_are_what_trl_calls_conversational(loaded: Callable[[str], Any]) -> None:
    import trl

    assert trl.is_conversational(loaded("chat")[0])
    row = loaded("preference")[0]
    assert trl.is_conversational({key: row[key] for key in ("prompt", "chosen", "rejected")})


def test_sft_trains_on_what_the_assistant_says(
    tiny: tuple[Any, Any], loaded: Callable[[str], Any], tmp_path: Path
) -> None:
    import trl

    model, tokenizer = tiny
    rows = loaded("chat")
    settings = trl.SFTConfig(**_settings(tmp_path), max_length=2048, assistant_only_loss=True)
    trainer = trl.SFTTrainer(model=model, args=settings, train_dataset=rows, processing_class=tokenizer)
    prepared = trainer.train_dataset[0]
    learnt = [i for i in prepared["labels"] if i >= 0]
    said = [m["content"] for m in rows[0]["messages"] if m["role"] == "assistant"]
    assert tokenizer.decode(learnt).replace(" ", "") == "".join(said).replace(" ", "")
    assert trainer.train().training_loss > 0


def test_dpo_trains_on_the_critics_preferences(
    tiny: tuple[Any, Any], loaded: Callable[[str], Any], tmp_path: Path
) -> None:
    import trl

    model, tokenizer = tiny
    rows = loaded("preference")
    assert rows.num_rows > 0
    settings = trl.DPOConfig(**_settings(tmp_path), max_length=4096)
    keep = rows.select_columns(["prompt", "chosen", "rejected"])
    trainer = trl.DPOTrainer(
        model=model, ref_model=type(model)(model.config), args=settings, train_dataset=keep, processing_class=tokenizer
    )
    assert trainer.train().training_loss > 0
