"""Writes docs/reference/*.md from the code: the command line, the configuration and the public Python names.

``python tools/reference.py`` writes; ``python tools/reference.py --check`` only says whether they are up to date.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from pydantic import BaseModel

import duologue
from duologue.cli.app import app
from duologue.config.describe import expected
from duologue.config.sections import Config

HERE = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Made by tools/reference.py; edit the code, not this file. -->\n"


def main() -> None:
    """Write or check the pages."""
    pages = {"cli.md": cli(), "config.md": config(), "api.md": api()}
    stale = [name for name, text in pages.items() if not (HERE / name).is_file() or (HERE / name).read_text() != text]
    if "--check" in sys.argv:
        sys.exit(f"docs/reference is stale: {', '.join(stale)}; run python tools/reference.py" if stale else 0)
    HERE.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (HERE / name).write_text(text)


def cli() -> str:
    """Every command with its arguments and options."""
    return NOTE + "# Command line\n\n" + "\n".join(_command(typer.main.get_command(app), "duologue"))


def _command(command: Any, name: str) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is not None:
        for child, made in children.items():
            yield from _command(made, f"{name} {child}")
        return
    yield f"## `{name}`\n\n{inspect.cleandoc(command.help or '')}\n"
    rows = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            rows.append(f"| `{(parameter.name or '').upper()}` | {getattr(parameter, 'help', '') or ''} |")
        elif "--help" not in parameter.opts:
            rows.append(f"| `{', '.join(parameter.opts)}` | {getattr(parameter, 'help', '') or ''} |")
    if rows:
        yield "| argument or option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"


def config() -> str:
    """Every field with its type, default and meaning."""
    return NOTE + "# Configuration\n\nOne YAML file; every field may be left out.\n\n" + "\n".join(_section(Config, ""))


def _section(section: type[BaseModel], prefix: str) -> Iterator[str]:
    rows, later = [], []
    for name, info in section.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            later.append((inner, f"{prefix}{name}."))
            continue
        default = info.get_default(call_default_factory=True)
        shown = list(default) if isinstance(default, tuple) else default
        rows.append(f"| `{prefix}{name}` | {expected(info)} | `{shown}` | {info.description} |".replace("None", "null"))
    title = prefix.rstrip(".") or "top level"
    yield (
        f"## {title}\n\n{inspect.cleandoc(section.__doc__ or '')}\n\n| field | what it takes | default | meaning |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )
    for inner, path in later:
        yield from _section(inner, path)


def api() -> str:
    """The public names of the package."""
    parts = [NOTE, "# Python\n"]
    for name in duologue.__all__:
        if name == "__version__":
            continue
        value = getattr(duologue, name)
        if inspect.isfunction(value):
            parts.append(f"## `{name}{inspect.signature(value)}`\n\n{inspect.getdoc(value)}\n")
        else:
            parts.append(f"## `{name}`\n\n{inspect.getdoc(value)}\n")
            fields = getattr(value, "__dataclass_fields__", None)
            if fields:
                parts.append("\n".join(f"- `{f.name}`: `{f.type}`" for f in fields.values()) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
