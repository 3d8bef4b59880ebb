"""The run's configuration as it may be published: without secrets, addresses and places on the author's machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from duologue.seeds.hub import PREFIX

REMOVED = "[removed]"
_LEFT_OUT = object()
"""In place of a value whose key is left out."""
_SECRET_KEY = re.compile(
    r"(key|token|secret|password|passwd|authorization|cookie|^user|user[_-]?(id|name)|e-?mail|safety_identifier)s?$",
    re.IGNORECASE,
)
_PATH_KEY = re.compile(r"(^|_)(path|adapter|file|folder|dir)$", re.IGNORECASE)
_SECRET = re.compile(
    r"\b(?:sk|pk|hf|ghp|gho|glpat|xox[abp])[-_][A-Za-z0-9_-]{12,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[A-Za-z0-9_-]{30,}"
)
_ADDRESS = re.compile(r"^\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_INNER_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_PLACE = re.compile(r"^[A-Za-z]:[\\/]|^\\\\|^/|^~|^\.\.?[\\/]")
_ON_THE_HUB = re.compile(re.escape(PREFIX) + r"[\w.-]+(/[\w.-]+)?(:[\w.-]*)?")


def scrubbed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration for publishing.

    Addresses are left out with their keys, so that the rest loads; paths keep their last part, values that look like keys
    and those under names such as ``token`` or ``user`` become :data:`REMOVED`. So it is inside the JSON of ``extra_body``.
    Names of environment variables stay: they hold no secret. The section ``executor`` is left out: it tells of machines only.
    """
    return _section({key: value for key, value in config.items() if key != "executor"})


def to_yaml(config: Mapping[str, Any]) -> str:
    """The scrubbed configuration as YAML that ``duologue run`` reads."""
    head = "# The configuration of the run that made this data set. Addresses, paths and keys were taken out.\n"
    return head + yaml.safe_dump(scrubbed(config), sort_keys=False, allow_unicode=True)


def last_part(path: str) -> str:
    """The last part of a path; a text that does not begin like one is returned as it is."""
    return base_name(path) if _PLACE.match(path) else path


def base_name(path: str) -> str:
    """The last part of a path of any system, relative ones too."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1] or path


def _section(values: Mapping[str, Any], *, folders: bool = False) -> dict[str, Any]:
    """``folders``: each text may be a folder's name."""
    found = {key: _value(key, value, folders or key == "small_models") for key, value in values.items()}
    return {key: value for key, value in found.items() if value is not _LEFT_OUT}


def _value(key: str, value: Any, folders: bool) -> Any:
    if _is_secret(key, value):
        return REMOVED
    if isinstance(value, Mapping):
        return _section(value, folders=folders)
    if isinstance(value, list | tuple):
        found = [_value(key, inner, folders) for inner in value]
        return [inner for inner in found if inner is not _LEFT_OUT]
    if not isinstance(value, str):
        return value
    if key == "extra_body":
        return _body(value)
    if _ADDRESS.match(value):
        return _LEFT_OUT
    return _short(key, _SECRET.sub(REMOVED, _INNER_ADDRESS.sub(REMOVED, value)), folders)


def _is_secret(key: str, value: Any) -> bool:
    # A number of max_tokens is no token.
    counted = isinstance(value, int | float | list | tuple) and key.lower().endswith("tokens")
    return value is not None and not isinstance(value, bool) and not counted and bool(_SECRET_KEY.search(key))


def _body(text: str) -> Any:
    """A JSON object as text, scrubbed; what can't be read is left out."""
    if not text.strip():
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return _LEFT_OUT
    return json.dumps(_section(found), sort_keys=True) if isinstance(found, dict) else _LEFT_OUT


def _short(key: str, text: str, folders: bool) -> str:
    if text.startswith(PREFIX):
        return text if _ON_THE_HUB.fullmatch(text) else PREFIX + base_name(text.removeprefix(PREFIX))
    if folders or _PATH_KEY.search(key) or text.lower().endswith(".gguf"):
        return base_name(text)
    return last_part(text)
