import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from duologue.evaluation.ahead import LANES, RATED, asked, lanes, rate
from duologue.evaluation.metrics.toxicity import MeanToxicity
from duologue.evaluation.protocol import Described, Ratio
from duologue.evaluation.view import Roles, View
from duologue.models.onnx import Remembering, VectorCache
from duologue.models.protocol import Floats, ToxicityRating
from duologue.models.scripted import ScriptedToxicity


class Counted:
    name = "counted"

    def __init__(self) -> None:
        self.calls: list[int] = []
        self._model = ScriptedToxicity()

    def score(self, texts: Sequence[str], before: Sequence[str] | None = None) -> object:
        return self._model.score(texts, before)

    def rate(self, texts: Sequence[str], before: Sequence[str] | None = None) -> tuple[ToxicityRating, ...]:
        self.calls.append(len(texts))
        return self._model.rate(texts, before)


class Meeting(Described):
    """Measures two conversations at once, or none."""

    name = "meeting"
    group = "quality"
    title = "meeting"
    needs = frozenset(("nli",))

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)

    def measure(self, view: View) -> Ratio:
        self._barrier.wait(timeout=20)
        return float(len(view)), 1.0


def test_conversations_are_measured_at_once_and_told_in_order(make_view: Callable[..., View]) -> None:
    views = [make_view(*(f"It is {i}.",) * (1 + i)) for i in range(6)]
    found = list(asked([Meeting()], views))
    assert [view for view, _ in found] == views
    assert [ratios for _, ratios in found] == [[(float(len(view)), 1.0)] for view in views]


def test_nothing_is_asked_without_metrics(make_view: Callable[..., View]) -> None:
    assert list(asked([], [make_view("Hello there.")])) == []


def test_utterances_are_rated_together_and_as_by_themselves(make_view: Callable[..., View]) -> None:
    model = Counted()
    roles = Roles(toxicity=model)  # type: ignore[arg-type]
    texts = [("You are lovely.", f"I hate you, stupid {i}.", "Yes!") for i in range(RATED + 3)]
    views = [View(make_view(*said).dialogue, roles) for said in texts]
    kept = View(views[0].dialogue, roles).toxicity
    model.calls.clear()
    found = list(asked([MeanToxicity()], views))
    assert model.calls == [3 * RATED, 9]
    assert views[0].toxicity == kept
    assert [ratios for _, ratios in found] == [[MeanToxicity().measure(View(v.dialogue, roles))] for v in views]
    model.calls.clear()
    rate(views)
    assert model.calls == []


class Recalling(Remembering):
    name = "recalling"

    def __init__(self) -> None:
        self._cache = VectorCache(40)

    @property
    def seen(self) -> list[str]:
        return list(self._cache._held)

    def embed(self, texts: Sequence[str]) -> Floats:
        self._cache.put({text: np.zeros(2, dtype=np.float32) for text in texts})
        return np.zeros((len(texts), 2), dtype=np.float32)


class Embedded(Meeting):
    needs = frozenset(("embedder",))

    def measure(self, view: View) -> Ratio:
        assert view.roles.embedder is not None
        view.roles.embedder.embed([f"metric {view.texts[0]}"])
        return 1.0, 1.0


def test_each_lane_has_a_memory_of_its_own_and_takes_its_conversations_in_order(make_view: Callable[..., View]) -> None:
    roles = Roles(embedder=Recalling())
    views = [View(make_view(f"It is {i}.").dialogue, roles) for i in range(2 * LANES + 1)]
    list(asked([Embedded()], views))
    assert roles.embedder is not None
    assert roles.embedder.seen == []  # type: ignore[attr-defined]
    for n, lane in enumerate(lanes(roles)):
        told = [text for text in lane.embedder.seen if text.startswith("metric")]  # type: ignore[union-attr]
        assert told == [f"metric It is {i}." for i in range(n, len(views), LANES)]
    assert all(view.roles is roles for view in views)


def test_an_error_of_a_metric_is_raised(make_view: Callable[..., View]) -> None:
    class Broken(Embedded):
        def measure(self, view: View) -> Ratio:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(asked([Broken()], [View(make_view("Hi.").dialogue, Roles(embedder=Recalling()))]))
