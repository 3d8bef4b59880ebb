"""Search among many vectors without comparing all pairs, and a table of vectors that stages share."""
