"""What a field of the configuration expects, in plain words; and which fields there are."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types as at
from pydantic.fields import FieldInfo

from duologue.config.sections import Config, Section


def fields(model: type[Section] = Config, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield (dotted path, field) of every field and section, depth first, in the order they are declared."""
    for name, info in model.model_fields.items():
        yield prefix + name, info
        if (section := section_of(info)) is not None:
            yield from fields(section, f"{prefix}{name}.")


def section_of(info: FieldInfo) -> type[Section] | None:
    """The section that a field holds (also where it may be null), or None for a plain field."""
    for option in (info.annotation, *get_args(info.annotation)):
        if isinstance(option, type) and issubclass(option, Section):
            return option
    return None


def expected(info: FieldInfo) -> str:
    """Say what the field takes, such as "a whole number of at least 1, or null"."""
    options = _options(info.annotation)
    said = [_kind(option, info.metadata) for option in options if option is not type(None)]
    return " or ".join(said) + (", or null" if type(None) in options else "")


def _options(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _kind(annotation: Any, metadata: list[Any]) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if origin is tuple:
        inner = get_args(annotation)
        if Ellipsis in inner:
            some = "one or more " if any(isinstance(m, at.MinLen) for m in metadata) else ""
            return f"a list of {some}texts{_form(inner[0])}"
        return f"a list of {len(inner)} whole numbers"
    if annotation is bool:
        return "true or false"
    if annotation is int:
        return "a whole number" + _range(metadata)
    if annotation is float:
        return "a number" + _range(metadata)
    if annotation is str:
        needs_text = any(isinstance(m, at.MinLen) for m in metadata)
        return "a text that is not empty" if needs_text else "a text"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "a section with the keys " + ", ".join(annotation.model_fields)
    return str(annotation)


def _form(item: Any) -> str:
    """What is asked of each item of a list."""
    asked = [m for field in getattr(item, "__metadata__", ()) for m in getattr(field, "metadata", ())]
    pattern = next((m.pattern for m in asked if getattr(m, "pattern", None)), None)
    if pattern is not None:
        return f" that match {pattern}"
    return " that are not empty" if any(isinstance(m, at.MinLen) for m in asked) else ""


def _range(metadata: list[Any]) -> str:
    low = high = ""
    low_open = high_open = False
    for bound in metadata:
        if isinstance(bound, at.Ge):
            low = f"{bound.ge}"
        elif isinstance(bound, at.Gt):
            low, low_open = f"{bound.gt}", True
        elif isinstance(bound, at.Le):
            high = f"{bound.le}"
        elif isinstance(bound, at.Lt):
            high, high_open = f"{bound.lt}", True
    if low and high and not (low_open or high_open):
        return f" from {low} to {high}"
    said = []
    if low:
        said.append(f"above {low}" if low_open else f"of at least {low}")
    if high:
        said.append(f"below {high}" if high_open else f"at most {high}")
    return (" " + " and ".join(said)) if said else ""
