"""bench/critic_sets/human_talk.py: kinds of findings are counted by evidence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from critic_sets.human_talk import kinds  # type: ignore[import-not-found, unused-ignore]

from duologue.records import Evidence, Verdict


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (Evidence(1, "a", 0, "supported", 0.9), set()),
        (Evidence(1, "a", 0, "neutral", 0.9), set()),
        (Evidence(1, "a", 0, "contradicted", 0.9), {"contradiction"}),
        (Evidence(2, "a", 0, "supported", 0.9), {"swap"}),
        (Evidence(1, "", 2, "contradicted", 0.9, other=0), {"self-contradiction"}),
    ],
)
def test_a_finding_counts_though_the_reason_does_not_name_it(evidence: Evidence, kind: set[str]) -> None:
    assert kinds(Verdict("faithfulness", "filter", 0.5, False, "and more", (evidence,))) == kind
