"""Data sets of the Hugging Face hub, or local folders that ``datasets`` can load, row by row without a full download."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from duologue.datasets.layouts import dialogue_of, layout_of, split_name
from duologue.datasets.problems import BadRow
from duologue.datasets.protocol import Look
from duologue.datasets.records import Dialogue, Problem, Provenance
from duologue.errors import UsageError
from duologue.seeds.hub import PREFIX, no_chatter, parse_source
from duologue.seeds.source import shorten


class HubReader:
    """Reads ``hf:ID`` (every split) or ``hf:ID:SPLIT``. Needs ``datasets``."""

    name = "hub"

    def recognises(self, look: Look) -> bool:
        """A source that begins with ``hf:``."""
        return look.source.startswith(PREFIX)

    def read(self, source: str) -> Iterator[Dialogue | Problem]:
        """See the Protocol."""
        name, wanted = parse_source(source)
        loaded = _load(name, source)
        if wanted is not None and wanted not in loaded:
            raise UsageError(
                f"{source}: there is no split {shorten(wanted)}; splits: {', '.join(map(str, loaded)) or 'none'}"
            )
        row = 0
        for split in [wanted] if wanted is not None else list(loaded):
            with no_chatter():
                rows = iter(loaded[split])
            while True:
                try:
                    with no_chatter():
                        value = next(rows, None)
                except Exception as error:  # the network, and every builder its own
                    raise UsageError(
                        f"{source} can't be read on after row {row} ({_cause(error)}); try again"
                    ) from error
                if value is None:
                    break
                row += 1
                if row == 1 and layout_of(list(value)) is None:
                    raise UsageError(
                        f"{source}: its columns are {', '.join(value)[:200]}; a data set has user_1, user_2 and utterances"
                    )
                try:
                    yield dialogue_of(value, Provenance(source, self.name, row), split_name(str(split)))
                except BadRow as problem:
                    yield problem.at(row)


def _load(name: str, source: str) -> Mapping[str, Any]:
    try:
        import datasets
    except ImportError as error:
        raise UsageError(
            f"{source} needs the package datasets; install it with: pip install 'duologue[hub]'"
        ) from error
    try:
        datasets.disable_progress_bars()
        with no_chatter():
            loaded: Mapping[str, Any] = datasets.load_dataset(name, streaming=True)
    except Exception as error:  # every builder and the network raise their own
        raise UsageError(
            f"{source} can't be loaded ({_cause(error)}); check the id and the connection, or give a local file"
        ) from error
    return loaded


def _cause(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
