from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.intervals import wilson


def test_published_examples() -> None:
    # 0 of 10, 10 of 10, and 15 of 148 (Newcombe 1998: 0.0624 to 0.1605).
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=5e-4)
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=5e-4)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-4)


@given(st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_the_share_lies_inside(n: int, share: float) -> None:
    low, high = wilson(share, n)
    assert 0.0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1.0
