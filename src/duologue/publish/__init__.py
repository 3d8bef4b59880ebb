"""Publishing a run: a folder that the Hugging Face hub shows properly, and sending it there."""

from duologue.publish.publish import Options, Published, publish
from duologue.publish.push import connect, push

__all__ = ["Options", "Published", "connect", "publish", "push"]
