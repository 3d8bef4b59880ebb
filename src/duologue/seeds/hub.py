"""Data sets of the Hugging Face hub, or local folders of Parquet, JSON or CSV files, through ``datasets``.

``datasets`` is the optional extra ``hub`` and is imported only when such a source is read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from duologue.errors import SeedError
from duologue.seeds.source import shorten
from duologue.seeds.spc import PERSONAS_1, PERSONAS_2

PREFIX = "hf:"
_ID = re.compile(r"^[\w.-]+(?:/[\w.-]+)?$")
_COLUMNS = (
    ("persona",),
    ("personas",),
    (PERSONAS_1, PERSONAS_2),
    ("user_1_personas", "user_2_personas"),
    ("user_1_persona", "user_2_persona"),
    ("personality",),
    ("profile",),
)


def read_hub(source: str) -> Iterator[list[str]]:
    """Yield the profiles of ``hf:ID`` or ``hf:ID:SPLIT``; ID is a data set of the hub or a local folder.

    Without a split it is ``train``, or the first there is. A profile is a list of texts, or a text with one attribute
    a line, in the first of the columns persona, personas, "user 1 personas" with "user 2 personas", personality,
    profile. Raises :class:`SeedError` when ``datasets`` is not installed, the data set can't be loaded, or has no
    such split or column.
    """
    name, split = parse_source(source)
    loaded = _load(name, source)
    chosen = split or ("train" if "train" in loaded else next(iter(loaded), ""))
    if chosen not in loaded:
        raise SeedError(
            f"{source}: there is no split {shorten(chosen)}; splits: {', '.join(map(str, loaded)) or 'none'}"
        )
    rows = loaded[chosen]
    columns = _columns(list(rows.column_names), source)
    for number, row in enumerate(rows, 1):
        for column in columns:
            yield _texts(row[column], f'{source}: row {number}, column "{column}"')


def parse_source(source: str) -> tuple[str, str | None]:
    """(id or local folder, split or None) of ``hf:ID[:SPLIT]``. Raises :class:`SeedError` when it names neither."""
    rest = source.removeprefix(PREFIX)
    if rest and _there(rest):
        return rest, None
    name, _, split = rest.partition(":")
    if not _ID.match(name) and not (name and _there(name) and Path(name).is_dir()):
        raise SeedError(f"{shorten(source)} names no data set; write hf:OWNER/NAME, hf:OWNER/NAME:SPLIT or hf:FOLDER")
    return name, split or None


def _there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # longer than a name may be
        return False


def _load(name: str, source: str) -> Mapping[str, Any]:
    try:
        import datasets
    except ImportError as error:
        raise SeedError(f"{source} needs the package datasets; install it with: pip install 'duologue[hub]'") from error
    try:
        datasets.disable_progress_bars()
        with no_chatter():
            loaded: Mapping[str, Any] = datasets.load_dataset(name)
    except Exception as error:  # every builder and the network raise their own
        cause = " ".join(str(error).split()) or type(error).__name__
        raise SeedError(
            f"{source} can't be loaded ({cause[:200]}); check the id and the connection, or save it as JSONL and give the file"
        ) from error
    return loaded


@contextmanager
def no_chatter() -> Iterator[None]:
    """Retries are not the user's business: what fails in the end is told in one line."""
    loggers = [logging.getLogger(name) for name in ("huggingface_hub", "datasets")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _columns(names: list[str], source: str) -> list[str]:
    by_key = {" ".join(name.lower().split()): name for name in names}
    for wanted in _COLUMNS:
        if all(key in by_key for key in wanted):
            return [by_key[key] for key in wanted]
    raise SeedError(
        f'{source} has no column "persona", "personas" or "{PERSONAS_1}"; its columns: {", ".join(names)[:200]}'
    )


def _texts(value: object, place: str) -> list[str]:
    if isinstance(value, str):
        return [line for line in value.split("\n") if line.strip()]
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        texts = list(value)
        if all(isinstance(text, str) for text in texts):
            return texts
    raise SeedError(f"{place} holds {shorten(repr(value))}, neither a text nor a list of texts")
