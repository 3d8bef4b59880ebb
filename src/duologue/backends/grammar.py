"""GBNF grammars that make a model's answer clean by construction (llama.cpp's grammar format).

An utterance's characters exclude brackets, markup, colons, line ends and control characters, so unfilled placeholders
such as ``[name]``, stage directions, chat-template tokens and role labels can't be written inside one. All lengths are
in characters.
"""

from __future__ import annotations

_CHAR = r"[^\[\](){}<>*#_|:\\`~^=@\x22\x00-\x1F\x7F-\x9F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3000-\uFEFF]"
_WORD = r"[^ .!?\[\](){}<>*#_|:\\`~^=@\x22\x00-\x1F\x7F-\x9F\u2000-\u206F\u3000-\uFEFF]"
_END = "[.!?]"


def _rules(*rules: str) -> str:
    return "\n".join(rules) + "\n"


def dialogue(utterances: int, max_chars: int) -> str:
    """Exactly ``utterances`` lines, ``User 1: ...`` and ``User 2: ...`` in turn, each utterance 2 to ``max_chars`` long."""
    lines = " ".join(f'"User {i % 2 + 1}: " u "\\n"' for i in range(utterances))
    return _rules(f"root ::= {lines}", f"u ::= w c{{0,{max_chars - 2}}} e", f"w ::= {_WORD}", f"c ::= {_CHAR}", f"e ::= {_END}")
