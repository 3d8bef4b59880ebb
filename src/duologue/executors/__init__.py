"""Where the work of a run is done: in this process, or by the workers of a Ray cluster. The stages are the same."""
