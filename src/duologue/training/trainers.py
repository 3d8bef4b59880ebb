"""trl's trainers, set up for rows that are tokenised already. Import this module only where torch is there."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from peft import LoraConfig
from torch import Tensor, tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback
from transformers import logging as transformers_logging
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from datasets import Dataset
from duologue.training.checkpoints import prove
from duologue.training.options import Options

Row = dict[str, list[int]]
Say = Callable[[str], None]


_RECOMPUTE = next(
    n for n in ("activation_checkpointing", "gradient_checkpointing") if n in SFTConfig.__dataclass_fields__
)
"""The setting's name, which differs between versions of transformers."""


class MaskedPreferences:
    """Collates preference rows; unlike trl's collator it counts only the tokens that the masks name."""

    def __init__(self, pad: int) -> None:
        self._pad = pad

    def __call__(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """Chosen rows first, then rejected ones, padded on the right: tensors (2 rows, width)."""
        sides = ("chosen", "rejected")
        ids = [tensor(row[f"{side}_ids"]) for side in sides for row in rows]
        masks = [tensor(row[f"{side}_mask"]) for side in sides for row in rows]
        return {
            "input_ids": pad_sequence(ids, batch_first=True, padding_value=self._pad),
            "attention_mask": pad_sequence([tensor([1] * len(i)) for i in ids], batch_first=True),
            "completion_mask": pad_sequence(masks, batch_first=True),
        }


class MaskedRows:
    """Collates supervised rows: tensors (rows, width)."""

    def __init__(self, pad: int) -> None:
        self._pad = pad

    def __call__(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """Padded on the right; padding is neither seen nor learnt."""
        ids = [tensor(row["input_ids"]) for row in rows]
        return {
            "input_ids": pad_sequence(ids, batch_first=True, padding_value=self._pad),
            "attention_mask": pad_sequence([tensor([1] * len(i)) for i in ids], batch_first=True),
            "labels": pad_sequence([tensor(row["labels"]) for row in rows], batch_first=True, padding_value=-100),
        }


class Preferences(DPOTrainer):  # type: ignore[misc,unused-ignore]
    """A DPOTrainer that leaves tokenised rows as they are."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset


class Progress(TrainerCallback):  # type: ignore[misc,unused-ignore]
    """Says a line at each logged step, and vouches for each checkpoint once it is written."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._began = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock."""
        self._began = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Say the losses."""
        names = {"loss": "loss", "eval_loss": "held-out loss", "rewards/accuracies": "preferred"}
        said = [f"{title} {logs[name]:.3f}" for name, title in names.items() if logs and name in logs]
        if said:
            seconds = time.monotonic() - self._began
            self._say(f"step {state.global_step} of {state.max_steps}: {', '.join(said)}, {seconds:.0f} s")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Hash what was written."""
        prove(Path(args.output_dir) / f"checkpoint-{state.global_step}")


def make_trainer(
    model: Any,
    tokenizer: Any,
    train: Sequence[Row],
    valid: Sequence[Row],
    *,
    options: Options,
    work: Path,
    rows_at_once: int,
    device: str,
    bfloat16: bool,
    targets: list[str],
    say: Say,
) -> Any:
    """Return a trainer of trl that is ready to train or resume. ``rows_at_once`` divides the options' ``batch``."""
    transformers_logging.set_verbosity_error()
    # The base is a GGUF file, so PEFT finds no configuration beside it.
    warnings.filterwarnings("ignore", message="Could not find a config file")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    for name in ("transformers", "trl", "accelerate", "datasets"):
        logging.getLogger(name).setLevel(logging.ERROR)
    pad = tokenizer.pad_token_id
    pad = tokenizer.eos_token_id if pad is None else pad
    lora = LoraConfig(
        r=options.rank, lora_alpha=options.alpha, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM"
    )
    dpo = options.what == "dpo"
    settings: dict[str, Any] = {
        "output_dir": str(work),
        "per_device_train_batch_size": rows_at_once,
        "per_device_eval_batch_size": rows_at_once,
        "gradient_accumulation_steps": options.batch // rows_at_once,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 5,
        "max_grad_norm": 1.0,
        "num_train_epochs": options.epochs,
        "max_steps": options.steps or -1,
        "logging_steps": max(1, options.every // 4),
        "save_strategy": "steps",
        "save_steps": options.every,
        "save_total_limit": 2,
        # Else early stopping begins to count anew whenever training goes on.
        "restore_callback_states_from_checkpoint": True,
        "seed": options.seed,
        "data_seed": options.seed,
        "bf16": bfloat16,
        "fp16": False,
        "use_cpu": device == "cpu",
        "report_to": "none",
        "disable_tqdm": True,
        "remove_unused_columns": False,
        _RECOMPUTE: False,
        "dataloader_pin_memory": device != "cpu",
        "include_num_input_tokens_seen": "all",
        "max_length": None,
    }
    callbacks: list[Any] = [Progress(say)]
    if valid:
        settings |= {
            "eval_strategy": "steps",
            "eval_steps": options.every,
            "load_best_model_at_end": True,
            "metric_for_best_model": "eval_loss",
            "greater_is_better": False,
        }
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=options.patience))
    common = {
        "model": model,
        "processing_class": tokenizer,
        "train_dataset": Dataset.from_list(list(train)),
        "eval_dataset": Dataset.from_list(list(valid)) if valid else None,
        "peft_config": lora,
        "callbacks": callbacks,
    }
    made: Any
    if dpo:
        made = Preferences(
            args=DPOConfig(beta=options.beta, **settings), data_collator=MaskedPreferences(pad), **common
        )
    else:
        config = SFTConfig(dataset_kwargs={"skip_prepare_dataset": True}, **settings)
        made = SFTTrainer(args=config, data_collator=MaskedRows(pad), **common)
    made.remove_callback(PrinterCallback)
    return made
