"""What a first-person sentence states of its speaker, read by rule: facts of exclusive categories, circumstances of a life."""
