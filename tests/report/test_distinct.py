from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.report.distinct import Distinct


@given(st.lists(st.text(max_size=3)), st.integers(1, 9))
def test_it_counts_as_a_set_does_with_files_and_without(texts: list[str], held: int) -> None:
    for most in (held, 10_000):
        with Distinct(most) as distinct:
            for i, text in enumerate(texts):
                distinct.add(text)
                if i % 7 == 0:
                    # Counting in between takes nothing away.
                    assert distinct.count() == len(set(texts[: i + 1]))
            assert (distinct.total, distinct.count()) == (len(texts), len(set(texts)))
