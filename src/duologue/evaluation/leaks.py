"""What has leaked from one data set into another, or into a data set from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from duologue.datasets import located, open_dataset
from duologue.evaluation.measure import Measured, tally
from duologue.evaluation.metrics.diversity import NearDuplicates
from duologue.evaluation.near import Signatures, Signer, near_duplicates
from duologue.evaluation.reporting import short
from duologue.evaluation.view import Roles, View


def add_leaks(
    found: Sequence[Measured], names: Sequence[str], *, reference: str | Path | None, format_: str, seed: int
) -> None:
    """Add to each data set which share of it is nearly in each other one and in the reference, and in any of them.

    Nothing is added where near-duplicates are not measured, nor for data sets of one source: the rounds of a run are
    parts of it. Raises UsageError when the reference can't be read.
    """
    signers = [next((m for m in one.metrics if isinstance(m, NearDuplicates)), None) for one in found]
    held: list[tuple[str, str, Signatures]] = [
        (name, located(one.data.source), metric.signer.signatures())
        for name, one, metric in zip(names, found, signers, strict=True)
        if metric is not None
    ]
    if not held:
        return
    if reference is not None and located(reference) not in {source for _, source, _ in held}:
        held.append((f"{short(str(reference))} (reference)", located(reference), _signed(reference, format_)))
    for name, one in zip(names, found, strict=True):
        own = next((signed for other, _, signed in held if other == name), None)
        if own is None:
            continue
        leaked = np.zeros(len(own), dtype=np.bool_)
        for other, source, signed in held:
            if source != located(one.data.source):
                alike = near_duplicates(np.concatenate([signed, own]), len(signed))[len(signed) :]
                one.leaks[other] = float(alike.mean()) if len(own) else 0.0
                leaked |= alike
        if one.leaks:
            tally(one, "leakage", leaked.astype(float).tolist(), seed)


def _signed(source: str | Path, format_: str) -> Signatures:
    signer, roles = Signer(), Roles()
    for dialogue in open_dataset(source, format_):
        signer.add(View(dialogue, roles))
    return signer.signatures()
