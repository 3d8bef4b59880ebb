"""Adapters of the user's own that took part in a run, and what their files say of where they come from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from duologue.errors import ModelError, UsageError
from duologue.models.adapters import adapter_file
from duologue.models.files import joint_hash, sha256_of
from duologue.models.registry import ModelEntry, find
from duologue.publish.licences import ModelTerms, model_terms
from duologue.publish.scrub import base_name, last_part
from duologue.store.reading import RunReader

_NON_COMMERCIAL = re.compile(r"-nc\b|non-?commercial|non-?production|research")


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that a configuration names."""

    model: str
    """The model that it was put on, as the call log names it, without the hash."""
    path: str

    @property
    def title(self) -> str:
        """Both, without the place."""
        return f"{self.model} with the adapter {base_name(self.path)}"


@dataclass(frozen=True, slots=True)
class _Origin:
    mark: str
    """What stands behind the model's name in the call log where it answered with the adapter."""
    base_licence: str
    writers: tuple[str, ...]


def embedded_models(reader: RunReader) -> Iterator[Mapping[str, Any]]:
    """The settings of the embedded models of all versions: of the one that writes, and of a judge."""
    for revision in reader.revisions():
        for model in (revision.config.get("model"), (revision.config.get("critic") or {}).get("judge")):
            if isinstance(model, Mapping) and model.get("backend") == "embedded":
                yield model


def entry(name: str) -> ModelEntry | None:
    """Our own model of that name, if there is one; a hash behind it is not looked at."""
    try:
        return find(name.partition("@")[0])
    except UsageError:
        return None


def adapter_terms(reader: RunReader, logged: Mapping[str, str]) -> tuple[ModelTerms, ...]:
    """The terms that adapters add to those of their base: of whoever wrote what they were trained on.

    ``logged`` are the call log's models, each with its purposes. An adapter whose files are not there any more, are
    others now, or don't say who wrote, has unknown terms.
    """
    named = (
        Adapter(_logged_name(str(m.get("name"))), str(m["adapter"]))
        for m in embedded_models(reader)
        if m.get("adapter")
    )
    return tuple(terms for adapter in dict.fromkeys(named) for terms in _terms(adapter, logged))


def _terms(adapter: Adapter, logged: Mapping[str, str]) -> Iterator[ModelTerms]:
    calls = {name.rpartition("@")[2]: role for name, role in logged.items() if name.rpartition("@")[0] == adapter.model}
    origin = _origin(adapter.path)
    if origin is None or origin.mark not in calls:
        if calls:
            role = ", ".join(dict.fromkeys(", ".join(calls.values()).split(", ")))
            yield ModelTerms(adapter.title, "not known to duologue", "unknown", role)
        return
    role = calls[origin.mark]
    if _NON_COMMERCIAL.search(origin.base_licence.lower()):
        yield ModelTerms(f"{adapter.title} (its base)", origin.base_licence, "non-commercial", role)
    for writer in origin.writers:
        known = entry(writer) if "@" in writer else None
        terms = model_terms(last_part(writer), known.licence if known else "", role)
        yield replace(terms, model=f"{adapter.title} (trained on text by {terms.model})")


def _logged_name(name: str) -> str:
    if name.endswith(".gguf"):
        return Path(name).stem
    known = entry(name)
    return known.name if known else name


def _origin(path: str) -> _Origin | None:
    """What ``duologue train`` noted beside the adapter; None where that is not to be had."""
    try:
        file = adapter_file(path)
        meta = json.loads((file.parent / "meta.json").read_text(encoding="utf-8"))
        sha256, base, writers = sha256_of(file), meta["base_sha256"], tuple(map(str, meta["writers"]))
        licence = str(meta.get("base_licence", ""))
    except (ModelError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not writers or meta.get("sha256") != sha256:
        return None
    return _Origin(joint_hash(base, sha256)[:12], licence, writers)
