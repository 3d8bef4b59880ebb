"""What a run's own ledger adds to the report: what became of every item, and each round of the loop."""

from __future__ import annotations

import hashlib
from itertools import islice
from pathlib import Path

import numpy as np

from duologue.config.sections import SmallModelsConfig
from duologue.conversations.figures import Tried, figures, token_count
from duologue.datasets.readers.run import RunFolderReader, run_folder
from duologue.datasets.source import DataSet
from duologue.evaluation.bootstrap import REPLICATES, Estimate, edge_replicates, interval
from duologue.evaluation.measure import Measured
from duologue.evaluation.records import IterationReport, StageReport
from duologue.intervals import wilson
from duologue.report.stats import StageAccount, account
from duologue.store.reading import RunReader

WINNERS = 2000
"""Most winners of a round that are looked at: the first in order of pairs, so the same pairs in every round."""


def add_acceptance(found: Measured, seed: int) -> None:
    """Add the acceptance rates of a run to its estimates; nothing for other data sets."""
    reader = _reader(found.data)
    if reader is None:
        return
    wanted = {m.name for m in found.metrics}
    held = _contents(found)
    for name, (good, total) in _rates(found.data, reader).items():
        if name in wanted and total:
            found.absent.pop(name, None)
            found.estimates[name] = _share(good, total, f"{seed}/{held}/{name}")
            found.samples[name] = "all"


def _contents(found: Measured) -> str:
    """A name for what was measured, whatever the path it was found by."""
    digest = hashlib.blake2b(bytes(found.stream), digest_size=8)
    for view in found.views:
        digest.update(view.fingerprint.to_bytes(8, "big"))
    return digest.hexdigest()


def circular(found: Measured, models: SmallModelsConfig) -> str:
    """What to know of figures by the very models that a run's Critic filtered and chose with; empty where there are none.

    ``models`` are those of the evaluation.
    """
    reader = _reader(found.data)
    if reader is None:
        return ""
    with RunReader(run_folder(Path(found.data.source)), reader.revision) as run:
        chosen_by = run.revision().config.get("small_models") or {}
    asked = any("nli" in m.needs and m.name in found.estimates for m in found.metrics)
    if not asked or chosen_by.get("nli") != models.nli:
        return ""
    return (
        "its Critic filtered and chose by the same small models that measure faithfulness by inference and quality here, so "
        "these figures are better than they would be by others; compare them with data sets made elsewhere with care."
    )


def stages(data: DataSet) -> tuple[StageReport, ...]:
    """The account of a run, for its data set; empty for other data sets and for single rounds."""
    reader = _reader(data)
    if reader is None or reader.iteration:
        return ()
    return tuple(
        StageReport(
            stage=a.stage,
            iteration=a.iteration,
            total=a.total,
            accepted=a.accepted,
            rejected=a.rejected,
            failed=a.failed,
            acceptance=a.acceptance,
            rejected_by=dict(a.rejected_by.most_common()),
        )
        for a in _accounts(data, reader)
    )


def iterations(data: DataSet) -> tuple[IterationReport, ...]:
    """Each round of a run's loop; empty for other data sets and for single rounds."""
    reader = _reader(data)
    if reader is None or reader.iteration:
        return ()
    candidates = {a.iteration: a for a in _accounts(data, reader) if a.stage == "candidate"}
    winners = {a.iteration: a.accepted for a in _accounts(data, reader) if a.stage == "conversation"}
    rounds: dict[int, list[Tried]] = {}
    with RunReader(run_folder(Path(data.source)), reader.revision) as run:
        for n in sorted(candidates):
            talks = islice(run.conversations(n), WINNERS)
            rounds[n] = [Tried(c.id, c.candidate, c.verdicts) for c in talks]
    # Distinct-2 falls with the number of words, so every round is read as far as the shortest goes.
    words = min((token_count(tried) for tried in rounds.values() if tried), default=0)
    made = []
    for n, tried in rounds.items():
        of = figures(tried, words)
        survived = _survived(candidates[n])
        made.append(
            IterationReport(
                iteration=n,
                candidates=candidates[n].total,
                survived=survived,
                acceptance=survived / candidates[n].total if candidates[n].total else 0.0,
                winners=winners.get(n, 0),
                distinct_utterances=of.distinct_utterances,
                distinct_openings=of.distinct_openings,
                distinct_2=of.distinct_2,
                coverage=of.coverage,
            )
        )
    return tuple(made)


def _reader(data: DataSet) -> RunFolderReader | None:
    return data.reader if isinstance(data.reader, RunFolderReader) else None


def _accounts(data: DataSet, reader: RunFolderReader) -> list[StageAccount]:
    with RunReader(run_folder(Path(data.source)), reader.revision) as run:
        return account(run.counts())


def _survived(candidates: StageAccount) -> int:
    """A candidate that lost the tournament passed everything before it."""
    return candidates.accepted + candidates.rejected_by["tournament"]


def _rates(data: DataSet, reader: RunFolderReader) -> dict[str, tuple[int, int]]:
    accounts = _accounts(data, reader)

    def total(stage: str) -> tuple[int, int]:
        held = [a for a in accounts if a.stage == stage]
        return sum(a.accepted for a in held), sum(a.total for a in held)

    held = [a for a in accounts if a.stage == "candidate" and reader.iteration in (0, a.iteration)]
    rates = {"candidate_acceptance": (sum(map(_survived, held)), sum(a.total for a in held))}
    if not reader.iteration:
        rates |= {"query_acceptance": total("query"), "attribute_acceptance": total("attribute")}
    return rates


def _share(good: int, total: int, salt: str) -> Estimate:
    """A share of independent attempts, with binomial replicates."""
    share = good / total
    digest = hashlib.blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    drawn = np.random.default_rng(int.from_bytes(digest, "big")).binomial(total, share, REPLICATES) / total
    low, high = interval(drawn)
    if good in (0, total):
        low, high = wilson(share, total)
        drawn = edge_replicates(share, low, high, salt)
    return Estimate(share, low, high, total, float(good), float(total), drawn)
