"""The run's account: every item of every stage, as accepted, rejected (by whom) or failed, with acceptance rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from duologue.records import Stage
from duologue.report.progress import title
from duologue.store.reading import Count

ORDER: tuple[Stage, ...] = (
    "seed",
    "query",
    "attribute",
    "profile",
    "pair",
    "candidate",
    "conversation",
    "adapter",
)


@dataclass(slots=True)
class StageAccount:
    """What became of the items of one stage and iteration. ``total`` is the sum of the three endings."""

    stage: Stage
    iteration: int
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    rejected_by: Counter[str] = field(default_factory=Counter)
    """Number of rejected items by the check that rejected them."""
    failed_by: Counter[str] = field(default_factory=Counter)
    """Number of failed items by the step that failed."""

    @property
    def total(self) -> int:
        """All items."""
        return self.accepted + self.rejected + self.failed

    @property
    def acceptance(self) -> float:
        """Share of accepted items, in [0, 1]; 0 without items."""
        return self.accepted / self.total if self.total else 0.0

    def as_json(self) -> dict[str, object]:
        """Plain JSON value."""
        return {
            "stage": self.stage,
            "iteration": self.iteration,
            "total": self.total,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "failed": self.failed,
            "acceptance": round(self.acceptance, 4),
            "rejected_by": dict(self.rejected_by.most_common()),
            "failed_by": dict(self.failed_by.most_common()),
        }


def account(counts: Iterable[Count]) -> list[StageAccount]:
    """Group the counts of a run by stage and iteration, in the order of the pipeline, the data set last."""
    found: dict[tuple[Stage, int], StageAccount] = {}
    for count in counts:
        entry = found.setdefault((count.stage, count.iteration), StageAccount(count.stage, count.iteration))
        if count.status == "accepted":
            entry.accepted += count.n
        elif count.status == "rejected":
            entry.rejected += count.n
            entry.rejected_by[count.by] += count.n
        else:
            entry.failed += count.n
            entry.failed_by[count.by] += count.n

    def place(entry: StageAccount) -> tuple[int, int, int]:
        looped = entry.stage in ("candidate", "conversation", "adapter")
        last = entry.stage == "conversation" and entry.iteration == 0
        return (2 if last else int(looped), entry.iteration if looped else 0, ORDER.index(entry.stage))

    return sorted(found.values(), key=place)


def table(accounts: Iterable[StageAccount]) -> Table:
    """The accounts as a table."""
    made = Table(title="Every item, stage by stage", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("stage", no_wrap=True)
    for name in ("items", "accepted", "rejected", "failed", "rate"):
        made.add_column(name, justify="right", no_wrap=True)
    for entry in accounts:
        counts = (entry.total, entry.accepted, entry.rejected, entry.failed)
        made.add_row(title(entry.stage, entry.iteration), *map(str, counts), f"{100 * entry.acceptance:.0f} %")
    return made


def print_table(console: Console, accounts: Iterable[StageAccount]) -> None:
    """Print the accounts, and below them who refused what."""
    accounts = list(accounts)
    console.print(table(accounts))
    for entry in accounts:
        for how, who in (("rejected by", entry.rejected_by), ("failed in", entry.failed_by)):
            blame = ", ".join(f"{by} {n}" for by, n in who.most_common())
            if blame:
                console.print(Text(f"{title(entry.stage, entry.iteration)} {how}: {blame}"), soft_wrap=True)
