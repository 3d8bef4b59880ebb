"""General quality without a language model: a conversation is taken apart, measured, and scored by aspect."""
