"""The background thread that fills the index, and keeps it up to date while a run goes on."""

from __future__ import annotations

import sqlite3
import threading
import time

from duologue.errors import DuologueError
from duologue.review.index import Index
from duologue.review.overview import refresh
from duologue.review.source import Source

PAUSE = 1.0
"""Seconds between two looks at the source."""
_SHARE = 5.0
"""The figures are worked out anew no sooner than after so many times what they took."""


class Keeper:
    """Fills ``index`` from ``source`` until it is stopped."""

    def __init__(self, index: Index, source: Source) -> None:
        self._index = index
        self._source = source
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="duologue-review-index", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def once(self) -> None:
        """Take all that the source has now, in the calling thread."""
        self._index.stop = self._stop.is_set
        self._source.fill(self._index, whole=True)
        if not self._stop.is_set():
            self._index.progress.ready = True
            refresh(self._index, self._source)

    def _work(self) -> None:
        try:
            self.once()
            state, stale, rested = self._source.state(), False, 0.0
            while not self._stop.wait(PAUSE):
                if self._source.changed():
                    now = self._source.state()
                    # Rows may be taken away when a pass ends, and made again when one begins.
                    stale |= self._source.fill(self._index, whole=now != state) > 0 or now != state
                    state = now
                if stale and time.monotonic() >= rested:
                    began = time.monotonic()
                    refresh(self._index, self._source)
                    stale, rested = False, time.monotonic() + _SHARE * (time.monotonic() - began)
        except (DuologueError, sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
            if not self._stop.is_set():
                self._index.progress.error = f"the index stopped growing: {type(error).__name__}: {error}"
