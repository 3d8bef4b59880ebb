"""duologue makes faithful persona-based conversational data sets."""

__version__ = "0.1.0"
