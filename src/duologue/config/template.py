"""The commented YAML that ``duologue init`` writes, made from the models so that it can't drift from them."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from duologue.config.describe import expected
from duologue.config.load import load_config
from duologue.config.sections import Section
from duologue.models.registry import REGISTRY

_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")
_NOT_TEXT = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_WIDTH = 110


def template(preset: str | None = None) -> str:
    """Return a YAML text with every field, its meaning and range as comments, and the preset's (or default) values.

    Fields for which a model has values of its own are commented out where the preset leaves them open, as a value in a
    file goes before the model's. The text loads back to the same configuration. Raises
    :class:`duologue.errors.ConfigError` for an unknown preset.
    """
    config = load_config(preset=preset)
    values = f"the preset {preset}" if preset else "the defaults"
    head = [
        f"# Configuration of a duologue run, with the values of {values}.",
        "# Every line may be left out; it then keeps its default, or the value of the --preset given.",
        "# Lines such as #plan: are left out, because some models have values of their own for them; a line without its",
        "# first # goes before the model's value.",
    ]
    return "\n".join([*head, *_section(config, 0, {entry.name: entry.settings for entry in REGISTRY})]) + "\n"


def _section(section: Section, depth: int, models: Mapping[str, Any]) -> Iterator[str]:
    """``models``: by name, what each has of its own for this section."""
    indent = "  " * depth
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        own = {model: settings[name] for model, settings in models.items() if name in settings}
        if depth == 0:
            yield ""
        if isinstance(value, Section):
            yield from _comment(info.description or "", indent)
            yield f"{indent}{name}:"
            yield from _section(value, depth + 1, own)
            continue
        yield from _comment(f"{info.description} ({expected(info)})", indent)
        line = f"{name}: {_scalar(value)}"
        # A null section, such as generator.sampling, leaves its fields open by itself.
        if name not in section.model_fields_set and own and not any(isinstance(v, Mapping) for v in own.values()):
            line = f"#{line}  # " + ", ".join(f"{model}: {_scalar(v)}" for model, v in own.items())
        yield indent + line


def _comment(text: str, indent: str) -> list[str]:
    prefix = f"{indent}# "
    return textwrap.wrap(text, _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_long_words=False)


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _NOT_TEXT:
        return value
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
