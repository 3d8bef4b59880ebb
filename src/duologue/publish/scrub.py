"""The run's configuration as it may be published: without secrets, addresses and places on the author's machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import yaml

REMOVED = "[removed]"
_SECRET_KEY = re.compile(r"(api_?key|token|secret|password|passwd|authorization|cookie)s?$", re.IGNORECASE)
_SECRET = re.compile(
    r"\b(?:sk|pk|hf|ghp|gho|glpat|xox[abp])[-_][A-Za-z0-9_-]{12,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[A-Za-z0-9_-]{30,}"
)
_ADDRESS = re.compile(r"^\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]|^\\\\")


def scrubbed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration for publishing.

    Addresses become null, paths keep their last part, values that look like keys and those under names such as
    ``token`` become :data:`REMOVED`. Names of environment variables stay: they hold no secret. The section ``executor`` is
    left out: it tells of machines only.
    """
    return {key: _value(key, value) for key, value in config.items() if key != "executor"}


def to_yaml(config: Mapping[str, Any]) -> str:
    """The scrubbed configuration as YAML that ``duologue run`` reads."""
    head = "# The configuration of the run that made this data set. Addresses, paths and keys were taken out.\n"
    return head + yaml.safe_dump(scrubbed(config), sort_keys=False, allow_unicode=True)


def last_part(path: str) -> str:
    """The last part of a path; a text that is none is returned as it is."""
    if _WINDOWS.match(path):
        return PureWindowsPath(path).name
    if path.startswith(("/", "~", "./", "../")):
        return PurePosixPath(path).name
    return path


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _value(name, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(key, inner) for inner in value]
    if not isinstance(value, str):
        return value
    if _SECRET_KEY.search(key):
        return REMOVED
    if _ADDRESS.match(value):
        return None
    value = _SECRET.sub(REMOVED, value)
    return PurePosixPath(value).name if key == "path" and not value.startswith("hf:") else last_part(value)
