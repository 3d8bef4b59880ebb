"""What each utterance says of each persona attribute, and of what its speaker said before."""
