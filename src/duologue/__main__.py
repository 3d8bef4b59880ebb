"""``python -m duologue`` is the command line."""

from duologue.cli.app import main

main()
