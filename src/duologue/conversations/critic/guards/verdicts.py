"""How guards phrase what they found."""

from __future__ import annotations

from collections.abc import Iterable

from duologue.records import Verdict

_MOST_NAMED = 4


def guard_verdict(name: str, found: Iterable[tuple[int, str]]) -> Verdict:
    """Make the verdict of the guard ``name`` from what it found: (index of the utterance from 0, what is wrong).

    An index of -1 speaks of the conversation as a whole. Nothing found is a pass. Reasons count utterances from 1.
    """
    problems = list(dict.fromkeys(found))
    said = [f"utterance {i + 1}: {what}" if i >= 0 else what for i, what in problems[:_MOST_NAMED]]
    if len(problems) > _MOST_NAMED:
        said.append(f"and {len(problems) - _MOST_NAMED} more")
    indices = tuple(sorted({i for i, _ in problems if i >= 0}))
    return Verdict(name, "guard", 0.0 if problems else 1.0, not problems, "; ".join(said), (), indices)


def quote(text: str, most: int = 60) -> str:
    """Return ``text`` in double quotes on one line, cut to ``most`` characters."""
    flat = " ".join(text.split())
    return f'"{flat}"' if len(flat) <= most else f'"{flat[: most - 3]}..."'
