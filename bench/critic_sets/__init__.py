"""The sets of ``bench/critic.py``: one module each, with a function ``rows(lab)`` that yields the rows of the table."""
