"""Blind evaluation: how tasks are assembled, handed out, answered and counted."""
