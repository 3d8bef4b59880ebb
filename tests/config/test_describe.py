"""Tests of the words for what a field expects."""

from __future__ import annotations

import pytest

from duologue.config.describe import expected, fields


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("seed", "a whole number from 0 to 2147483647"),
        ("seeds.path", "a text, or null"),
        ("model.json_schema", "true or false"),
        ("model.sampling.top_p", "a number above 0.0 and at most 1.0"),
        ("model.sampling.min_p", "a number of at least 0.0 and below 1.0"),
        ("expansion.max_queries", "a whole number of at least 1, or null"),
        ("profiles.size", "a whole number or a list of 2 whole numbers"),
        ("critic.filters", "a list of texts"),
        ("executor.endpoints", "a list of texts that are not empty"),
        ("small_models.perspective.attributes", "a list of one or more texts that match ^[A-Z][A-Z_]*$"),
        ("loop.keep", "one of best, last"),
    ],
)
def test_expected(path: str, said: str) -> None:
    assert expected(dict(fields())[path]) == said
