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
    if not parent.isdigit() or os.name != "posix":
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(look)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
