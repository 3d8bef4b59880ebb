"""A run on a Ray cluster: Ray Data hands shards of pairs to workers, the driver's run folder is the one truth.

Each worker runs the same loop, Generator and Critic with an engine and a log of its own. Every row that it writes goes
at once to the hub, an actor on the driver's machine, which keeps one log per shard beside the run's database; a model's
answer counts as logged when it is there. When a shard ends, the driver folds its log into the run's database. So
a worker, a node or the driver may be lost at any moment: what was answered is in the run folder, and whoever goes on
begins with it.
"""
