import threading
from collections.abc import Callable, Sequence

from duologue.evaluation.ahead import RATED, asked, rate
from duologue.evaluation.metrics.toxicity import MeanToxicity
from duologue.evaluation.protocol import Described, Ratio
from duologue.evaluation.view import Roles, View
from duologue.models.protocol import ToxicityRating
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
    found = list(asked([Meeting()], views, threads=2))
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
