"""A training that belongs to a run ends with it, however that ends, so that two never work in one folder."""

from __future__ import annotations

import os
import threading
import time

PARENT = "DUOLOGUE_PARENT"
"""The environment variable that names the process which the training belongs to."""
LOOK = 1.0
"""Seconds between two looks."""


def end_with_parent(look: float = LOOK) -> None:
    """End this process, within ``look`` seconds, when the one that :data:`PARENT` names is its parent no more."""
    parent = os.environ.get(PARENT, "")
    if parent.isdigit():
        end_with(int(parent), look)


def end_with(parent: int, look: float = LOOK) -> None:
    """End this process, within ``look`` seconds, when ``parent`` is its parent no more. Nothing is done on Windows."""
    if os.name != "posix":
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(look)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
