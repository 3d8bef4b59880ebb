"""How many rows are computed at once; the module that trains can be imported without torch."""

from __future__ import annotations

import pytest

from duologue.training.fit import rows_together


@pytest.mark.parametrize(
    ("batch", "most", "wanted"),
    [(8, 2, 2), (3, 2, 1), (7, 2, 1), (5, 4, 1), (6, 4, 3), (4, 8, 4), (8, 0, 1), (1, 2, 1)],
)
def test_rows_at_once_make_up_a_step_without_a_rest(batch: int, most: int, wanted: int) -> None:
    assert rows_together(batch, most) == wanted
