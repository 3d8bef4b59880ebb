"""A training set as a folder: ``train.jsonl`` and ``valid.jsonl``, the same for hosted services, and ``set.json``.

The hosted files are ``hosted_train.jsonl`` and ``hosted_valid.jsonl``. ``set.json`` says what the rows are, how many of
each task there are, which models wrote them, and under ``run`` what training goes by: the model that the rows are for, how
it is asked, the section ``training`` and the seed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from duologue.config.sections import Config
from duologue.errors import ImpossibleRequest, StoreError, UsageError
from duologue.training.rows import Json, Lesson, Part, Preference, What, from_json, hosted, to_json
from duologue.training.whole import new_folder

FORMAT = "duologue-training/1"
LEAST = 8
"""Fewest rows that training starts with: fewer are learnt by heart."""
_PARTS: tuple[Part, ...] = ("train", "valid")


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Rows to learn from and rows that measure."""

    what: What
    train: tuple[Lesson | Preference, ...]
    valid: tuple[Lesson | Preference, ...]
    source: str = ""
    """The run's fingerprint."""
    writers: tuple[str, ...] = ()
    """Names of the language models whose words are in it."""

    @property
    def hash(self) -> str:
        """SHA-256 over all rows in order, 64 hex digits."""
        digest = hashlib.sha256(self.what.encode())
        for row in (*self.train, *self.valid):
            digest.update(orjson.dumps([row.part, to_json(row)]))
        return digest.hexdigest()

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows by part and task."""
        rows = {"train": self.train, "valid": self.valid}
        return {part: dict(sorted(Counter(r.task for r in found).items())) for part, found in rows.items()}


def make_set(
    what: What, rows: Iterable[Lesson | Preference], *, source: str = "", writers: Sequence[str] = ()
) -> TrainingSet:
    """Put rows together, in their order, each id once."""
    unique = list({row.id: row for row in rows}.values())
    train, valid = ([row for row in unique if row.part == part] for part in _PARTS)
    return TrainingSet(what, tuple(train), tuple(valid), source, tuple(sorted(set(writers))))


def check_enough(found: TrainingSet, where: str, least: int = LEAST) -> None:
    """Raises ImpossibleRequest when there are too few rows to learn from."""
    if len(found.train) < least:
        what = "preference pairs" if found.what == "dpo" else "examples"
        more = "more candidates a pair, or more pairs" if found.what == "dpo" else "more pairs, or a milder Critic"
        raise ImpossibleRequest(
            f"{where}: gives {len(found.train)} {what} to learn from and training needs {least}; run it with {more}"
        )


def write_set(found: TrainingSet, to: Path, facts: Mapping[str, Any], *, force: bool = False) -> Json:
    """Write the folder ``to``, complete or not at all; return what ``set.json`` holds.

    ``facts`` are added to it. Raises UsageError where ``to`` is there and ``force`` is false, StoreError when it can't
    be written.
    """
    about: Json = {
        "format": FORMAT,
        "what": found.what,
        "hash": found.hash,
        "source": found.source,
        "writers": list(found.writers),
        "rows": found.counts(),
        **facts,
    }
    with new_folder(to, force=force) as folder:
        for part, rows in (("train", found.train), ("valid", found.valid)):
            _lines(folder / f"{part}.jsonl", rows, to_json)
            about[f"hosted_{part}"] = _lines(folder / f"hosted_{part}.jsonl", rows, hosted)
        (folder / "set.json").write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2) + b"\n")
    return about


def read_set(folder: Path) -> TrainingSet:
    """Read a folder that :func:`write_set` made.

    Raises UsageError when it holds none or a row is broken (with its line), StoreError when it can't be read.
    """
    try:
        about = orjson.loads((folder / "set.json").read_bytes())
        if about.get("format") != FORMAT:
            raise UsageError(f"{folder}: its set.json is not of the form {FORMAT}; make it anew with --data-only")
        what = about.get("what")
        if what not in ("sft", "dpo"):
            raise UsageError(
                f"{folder}: its set.json does not say what the rows are for; make it anew with --data-only"
            )
        parts = {part: _read(folder / f"{part}.jsonl", part, what) for part in _PARTS}
    except FileNotFoundError as error:
        raise UsageError(f"{folder}: holds no training set ({Path(error.filename).name} is missing)") from error
    except (orjson.JSONDecodeError, AttributeError) as error:
        raise UsageError(f"{folder / 'set.json'}: is no JSON object") from error
    except OSError as error:
        raise StoreError(f"{folder}: can't be read ({error.strerror})") from error
    return TrainingSet(
        what, parts["train"], parts["valid"], str(about.get("source", "")), tuple(about.get("writers", ()))
    )


def run_facts(config: Config) -> Json:
    """What of a configuration ``set.json`` keeps, so that the rows are trained on as the run itself would be."""
    generator = {name: getattr(config.generator, name) for name in ("plan", "examples")}
    model = {name: getattr(config.model, name) for name in ("backend", "name", "adapter")}
    return {
        "run": {"model": model, "generator": generator, "training": config.training.model_dump(), "seed": config.seed}
    }


def set_config(folder: Path) -> Config:
    """What :func:`run_facts` kept. Raises UsageError when the folder's ``set.json`` holds nothing of it or a wrong value."""
    try:
        return Config.model_validate(orjson.loads((folder / "set.json").read_bytes())["run"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder}: its set.json does not say which model and settings the rows are for; make it anew with --data-only"
        ) from error


def is_set(folder: Path) -> bool:
    """True when the folder holds a training set."""
    with suppress(OSError):
        return (folder / "set.json").is_file()
    return False


def _read(path: Path, part: Part, what: What) -> tuple[Lesson | Preference, ...]:
    rows: list[Lesson | Preference] = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = from_json(orjson.loads(line), part)
            if isinstance(row, Lesson) != (what == "sft"):
                raise ValueError(f"set.json says that the rows are for {what}")
            rows.append(row)
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: is no training row ({error})") from error
    return tuple(rows)


def _lines(path: Path, rows: Iterable[Lesson | Preference], form: Callable[[Lesson | Preference], Json | None]) -> int:
    count = 0
    with path.open("xb") as file:
        for row in rows:
            if (made := form(row)) is not None:
                file.write(orjson.dumps(made, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
    return count
