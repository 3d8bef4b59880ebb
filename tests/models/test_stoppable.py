"""Small models of a run that is to end."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.errors import RunStopped
from duologue.models.scripted import ScriptedEmbedder, ScriptedNli
from duologue.models.stoppable import StoppableEmbedder, StoppableNli


def test_they_answer_as_the_model_does_until_the_run_is_to_end() -> None:
    over = False

    def check() -> None:
        if over:
            raise RunStopped("over")

    embedder, nli = StoppableEmbedder(ScriptedEmbedder(), check), StoppableNli(ScriptedNli(), check)
    pairs = [("I have a dog.", "I have no dog.")]
    assert (embedder.name, nli.name) == (ScriptedEmbedder().name, ScriptedNli().name)
    assert np.array_equal(embedder.embed(["I bake."]), ScriptedEmbedder().embed(["I bake."]))
    assert np.array_equal(nli.predict(pairs), ScriptedNli().predict(pairs))
    over = True
    with pytest.raises(RunStopped, match="over"):
        embedder.embed(["I bake."])
    with pytest.raises(RunStopped, match="over"):
        nli.predict(pairs)
