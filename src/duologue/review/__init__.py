"""``duologue review``: a local web page to browse a run or data set, decide by hand, and evaluate blind with people.

Needs the optional extra ``review``; nothing here is imported before the command runs.
"""
