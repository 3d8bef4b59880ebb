"""``python -m duologue`` is the command line."""

from duologue.cli.app import main

# A process that evaluates beside this one imports this module again.
if __name__ == "__main__":
    main()
