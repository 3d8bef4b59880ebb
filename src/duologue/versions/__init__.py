"""Versions of a data set: new topics join what is there, and two versions are compared."""
