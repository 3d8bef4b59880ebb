"""Reading any data set of persona-based conversations, one reader per format, into :class:`Dialogue` records."""

from duologue.datasets.problems import Problems
from duologue.datasets.records import Dialogue, Problem, Provenance, Utterance
from duologue.datasets.registry import reader_names
from duologue.datasets.source import DataSet, located, open_dataset

__all__ = [
    "DataSet",
    "Dialogue",
    "Problem",
    "Problems",
    "Provenance",
    "Utterance",
    "located",
    "open_dataset",
    "reader_names",
]
