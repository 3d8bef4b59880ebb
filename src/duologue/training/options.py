"""How an adapter is trained; the numbers come from the configuration's section ``training``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from duologue.config.sections import TrainingConfig
from duologue.training.rows import What

RATES = {"sft": 5e-4, "dpo": 5e-5}
"""Peak learning rates where none is given."""


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that determines an adapter besides its base and its data."""

    what: What
    rank: int
    alpha: float
    learning_rate: float
    epochs: float
    steps: int | None
    batch: int
    max_tokens: int
    every: int
    patience: int
    beta: float
    seed: int

    @classmethod
    def of(cls, config: TrainingConfig, seed: int) -> Options:
        """From the configuration."""
        return cls(
            what=config.what,
            rank=config.rank,
            alpha=config.alpha,
            learning_rate=config.learning_rate or RATES[config.what],
            epochs=config.epochs,
            steps=config.steps,
            batch=config.batch,
            max_tokens=config.max_tokens,
            every=config.every,
            patience=config.patience,
            beta=config.beta,
            seed=seed,
        )

    def job(self, set_hash: str, base: str) -> dict[str, Any]:
        """What identifies a training, as plain JSON: two with the same have the same steps before them."""
        return {"set": set_hash, "base": base, "options": asdict(self)}
