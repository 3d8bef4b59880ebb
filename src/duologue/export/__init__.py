"""The finished data set in files: one format per file behind one Protocol, and the splits."""

from duologue.export.protocol import Format
from duologue.export.registry import format_names, get_format
from duologue.export.splits import Split, assign_splits, split_users
from duologue.export.write import export_rows

__all__ = ["Format", "Split", "assign_splits", "export_rows", "format_names", "get_format", "split_users"]
