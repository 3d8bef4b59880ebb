"""Work on several threads, in order."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from duologue.vectors import threads
from duologue.vectors.threads import each


@pytest.fixture(params=[1, 3])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    controller, _ = threads._blas()
    monkeypatch.setattr(threads, "_blas", lambda: (controller, request.param))
    return int(request.param)


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_results_come_in_order_and_items_are_drawn_few_ahead(count: int) -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for item in range(50):
            drawn += 1
            yield item

    for done, result in enumerate(each(lambda item: item * item, items())):
        assert result == done * done
        assert drawn <= done + 2 * count + 1
    assert drawn == 50


def test_products_run_on_one_thread_inside_and_as_before_outside(count: int) -> None:
    matrix = np.ones((4, 4), dtype=np.float32)
    before = blas_threads()
    seen = list(each(lambda item: (float((matrix @ matrix)[0, 0]), blas_threads()), range(3)))
    assert seen == [(4.0, {1})] * 3
    assert blas_threads() == before


def test_an_error_of_the_work_is_raised(count: int) -> None:
    def work(item: int) -> float:
        return 1 / item

    with pytest.raises(ZeroDivisionError):
        list(each(work, [1, 2, 0, 3]))


STAGES = """
import hashlib, random
import numpy as np
from duologue.pairing.embedding import EmbeddingSimilarity
from duologue.records import Profile
from duologue.users import clustering
from duologue.users.known import Known
from duologue.vectors.lists import unit
vectors = unit(np.random.default_rng(0).standard_normal((2500, 384)).astype(np.float32))
users = [Profile(f"u{n}", ()) for n in range(2500)]
found = [clustering._condensed(vectors).tobytes(), clustering.assign(vectors[:200], vectors[200:], np.arange(2300), 0.9).tobytes()]
known = Known([f"t{n}" for n in range(2499)], vectors[1:])
duplicates = known.ahead(vectors[:1]).duplicate(0, "t", -1.0)
edges = [(e.i, e.j, e.score) for e in EmbeddingSimilarity(0.0).edges(users, lambda: vectors, 3, random.Random(0))]
similar = hashlib.sha256(repr(edges).encode()).hexdigest()
print([hashlib.sha256(part).hexdigest() for part in found], duplicates, similar)
"""


def test_levels_1_and_2_do_not_depend_on_the_number_of_threads() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", STAGES],
            env={**os.environ, "OPENBLAS_NUM_THREADS": number, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in ("1", "4")
    ]
    assert said[0] == said[1]
