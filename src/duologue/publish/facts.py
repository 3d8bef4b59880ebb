"""Everything a data set card says, taken from the run itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duologue import __version__
from duologue.publish.adapters import adapter_terms, embedded_models, entry
from duologue.publish.data import DataFacts
from duologue.publish.licences import DataLicence, ModelTerms, model_terms
from duologue.publish.scrub import base_name, last_part, scrubbed
from duologue.publish.sources import Seeds, seeds_of
from duologue.report.summary import Summary, summarise
from duologue.store.reading import RunReader

_CHECKERS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("nli", "builtin"): ("duologue's own NLI cross-encoder", "CC-BY-SA-4.0, comes with duologue"),
    ("toxicity", "builtin"): ("duologue's own toxicity model", "CC-BY-SA-4.0, comes with duologue"),
    ("toxicity", "wordlist"): ("alt-profanity-check", "MIT"),
}
"""Title and licence by role and name."""
_STAND_IN = ("a stand-in for tests", "none")


@dataclass(frozen=True, slots=True)
class Checker:
    """A small model that checks."""

    role: str
    name: str
    licence: str


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run before its data is written."""

    fingerprint: str
    revision: int
    state: str
    made: str
    """The day it was finished, as 2026-11-24 (UTC)."""
    config: dict[str, Any]
    """Without secrets; see :mod:`duologue.publish.scrub`."""
    seeds: tuple[Seeds, ...]
    """Of the version and of all that it was extended from, the first one first."""
    models: tuple[ModelTerms, ...]
    """Those that answered, then what the user's own adapters were made from."""
    checkers: tuple[Checker, ...]
    taken_in: Mapping[str, int]
    """Conversations that people chose where no candidate won, by their mark: chosen or edited."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the card and the metadata are written from."""

    name: str
    author: str
    version: str
    licence: DataLicence
    run: RunFacts
    summary: Summary
    data: DataFacts
    conflicts: tuple[str, ...]
    """Conflicts of licences that were accepted."""
    repo: str = ""
    """Its id on the hub, if it has one."""
    software: str = f"duologue {__version__}"

    def section(self, name: str) -> Mapping[str, Any]:
        """One section of the configuration; empty when the run's configuration has none of this name."""
        found = self.run.config.get(name)
        return found if isinstance(found, Mapping) else {}


def run_facts(reader: RunReader, seeds_licence: str = "") -> RunFacts:
    """Read what is cheap to read. ``seeds_licence`` is what the user says of the seeds. Raises UsageError, see :func:`seeds_of`."""
    revision = reader.revision()
    config = scrubbed(revision.config)
    moment = revision.finished or revision.started
    roles: dict[str, list[str]] = {}
    for total in reader.call_totals():
        roles.setdefault(total.model, []).append(total.purpose)
    embedded = _embedded(reader)
    logged = {name: ", ".join(dict.fromkeys(purposes)) for name, purposes in sorted(roles.items())}
    models = tuple(
        model_terms(last_part(name), _registered(name, embedded), purposes) for name, purposes in logged.items()
    )
    return RunFacts(
        revision.fingerprint,
        revision.id,
        revision.state,
        datetime.fromtimestamp(moment, UTC).date().isoformat(),
        config,
        seeds_of(reader, seeds_licence),
        (*models, *adapter_terms(reader, logged)),
        _checkers(revision.config),
        Counter(c.hand for c in reader.taken_in()),
    )


def whole(reader: RunReader) -> Summary:
    """The run in figures; goes through all conversations."""
    return summarise(reader)


def _embedded(reader: RunReader) -> frozenset[str]:
    """Names of our own models that ran in this folder itself. A server may call its model by the same names."""
    found = set()
    for model in embedded_models(reader):
        name = str(model.get("name", ""))
        # A file of that name may hold anything.
        if not name.endswith(".gguf") and (known := entry(name)):
            found.add(known.name)
    return frozenset(found)


def _registered(model: str, embedded: frozenset[str]) -> str:
    """The licence of one of our own models, as the embedded backend logs it: name and hash."""
    name, _, sha256 = model.partition("@")
    known = entry(name) if sha256 and name in embedded else None
    return known.licence if known else ""


def _checkers(config: Mapping[str, Any]) -> tuple[Checker, ...]:
    section = config.get("small_models")
    if not isinstance(section, Mapping):
        return ()
    found = []
    for role, value in section.items():
        # Settings of an endpoint name no model.
        if not isinstance(value, str):
            continue
        name = base_name(value)
        known = (name, "not known to duologue")
        # A folder may be called like one of ours.
        if name == value:
            known = _STAND_IN if name == "scripted" else _CHECKERS.get((str(role), name), known)
            known = (ours.title, ours.licence) if (ours := entry(name)) else known
        found.append(Checker(str(role), *known))
    return tuple(found)
