"""Hard limits on tokens and money. They hold for the run folder: what earlier processes paid counts."""

from __future__ import annotations

from duologue.config.sections import BudgetConfig
from duologue.errors import BudgetSpent

_MILLION = 1_000_000


class Budget:
    """Counts tokens and money spent; shared by all engines of a run.

    Asked before every call, so a limit is passed by no more than the calls then in flight.
    """

    def __init__(self, config: BudgetConfig, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
        """The token counts are what was spent before."""
        self._config = config
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def cost(self) -> float:
        """Money, in the currency of the configured prices."""
        prices = self._config
        return (self.prompt_tokens * prices.prompt_price + self.completion_tokens * prices.completion_price) / _MILLION

    def spend(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count a call's tokens."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    def check(self) -> None:
        """Raise BudgetSpent when a limit is met."""
        limit = self._config.max_tokens
        if limit is not None and self.tokens >= limit:
            raise BudgetSpent(
                f"the token budget is spent ({self.tokens} of {limit}); raise budget.max_tokens and run again to go on"
            )
        most = self._config.max_cost
        if most is not None and self.cost >= most:
            raise BudgetSpent(
                f"the money budget is spent ({self.cost:.4f} of {most:g}); raise budget.max_cost and run again to go on"
            )
