"""Matrix products whose results do not depend on how many threads there are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from duologue.models.protocol import Floats

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield ``work`` of each item in order, several at once, each with its matrix products on one thread.

    As many at once as numpy's own products would use threads (OMP_NUM_THREADS and the like hold). Items are drawn a few
    ahead only.
    """
    controller, threads = _blas()
    with controller.limit(limits=1, user_api="blas"):
        if threads == 1:
            yield from map(work, items)
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="duologue-vectors") as pool:
            ahead: deque[Future[R]] = deque()
            for item in items:
                ahead.append(pool.submit(work, item))
                if len(ahead) > 2 * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()


def alone(work: Callable[[], R]) -> R:
    """Return what ``work`` does, its matrix products on one thread."""
    with _blas()[0].limit(limits=1, user_api="blas"):
        return work()


def product(one: Floats, other: Floats) -> Floats:
    """Return ``one @ other``, made on one thread."""
    found: Floats = alone(lambda: one @ other)
    return found


@cache
def _blas() -> tuple[ThreadpoolController, int]:
    """What limits threads, and how many there are without a limit. It looks through all loaded libraries, once."""
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController()
    used = [library["num_threads"] for library in controller.info() if library["user_api"] == "blas"]
    return controller, max(used, default=1)
