"""The finished data set in files: one format per file behind one Protocol, and the splits."""

from duologue.export.contests import Contest, contests
from duologue.export.protocol import ContestFormat, Format
from duologue.export.registry import format_names, get_format
from duologue.export.splits import Split, assign_splits, split_users
from duologue.export.write import export_rows, export_run

__all__ = [
    "Contest",
    "ContestFormat",
    "Format",
    "Split",
    "assign_splits",
    "contests",
    "export_rows",
    "export_run",
    "format_names",
    "get_format",
    "split_users",
]
