"""Named sets of values to start from. A preset states only what differs from, or must not drift with, the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

QUICK: Mapping[str, Any] = MappingProxyType(
    {
        # Small enough for two or three minutes on two cores with the embedded default.
        "expansion": {"bootstrap_queries": 4, "target": 12, "max_queries": 6},
        "pairing": {"pairs": 6},
        "generator": {"candidates": 2, "examples": 2, "utterances": [8, 12]},
        "loop": {"iterations": 2, "pool_join": 2},
    }
)
"""The demo."""

PAPER: Mapping[str, Any] = MappingProxyType(
    {
        "model": {"sampling": {"temperature": 0.7, "top_k": 40}},
        "expansion": {
            # The paper says only "threshold 0.1". It is taken as a cosine distance: as a similarity it would put
            # nearly all attributes into one cluster, and the paper reports 323.
            "cluster_distance": 0.1,
            "query_sample": 3,
            "bootstrap_queries": 100,
            "query_context": 5,
            "attribute_context": 5,
            "max_similarity": 0.9,
            # As many new attributes as there are seeds: the paper goes from 4,723 to 10,371.
            "target": None,
        },
        "profiles": {"source": "built", "size": 5, "max_similarity": 0.9},
        # "Exceeds 2" in the paper; a pair below is no pair there.
        "pairing": {"policy": "commonality", "min_commonalities": 3, "fallback": None},
        # The paper asks for 6-7 turns, that is 12-14 utterances.
        "generator": {"mode": "whole", "examples": 5, "utterances": [12, 14]},
        "loop": {"iterations": 3},
    }
)
"""The values of arXiv 2312.10007. What the paper leaves open (such as candidates per pair) stays at our default."""

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType({"quick": QUICK, "paper": PAPER})
"""All presets by name."""
