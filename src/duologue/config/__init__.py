"""The configuration of a run: its sections, presets, loading and the commented YAML."""
