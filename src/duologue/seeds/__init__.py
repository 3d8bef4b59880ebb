"""Reading persona attributes and profiles from outside. One reader per format, one file each."""

from duologue.seeds.collect import Seeds
from duologue.seeds.read import read_seeds

__all__ = ["Seeds", "read_seeds"]
