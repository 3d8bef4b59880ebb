from __future__ import annotations

import random

import pytest

from duologue.engine.retry import CAP, RetryPolicy
from duologue.errors import CallError


def test_waits_grow_with_full_jitter_and_have_a_bound() -> None:
    policy = RetryPolicy(5, random.Random(1))
    error = CallError("retry", "x")
    spans = []
    for failures in range(1, 6):
        waits = [policy.wait(error, failures) or 0.0 for _ in range(300)]
        assert min(waits) < 0.1 * max(waits)
        spans.append(max(waits))
    assert spans == sorted(spans)
    assert spans[0] <= 0.1
    assert spans[-1] <= CAP
    assert policy.wait(error, 6) is None
    assert 0.0 <= policy.pause(error, 100) <= CAP


def test_a_call_that_fails_alone_waits_less() -> None:
    error = CallError("retry", "x")
    alone, outage = (RetryPolicy(5, random.Random(1)) for _ in range(2))
    for failures in range(2, 6):
        waits = [alone.wait(error, failures, alone=True) or 0.0 for _ in range(300)]
        assert max(waits) <= 0.1 * 2 ** (failures - 1)
        assert max(waits) < max(outage.wait(error, failures) or 0.0 for _ in range(300))


@pytest.mark.parametrize("kind", ["give_up", "stop"])
def test_hopeless_calls_are_not_tried_again(kind: str) -> None:
    assert RetryPolicy(5).wait(CallError(kind, "x"), 1) is None  # type: ignore[arg-type]


def test_retry_after_is_the_least_wait() -> None:
    policy = RetryPolicy(5, random.Random(0))
    for _ in range(50):
        wait = policy.wait(CallError("busy", "x", retry_after=7.0), 1)
        assert wait is not None
        assert 7.0 <= wait <= 7.1
    assert RetryPolicy.asks_too_long(CallError("busy", "x", retry_after=86_400))
    assert not RetryPolicy.asks_too_long(CallError("busy", "x", retry_after=60))
