"""``python -m contraflow.cli`` is the ``contraflow`` command."""

from contraflow.cli import main

main()
