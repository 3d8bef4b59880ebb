"""Reading YAML strictly: duplicate keys and aliases refused, numbers such as 1e-3 understood, dates left as text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from duologue.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the changes above."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        # A few nested aliases can stand for billions of values.
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise _Refused(f"line {line}: aliases are not read; write the value out")
        return super().compose_node(parent, index)


class _Refused(yaml.YAMLError):
    """Valid YAML that a configuration may not use."""


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            line = key.start_mark.line + 1
            if key.value in first:
                raise _Refused(
                    f"line {line}: the key {key.value!r} already stands on line {first[key.value]}; keep one of them"
                )
            first[key.value] = line
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)
_Loader.yaml_implicit_resolvers = {
    char: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for char, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# YAML 1.1, which PyYAML follows, takes 1e-3 for a text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def parse_yaml(text: str, place: str) -> dict[str, Any]:
    """Return the mapping that ``text`` holds, empty for an empty text.

    Raises :class:`ConfigError` with ``place`` and the line for anything else.
    """
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except _Refused as error:
        raise ConfigError(f"{place}: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = " ".join(str(error.problem or error.context or "can't be parsed").split())
        raise ConfigError(f"{place}: {where}not valid YAML ({problem}); see duologue init for the form") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())[:120]
        raise ConfigError(f"{place}: not valid YAML ({problem}); see duologue init for the form") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"{place}: holds no keys; write lines such as: pairing: {{pairs: 10}}")
    return value


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file. Raises :class:`ConfigError` when it can't be read or is not such a file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file; make one with: duologue init") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{path} is a folder; name the YAML file in it") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from error
    return parse_yaml(text, str(path))
