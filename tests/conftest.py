"""Settings of the whole suite."""

from __future__ import annotations

from hypothesis import settings

# No wall-clock limits: the machines that run this differ and are shared.
settings.register_profile("duologue", deadline=None, print_blob=True)
settings.load_profile("duologue")
