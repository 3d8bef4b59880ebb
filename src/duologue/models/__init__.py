"""The models: which there are, how they are fetched and verified, and the small ones that check text."""
