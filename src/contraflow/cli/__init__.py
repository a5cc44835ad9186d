"""The command line: ``run``, ``explain``, ``check``, ``validate``, ``study``, ``fit``, ``export``, ``bench`` and lists.

Results go to stdout, everything else to stderr. An error that the user can repair is one line and its exit status.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import contraflow
from contraflow.cli import bench, comparisons, data, export, forecast, lists, model, production, validate
from contraflow.cli.failures import INTERRUPTED, Commands
from contraflow.cli.output import examples

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "contraflow scenarios",
        "contraflow run harm-reduction",
        "contraflow run harm-reduction strikes --json",
        "contraflow explain us.overdose_deaths",
    ),
)
for group in (comparisons, lists, model, production, validate, forecast, data, export, bench):
    group.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"contraflow {contraflow.__version__}")
        raise typer.Exit


@app.callback()
def contraflow_command(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What a policy would change about US overdose deaths and the drug supply behind them, and how sure one can be."""


def main() -> None:
    """Entry point of the ``contraflow`` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows `?` for it
    try:
        app()
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(INTERRUPTED)  # XLA, stopped in the middle of its work, may crash in an orderly shutdown
