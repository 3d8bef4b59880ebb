"""From preset, file and flags to one checked configuration."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from duologue.config.describe import fields, section_of
from duologue.config.presets import PRESETS
from duologue.config.problems import Problem, problems, show
from duologue.config.sections import Config
from duologue.config.yaml_file import read_yaml
from duologue.errors import ConfigError

_SHOWN_PROBLEMS = 3
_SHORT = {"loop": "method", "executor": "kind"}
"""Sections that may be given as the value of one of their fields."""
_DEPTH = 8
"""No field lies deeper; a file that goes on (or refers to itself) is refused."""


def load_config(
    path: str | Path | None = None, *, preset: str | None = None, overrides: Mapping[str, object] | None = None
) -> Config:
    """Return the configuration: defaults, then the preset, then the file, then the overrides.

    ``overrides`` maps dotted paths such as ``pairing.pairs`` to values; a None means that the flag was not given.
    Types are checked strictly ("5" is not a number); a section left empty in the file keeps its values. Raises
    :class:`ConfigError`, one line with up to three problems, each with the path of the field, what was given and what
    was expected.
    """
    if preset is not None and preset not in PRESETS:
        raise ConfigError(f"there is no preset {show(preset)}; presets: {', '.join(PRESETS)}")
    from_file = read_yaml(Path(path)) if path is not None else {}
    flags: dict[str, Any] = {}
    for dotted, value in (overrides or {}).items():
        if value is not None:
            flags = merge(flags, nested(dotted, value))
    found: list[Problem] = []
    file_values = long_form(_plain(from_file, "", found))
    flag_values = long_form(_plain(flags, "", found))
    merged = merge(merge(_plain(PRESETS[preset] if preset else {}, "", found), file_values), flag_values)
    if not found:
        try:
            return Config.model_validate_json(json.dumps(merged), strict=True)
        except ValidationError as error:
            found = problems(error, merged)
    shown = found[:_SHOWN_PROBLEMS]
    in_file = [path is not None and _holds(file_values, p.path) and not _holds(flag_values, p.path) for p in shown]
    if all(in_file):
        said = f"{path}: " + "; ".join(map(str, shown))
    else:
        said = "; ".join(f"{path}: {p}" if inside else str(p) for p, inside in zip(shown, in_file, strict=True))
    more = len(found) - len(shown)
    raise ConfigError(said + (f"; and {more} more" if more else ""))


def long_form(values: dict[str, Any]) -> dict[str, Any]:
    """``loop: finetune`` and ``executor: ray`` in full."""
    short = {s: {name: values[s]} for s, name in _SHORT.items() if isinstance(values.get(s), str)}
    return {**values, **short}


def nested(dotted: str, value: object) -> dict[str, Any]:
    """The value of a dotted name such as ``pairing.pairs``, in its sections."""
    first, _, rest = dotted.partition(".")
    return {first: nested(rest, value) if rest else value}


def merge(base: dict[str, Any], over: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """``base`` with what ``over`` says in its place, section by section; a section that is null in ``over`` says nothing."""
    merged = dict(base)
    for key, value in over.items():
        if value is None and prefix + key in _SECTIONS:
            continue
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            value = merge(merged[key], value, f"{prefix}{key}.")
        merged[key] = value
    return merged


def _plain(value: Any, path: str, found: list[Problem], depth: int = 0) -> Any:
    """Return ``value`` made of JSON types only; what can't be is added to ``found``."""
    if depth > _DEPTH:
        found.append(Problem(path[: _DEPTH * 12], "nested too deep"))
        return None
    if isinstance(value, Mapping):
        plain = {}
        for key, item in value.items():
            below = f"{path}.{key}" if path else str(key)
            plain[_text(str(key), below, found)] = _plain(item, below, found, depth + 1)
        return plain
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, path, found, depth + 1) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        found.append(Problem(path, f"given {value}, expected a finite number"))
        return None
    if isinstance(value, str):
        return _text(value, path, found)
    if value is None or isinstance(value, int | float):
        return value
    found.append(Problem(path, f"given {show(str(value))}, expected a text, number, list or section"))
    return None


def _text(value: str, path: str, found: list[Problem]) -> str:
    """Return ``value``; one with half a character in it, as of bytes that are no UTF-8, is added to ``found``."""
    try:
        value.encode()
    except UnicodeEncodeError:
        found.append(Problem(path, f"given {show(value)}, expected a text of whole characters in UTF-8"))
    return value


def _holds(data: Any, path: str) -> bool:
    """Whether there is such a key; one with dots in its name counts too."""
    if not isinstance(data, Mapping):
        return False
    name, _, rest = path.partition(".")
    return path in data or (name in data and _holds(data[name], rest))


_SECTIONS = frozenset(name for name, info in fields() if info.annotation is section_of(info) is not None)
