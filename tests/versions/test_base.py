"""New users among a version's categories."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.models.scripted import ScriptedEmbedder
from duologue.records import Attribute, Profile
from duologue.store.revisions import Revision
from duologue.versions.base import Base, in_known_categories


class Named(str):
    """A category's name that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Named.compared += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


def make_base(count: int) -> Base:
    attributes = [Attribute.of(f"I keep owl{n}", category=Named(f"k{n}")) for n in range(count)]
    users = tuple(Profile.of((a, Attribute.of(f"{a.text} at home", category=Named(a.category)))) for a in attributes)
    revision = Revision(1, "f" * 64, {}, "finished", 1, 0.0, 1.0, "")
    return Base(revision, users, {}, 0, frozenset())


def test_categories_are_looked_up_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    base = make_base(200)
    new = Profile.of((Attribute.of("I keep owl7"), Attribute.of("Trains bore me deeply", category="own")))
    monkeypatch.setattr(Named, "compared", 0)
    arguments: Any = {"distance": 0.3, "embedder": ScriptedEmbedder()}
    (placed,) = in_known_categories([new], base, **arguments)
    assert [a.category for a in placed.attributes] == ["k7", "own"]
    assert Named.compared < 2000
