"""Running all variants in one run folder and comparing what they made.

A run folder keeps one revision per configuration and one call log for all, so a variant makes only the calls whose
request differs from any made before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from duologue.ablation.variants import Variant
from duologue.api import run
from duologue.backends.protocol import Backend
from duologue.datasets.readers.run import RunFolderReader
from duologue.datasets.source import DataSet
from duologue.errors import BudgetSpent, ConfigError, ImpossibleRequest, ModelError, UsageError
from duologue.evaluation import Options, Report
from duologue.evaluation.evaluate import evaluate_sets
from duologue.evaluation.measure import Progress
from duologue.store.reading import RunReader

RUN = "run"
"""The run folder inside the folder of the ablation."""


@dataclass(frozen=True, slots=True)
class Made:
    """What one variant made."""

    variant: Variant
    revision: int
    conversations: int
    pairs: int
    calls: int
    """Model calls that no variant before it had made."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Ablation:
    """All variants and their comparison; the report's first data set is the full configuration."""

    made: tuple[Made, ...]
    report: Report
    empty: tuple[str, ...]
    """Variants that made no conversation or were not finished, and why; they are not in the report."""


def ablate(
    variants: Sequence[Variant],
    out: Path,
    options: Options,
    *,
    make_backend: Callable[[], Backend | None] = lambda: None,
    said: Callable[[str], None] = lambda text: None,
    progress: Progress = lambda what, n: None,
) -> Ablation:
    """Run the variants one after the other, the full configuration first, and compare each with it.

    All have the same seeds, seed and number of pairs. The limits of ``budget`` hold for all of them together; a variant that
    meets one is left unfinished, and those after it are tried, since some need no new call. A stopped ablation goes on where it stopped: finished variants
    answer from the log. ``make_backend`` replaces the configurations' backend. Raises UsageError when the full
    configuration makes no conversation, and what :func:`duologue.run` raises.
    """
    made: list[Made] = []
    empty: list[str] = []
    for variant in variants:
        said(f"{variant.name}: {variant.what}")
        try:
            result = run(variant.config, out / RUN, backend=make_backend())
        except (ImpossibleRequest, ConfigError, ModelError, BudgetSpent) as error:
            if variant is variants[0]:
                # Without the full configuration there is nothing to compare with.
                raise
            empty.append(f"{variant.name}: {error}")
            continue
        with RunReader(out / RUN) as reader:
            revision = reader.revision().id
        made.append(Made(variant, revision, result.conversations, result.pairs, result.usage.calls, result.seconds))
        said(f"{variant.name}: {result.conversations} of {result.pairs} pairs, {result.usage.calls:,} new calls")
        if not result.conversations:
            if variant is variants[0]:
                raise UsageError(
                    f"{out}: the full configuration made no conversation, so there is nothing to compare with"
                )
            empty.append(f"{variant.name}: no candidate passed the Critic")
    able = [one for one in made if one.conversations]
    sets = [DataSet(str(out / RUN), RunFolderReader(one.revision)) for one in able]
    report = evaluate_sets(sets, [one.variant.name for one in able], options, progress=progress)
    return Ablation(tuple(made), report, tuple(empty))
