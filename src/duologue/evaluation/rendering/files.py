"""Writing a report into a folder."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import orjson

from duologue.errors import UsageError
from duologue.evaluation.records import Report
from duologue.evaluation.rendering.markdown import markdown

JSON, HTML, MARKDOWN = "report.json", "report.html", "report.md"


def check_folder(folder: Path, *, replace: bool) -> None:
    """Refuse a folder that can't take a report, or one that can't be made for lack of packages, before anything is measured.

    Raises UsageError.
    """
    for package in ("jinja2", "matplotlib"):
        if find_spec(package) is None:
            raise UsageError(
                f"--out: the report needs {package}, which is not installed: pip install 'duologue[evaluate]', or leave --out out"
            )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder for the report")
    for name in (JSON, HTML, MARKDOWN):
        if not replace and (folder / name).exists():
            raise UsageError(f"{folder / name}: is there already; give --replace to write over it, or another folder")


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write ``report.json``, then ``report.md`` and ``report.html``; return what was written.

    The folder is made where it is missing. The first holds all figures, so it is there even where a page can't be made.
    """
    from duologue.evaluation.rendering.html import page

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    parts: dict[str, Callable[[Report], bytes]] = {
        JSON: as_json,
        MARKDOWN: lambda report: markdown(report).encode("utf-8", "replace"),
        HTML: lambda report: page(report).encode("utf-8", "replace"),
    }
    for name, made in parts.items():
        # Whole or not at all: a report that was cut off must not look like one.
        part = folder / f".{name}.part"
        part.write_bytes(made(report))
        part.replace(folder / name)
        written.append(folder / name)
    return written


def as_json(report: Report) -> bytes:
    """The report as JSON text: keys in the order of the schema, one final line break."""
    data = report.model_dump(mode="json", by_alias=True)
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
