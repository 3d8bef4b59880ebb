"""The program with a scripted model that takes its time; run by tests that stop it half-way."""

from __future__ import annotations

import sys

from duologue import api
from duologue.backends.scripted import ScriptedBackend
from duologue.cli.app import main

if __name__ == "__main__":
    delay = float(sys.argv.pop(1))
    setattr(api, "make_backend", lambda config, **_: ScriptedBackend(config.seed, delay))  # noqa: B010
    main()
