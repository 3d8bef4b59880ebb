"""Named sets of values to start from. A preset states only what differs from, or must not drift with, the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

QUICK: Mapping[str, Any] = MappingProxyType(
    {
        # Small enough for some minutes on two cores with the embedded default.
        "expansion": {"bootstrap_queries": 4, "target": 12, "max_queries": 6},
        "pairing": {"pairs": 4},
        "generator": {"candidates": 2, "utterances": [8, 10]},
        "loop": {"iterations": 2, "pool_join": 2},
    }
)
"""The demo."""

PAPER: Mapping[str, Any] = MappingProxyType(
    {
        "model": {"sampling": {"temperature": 0.7, "top_k": 40, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}},
        "expansion": {
            # The paper's 0.1 belongs to BERT's vectors, which lie close together (as a similarity it would leave one
            # cluster). With MiniLM's, 0.65 gives what the paper reports: 372 clusters of 4,417 Persona-Chat attributes
            # (paper: 323 of 4,723); 0.1 would leave nearly every attribute alone.
            "cluster_distance": 0.65,
            "query_sample": 3,
            "bootstrap_queries": 100,
            "query_context": 5,
            "attribute_context": 5,
            "max_similarity": 0.9,
            # As many new attributes as there are seeds: the paper goes from 4,723 to 10,371.
            "target": None,
        },
        # Many profiles, for few of all possible pairs share more than two categories.
        "profiles": {
            "source": "built",
            "size": 5,
            "max_similarity": 0.9,
            "distinct_categories": False,
            "one_life": False,
            "count": 1000,
        },
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
