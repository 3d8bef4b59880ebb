"""Usefulness: what can be learned from a data set, tried on itself and on human conversations (paper, tables 2, 12, 13)."""
