"""Saying what is wrong with a configuration: the field's path, what was given, what was expected."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from duologue.config.describe import expected, fields, section_of
from duologue.config.sections import Config, Section
from duologue.text import printable

_SHOWN = 40
"""Characters of a given value that a message shows."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at one place."""

    path: str
    """Dotted path of the field or key."""
    message: str

    def __str__(self) -> str:
        return printable(f"{self.path}: {self.message}").replace("\n", "\\n")


def show(value: object) -> str:
    """Return ``value`` as it would stand in a file, on one line and cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = printable(text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def problems(error: ValidationError, data: Mapping[str, Any]) -> list[Problem]:
    """Turn pydantic's errors on ``data`` into problems, one a field, in pydantic's order."""
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        path, info = _locate(detail["loc"])
        if detail["type"] == "extra_forbidden":
            path = ".".join(map(str, detail["loc"]))
            dotted = "." in str(detail["loc"][-1])
            message = "unknown key" + (_nested(path, detail["input"]) if dotted else _suggestion(path))
        elif detail["type"] == "value_error":
            message = detail["msg"].removeprefix("Value error, ")
        elif info is not None:
            message = f"given {show(_at(data, path))}, expected {expected(info)}"
        else:
            message = detail["msg"]
        found.setdefault(path, Problem(path, message))
    return list(found.values())


def _locate(loc: tuple[int | str, ...]) -> tuple[str, FieldInfo | None]:
    """The deepest field on ``loc``; what follows it are indices and the members of a union."""
    section: type[Section] | None = Config
    path: list[str] = []
    info: FieldInfo | None = None
    for part in loc:
        if section is None or part not in section.model_fields:
            break
        path.append(str(part))
        info = section.model_fields[str(part)]
        section = section_of(info)
    return ".".join(path), info


def _at(data: Mapping[str, Any], path: str) -> object:
    value: Any = data
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return value
        value = value.get(name)
    return value


def _nested(path: str, value: object) -> str:
    """What to write instead of a key such as ``pairing.pairs``, where there is such a field."""
    if path not in dict(fields()):
        return _suggestion(path)
    *sections, name = path.split(".")
    said = f"{name}: {show(value)}"
    for section in reversed(sections):
        said = f"{section}: {{{said}}}"
    return f"; keys are nested: write {said}"


def _suggestion(path: str) -> str:
    section, _, key = path.rpartition(".")
    known = [name for name, _ in fields()]
    beside = {name.rpartition(".")[2]: name for name in known if name.rpartition(".")[0] == section}
    leaves: dict[str, str] = {}
    for name in known:
        leaves.setdefault(name.rpartition(".")[2], name)
    closest = (
        [beside[k] for k in difflib.get_close_matches(key, beside, 1, 0.75)]
        or ([leaves[key]] if key in leaves else [])
        or [beside[k] for k in difflib.get_close_matches(key, beside, 1, 0.5)]
        or [leaves[k] for k in difflib.get_close_matches(key, leaves, 1, 0.75)]
    )
    return f"; did you mean {closest[0]}?" if closest else f"; known here: {', '.join(beside) or 'nothing'}"
