"""How commands end when something is wrong: one line on stderr, and an exit status."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from contraflow.cli import interruption
from contraflow.errors import ContraflowError

INTERRUPTED = 130


class Commands(TyperGroup):
    """A group of commands whose errors, where the user can repair them, are one line and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            with interruption.recorded():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            status = _exit_status(error)
            if status is None:
                raise
            typer.echo(f"error: {' '.join(str(error).split())}", err=True)
            raise typer.Exit(status) from None


def _exit_status(error: Exception) -> int | None:
    """Status of an error that the user can act on; None for any other."""
    if isinstance(error, ContraflowError):
        return error.exit_code
    engine = sys.modules.get("contraflow.engine")  # slow to import, and what is not there cannot have raised the error
    return 2 if engine is not None and isinstance(error, engine.ModelError) else None
