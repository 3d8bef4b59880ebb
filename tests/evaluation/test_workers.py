import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

import pytest

from duologue.datasets.records import Dialogue
from duologue.evaluation import Options, evaluate, workers
from duologue.evaluation.metrics.cleanliness import Placeholders
from duologue.evaluation.metrics.shape import Questions
from duologue.evaluation.protocol import ConversationMetric, Described, Group, Ratio
from duologue.evaluation.view import Roles, View
from duologue.evaluation.workers import measured

Row = dict[str, object]


@pytest.fixture(autouse=True)
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes take over early, in small steps."""
    monkeypatch.setattr(workers, "FIRST", 3)
    monkeypatch.setattr(workers, "CHUNK", 4)


def dialogues(make_view: Callable[..., View], n: int) -> list[View]:
    return [make_view(f"Do you like {i}?", "Sure [name]." if i % 5 == 0 else "Sure.") for i in range(n)]


class Where(Described):
    """The process that measures."""

    name = "where"
    group = "quality"
    title = "where"

    def measure(self, view: View) -> Ratio:
        return float(os.getpid()), 1.0


class Deadly(Where):
    """Kills every process but the one that it was made in."""

    remembers = False

    def __init__(self) -> None:
        self.home = os.getpid()

    def measure(self, view: View) -> Ratio:
        if os.getpid() != self.home:
            os._exit(1)
        return 1.0, 1.0


def test_processes_change_nothing_but_where_it_is_measured(make_view: Callable[..., View]) -> None:
    views = dialogues(make_view, 30)
    metrics: list[ConversationMetric] = [Placeholders(), Questions(), Where()]
    alone, shared = (
        [(view.dialogue, ratios) for view, ratios in measured(metrics, [v.dialogue for v in views], Roles(), n)]
        for n in (1, 2)
    )
    assert [(d, r[:2]) for d, r in alone] == [(d, r[:2]) for d, r in shared]
    assert {r[2] for _, r in alone} == {(float(os.getpid()), 1.0)}
    assert {r[2] for _, r in shared[:3]} == {(float(os.getpid()), 1.0)}
    assert (float(os.getpid()), 1.0) not in {r[2] for _, r in shared[3:]}


def test_few_conversations_start_no_process(make_view: Callable[..., View], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ProcessPoolExecutor", None)
    assert len(list(measured([Where()], [v.dialogue for v in dialogues(make_view, 3)], Roles(), 2))) == 3


class Counting(Where):
    """Remembers how many it saw."""

    def __init__(self) -> None:
        self.seen = 0

    def measure(self, view: View) -> Ratio:
        self.seen += 1
        return float(self.seen), float(os.getpid())


class Unsendable(Where):
    """Can't be pickled."""

    remembers = False

    def __init__(self) -> None:
        self.lock = Lock()


class Undeclared:
    """Does not say whether it remembers."""

    measure = Where.measure


@pytest.mark.parametrize("metric", [Unsendable(), Undeclared()])
def test_a_metric_that_cannot_be_sent_stays_here_alone(
    make_view: Callable[..., View], metric: ConversationMetric
) -> None:
    here = (float(os.getpid()), 1.0)
    found = list(measured([metric, Where()], [v.dialogue for v in dialogues(make_view, 9)], Roles(), 2))
    assert [ratios[0] for _, ratios in found] == [here] * 9
    assert here not in [ratios[1] for _, ratios in found[3:]]


def test_a_metric_that_remembers_sees_all_in_order(make_view: Callable[..., View]) -> None:
    views = dialogues(make_view, 20)
    found = list(measured([Where(), Counting()], [v.dialogue for v in views], Roles(), 2))
    assert [ratios[1] for _, ratios in found] == [(float(n), float(os.getpid())) for n in range(1, 21)]
    assert len({ratios[0] for _, ratios in found}) > 1


def test_conversations_are_not_all_read_at_once(make_view: Callable[..., View]) -> None:
    views, taken = dialogues(make_view, 200), []

    def reading() -> Iterator[Dialogue]:
        for view in views:
            taken.append(view)
            yield view.dialogue

    for metric in (Where(), Counting()):
        taken.clear()
        going = measured([metric], reading(), Roles(), 2)
        assert [next(going) for _ in range(4)]
        assert len(taken) < 100
        del going


def test_a_killed_process_loses_nothing(make_view: Callable[..., View]) -> None:
    views = dialogues(make_view, 20)
    found = list(measured([Deadly()], [v.dialogue for v in views], Roles(), 2))
    assert [view.dialogue for view, _ in found] == [v.dialogue for v in views]
    assert [ratios for _, ratios in found] == [[(1.0, 1.0)]] * 20


def test_the_report_is_the_same(
    tmp_path: Path,
    clean_rows: Callable[..., list[Row]],
    write_rows: Callable[..., Path],
    scripted_options: Callable[..., Options],
) -> None:
    rows = clean_rows(20)
    # Told only by who saw the earlier ones: the same conversation in another part, and its attributes.
    data = write_rows(tmp_path / "data.jsonl", [*rows, *rows[:7], *clean_rows(30)[20:], *rows[5:9]])
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("I like to swim in cold lakes.\nI have two dogs and a cat.\n", encoding="utf-8")
    groups: tuple[Group, ...] = ("expansion", "faithfulness", "cleanliness", "diversity", "likeness")
    one, two = (evaluate(data, options=scripted_options(groups=groups, seeds=seeds, processes=n)) for n in (1, 2))
    assert one == two
    assert one.data_sets[0].figures["duplicates"].count == 11
