"""Records as JSON and back. Writing is orjson alone; reading checks types with pydantic, which is loaded when needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import orjson

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def clean(text: str) -> str:
    """Return ``text`` with lone surrogates, which no UTF-8 file can hold, replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def encode(record: object) -> bytes:
    """Return a record, or plain JSON value, as compact UTF-8 JSON.

    Lone surrogates become U+FFFD. Raises TypeError for values that JSON has no form for.
    """
    try:
        return orjson.dumps(record)
    except TypeError:
        return orjson.dumps(_cleaned(record))


def decode(kind: type[T], data: bytes | str) -> T:
    """Return the record of type ``kind`` that ``data`` holds. Raises ValueError when it holds something else."""
    return cast("T", _adapter(kind).validate_json(data))


def of_plain(kind: type[T], value: object) -> T:
    """Return the record of type ``kind`` that plain values (dicts, lists, texts, numbers) stand for, like :func:`decode`."""
    return cast("T", _adapter(kind).validate_python(value))


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    adapter = _adapters.get(kind)
    if adapter is None:
        from pydantic import TypeAdapter

        adapter = _adapters[kind] = TypeAdapter(kind)
    return adapter


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _cleaned(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, Any]", value)
        return {_cleaned(k): _cleaned(v) for k, v in entries.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(v) for v in value]
    return value
