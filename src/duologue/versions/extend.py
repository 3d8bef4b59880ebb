"""New topics without starting again: new attributes, users and conversations join a finished data set.

The result is a further revision in the same run folder. What exists is taken over with its ids, splits and evidence;
only what is new is generated, and the call log is shared. Earlier versions stay readable.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from duologue.api import RunResult, Watch, run_async
from duologue.backends.protocol import Backend
from duologue.config.fingerprint import fingerprint
from duologue.config.load import load_config, long_form, merge, nested
from duologue.config.sections import Config
from duologue.errors import ConfigError, UsageError
from duologue.models.fetch import OnProgress
from duologue.pipeline import Roles, run_stages
from duologue.records import Profile
from duologue.seeds import Seeds, read_seeds
from duologue.store.database import Database
from duologue.store.reading import RunReader
from duologue.store.revisions import Revision
from duologue.versions.base import Base, in_known_categories, only_new, read_base
from duologue.versions.carry import BASE_OF, carry_over

Meet = Literal["new", "any"]
"""Whom new users talk to: ``new`` users only, or ``any``, those of the version included."""


@dataclass(frozen=True, slots=True)
class Extended:
    """A new version, and what it was made from."""

    result: RunResult
    base: int
    """Revision that was extended."""
    version: int
    """Revision that holds the whole data set now."""
    known: int
    """Seed attributes that the version held already and that were left out."""


class Extension:
    """The :class:`~duologue.api.Plan` of a further version."""

    def __init__(self, base: Base, meet: Meet) -> None:
        self._base = base
        self._meet = meet

    async def check(self, database: Database, folder: Path, seeds: Seeds) -> None:
        """See the Protocol: any seeds will do."""

    def fingerprint(self, config: Config, seeds: Seeds) -> str:
        """See the Protocol: over the base, the policy and what is new."""
        parts = (self._base.revision.fingerprint, self._meet, fingerprint(config, seeds))
        return hashlib.sha256("/".join(parts).encode()).hexdigest()

    async def begun(self, database: Database, revision: Revision) -> None:
        """See the Protocol: what exists is taken over first, so it is there whatever happens to the rest."""
        await carry_over(database, self._base.revision, revision)

    async def stages(self, seeds: Seeds, config: Config, roles: Roles) -> None:
        """See the Protocol."""

        def known(profiles: tuple[Profile, ...]) -> tuple[Profile, ...]:
            new = tuple(p for p in profiles if p.id not in there)
            return in_known_categories(
                new, self._base, distance=config.expansion.cluster_distance, embedder=roles.embedder
            )

        there = {user.id for user in self._base.users}
        await run_stages(seeds, config, roles, earlier=self._base.earlier(meet=self._meet == "any"), known=known)


def extend(
    folder: Path | str,
    seeds: str,
    *,
    pairs: int | None = None,
    meet: Meet = "new",
    overrides: Mapping[str, object] | None = None,
    watch: Watch | None = None,
    on_pull: OnProgress | None = None,
    backend: Backend | None = None,
) -> Extended:
    """Extend the latest finished version in a run folder by what the source ``seeds`` brings, or go on with that.

    ``pairs`` new conversations (as many as the version was asked for without it); ``overrides`` are dotted paths of the
    configuration as :func:`duologue.load_config` takes them. What they don't say is the version's, but for ``seeds``
    and ``profiles.count``, which are the defaults. The same call again goes on where it stopped; a finished version is
    extended further where the source or the options have changed since. Raises UsageError when there is nothing to
    extend or nothing new in the seeds, ConfigError for an override that can't be, and what :func:`duologue.run` raises.
    """
    folder = Path(folder)

    def on(revision: int) -> tuple[Base, Config, Seeds, int]:
        with RunReader(folder, revision) as reader:
            base = read_base(reader)
        config = _config(base, seeds, pairs, overrides or {})
        return base, config, *only_new(read_seeds(config.seeds), base)

    with RunReader(folder) as reader:
        latest, earlier = reader.revision(), _begun_with(reader, seeds)
    base, config, new, known = on(latest.id if earlier is None else earlier)
    # A finished version is extended further, unless this is what made it.
    done = earlier is not None and latest.state == "finished"
    if done and Extension(base, meet).fingerprint(config, new) != latest.fingerprint:
        base, config, new, known = on(latest.id)
    if not new.profiles:
        raise UsageError(
            f"{seeds}: holds no attribute that version {base.revision.id} of {folder} lacks; give other seeds"
        )
    result = asyncio.run(
        run_async(config, folder, watch=watch, on_pull=on_pull, backend=backend, plan=Extension(base, meet), seeds=new)
    )
    with RunReader(folder) as reader:
        return Extended(result, base.revision.id, reader.revision().id, known)


def _begun_with(reader: RunReader, seeds: str) -> int | None:
    """The base of the latest revision where that is an extension by the source ``seeds``, or None."""
    latest = reader.revision()
    section = latest.config.get("seeds") or {}
    base = reader.meta(BASE_OF.format(latest.id))
    return int(base) if base is not None and section.get("path") == seeds else None


def _config(base: Base, seeds: str, pairs: int | None, overrides: Mapping[str, object]) -> Config:
    """The version's configuration with new seeds. Raises ConfigError for an override that can't be."""
    asked = {} if pairs is None else {"pairs": pairs}
    version = merge(base.revision.config, {"profiles": {"count": None}, "pairing": asked})
    flags: dict[str, Any] = {}
    for dotted, value in overrides.items():
        if value is not None:
            flags = merge(flags, nested(dotted, value))
    made = load_config(overrides=merge({**version, "seeds": {"path": seeds}}, long_form(flags)))
    # What a version was extended by tells whether the same call goes on with it.
    if made.seeds.path != seeds:
        raise ConfigError(f"seeds.path: an extension takes its seeds from {seeds}; leave the override out")
    if pairs is not None and made.pairing.pairs != pairs:
        raise ConfigError(f"pairing.pairs: {pairs} are asked for as pairs already; leave the override out")
    return made
