"""From a run to a published folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from duologue import __version__
from duologue.errors import ImpossibleRequest, UsageError
from duologue.publish import card, croissant
from duologue.publish.also import check_formats, write_also
from duologue.publish.data import content_of, write_data
from duologue.publish.facts import Facts, RunFacts, run_facts, whole
from duologue.publish.folder import (
    check_target,
    check_whole,
    finish_replacing,
    missing,
    read_marker,
    same,
    written,
)
from duologue.publish.licences import conflicts, data_licence, remark
from duologue.publish.push import check_id
from duologue.publish.scrub import to_yaml
from duologue.publish.sources import licences
from duologue.store.reading import RunReader


@dataclass(frozen=True, slots=True)
class Options:
    """What the publisher decides."""

    licence: str = "cc-by-4.0"
    seeds_licence: str = ""
    """Id of the seeds' licence, ``none``, or empty to take what is known; for several sources see
    :func:`duologue.publish.sources.seeds_of`."""
    name: str = ""
    """The data set's title; empty for the folder's name."""
    author: str = ""
    version: str = "1.0.0"
    also: tuple[str, ...] = ()
    """Further formats, each in a folder of its own."""
    exact: bool = False
    """Write CSV text as it is, also where a spreadsheet would run it as a formula."""
    repo: str = ""
    """Its id on the hub."""
    accept_conflicts: bool = False
    unfinished: bool = False
    """Publish what there is of a run that has not finished."""
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """What was written."""

    folder: Path
    conversations: int
    notes: tuple[str, ...]
    """What the publisher should know: terms of models, and conflicts that were accepted."""
    again: bool = False
    """True when the folder already held just this and was left as it is."""


def publish(run: Path, to: Path, options: Options, *, tell: Callable[[str], None] = lambda _: None) -> Published:
    """Write the folder ``to`` from the finished run in ``run``. It appears when it is complete.

    A folder that already holds just this, with these options, is left as it is; with ``replace`` one of which files are
    missing is written anew. Raises UsageError for licences that conflict, a run that has not finished, a target that would
    be overwritten, an unknown licence or format, and ImpossibleRequest when there is no conversation; StoreError when the
    folder can't be written or is not whole.
    """
    # "." has no name, and nothing can be made beside it.
    to = to if to.is_symlink() else Path(os.path.realpath(to))
    licence = data_licence(options.licence)
    check_formats(options.also, exact=options.exact)
    if options.repo:
        check_id(options.repo)
    with RunReader(run) as reader:
        facts = run_facts(reader, options.seeds_licence)
        found = conflicts(licence, [(s.name, s.licence) for s in facts.seeds], facts.models)
        if found and not options.accept_conflicts:
            raise UsageError(
                f"not published: {'; '.join(found)} (choose another --licence, or publish all the same with "
                "--accept-licence-conflicts)"
            )
        if facts.state != "finished" and not options.unfinished:
            raise UsageError(
                f"{run}: the run is {facts.state}, not finished; finish it with the same run command, or publish what "
                "there is with --unfinished"
            )
        notes = [*found, *(f"{t.model}: {remark(t)}" for t in facts.models if remark(t))]
        marker = _marker(facts, options, to)
        finish_replacing(to)
        held = same(to, marker, lambda: content_of(reader.conversations()))
        if held and not (options.replace and missing(to)):
            check_whole(to)
            count = (read_marker(to) or {}).get("conversations", 0)
            return Published(to, int(count), tuple(notes), again=True)
        check_target(to, replace=options.replace)
        tell("figures")
        summary = whole(reader)
        if not summary.data_set.conversations:
            raise ImpossibleRequest(f"{run}: has no finished conversation to publish; duologue stats tells why")
        with written(to, marker, replace=options.replace) as folder:
            tell("conversations")
            data = write_data(reader.conversations(), folder)
            marker |= {"content": data.content, "conversations": data.total}
            all_facts = Facts(
                name=marker["name"],
                author=options.author,
                version=options.version,
                licence=licence,
                run=facts,
                summary=summary,
                data=data,
                conflicts=tuple(found),
                repo=options.repo,
            )
            splits = list(data.files)
            files = [
                name
                for kind in options.also
                for name in write_also(reader, kind, splits, folder, tell, exact=options.exact)
            ]
            tell("card and metadata")
            _write_texts(all_facts, files, folder)
    return Published(to, data.total, tuple(notes))


def _marker(facts: RunFacts, options: Options, to: Path) -> dict[str, Any]:
    """What the folder follows from; its content is added when it is written."""
    return {
        "made_by": f"duologue {__version__}",
        "run": facts.fingerprint,
        "revision": facts.revision,
        "finished": facts.made,
        "name": options.name or to.name,
        "author": options.author,
        "version": options.version,
        "licence": options.licence,
        "seeds_licence": licences(facts.seeds),
        "also": list(options.also),
        **({"exact": True} if options.exact else {}),
        "repo": options.repo,
    }


def _write_texts(facts: Facts, also: list[str], folder: Path) -> None:
    texts = {
        "config.yaml": to_yaml(facts.run.config).encode(),
        # Why a run stopped may name servers, folders and what a provider answered.
        "figures.json": _json({k: v for k, v in facts.summary.as_json().items() if k != "note"}),
        croissant.FILE_NAME: _json(croissant.metadata(facts, folder)),
        card.FILE_NAME: card.card(facts, also).encode(),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text)


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
