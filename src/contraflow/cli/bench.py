"""``contraflow bench``: how fast the native engine is beside other ways to run the same models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from contraflow.cli.output import (
    Json,
    examples,
    json_bytes,
    notice,
    parts,
    print_json,
    require_folder,
    screen,
    table,
    write_files,
)
from contraflow.errors import ContraflowError


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    shown = examples(
        "contraflow bench", "contraflow bench --models synthetic --rivals numpy --quick", "contraflow bench --json"
    )
    app.command(epilog=shown, rich_help_panel="Model")(bench)


def bench(
    models: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="reference or synthetic; both by default.")
    ] = None,
    rivals: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="numpy, numba, diffrax, pysd or ema; all by default.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A trial run; its times mean little.")] = False,
    out: Annotated[Path | None, typer.Option(help="File for the JSON.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Times of equal work with equal outputs, on one core: the native engine, its reference, and other tools.

    Takes about ten minutes on a machine that does nothing else. What is not installed is not measured: `make bench`
    installs all of it.
    """
    if out is not None:
        require_folder(out.absolute().parent)
    with parts("measuring") as begin:
        from contraflow.bench.benchmark import RIVALS, benchmark
        from contraflow.bench.cases import CASES

        asked = _known("model", models, tuple(CASES))
        report = benchmark(asked, _known("rival", rivals, RIVALS), quick=quick, begin=begin)
    if out is not None:
        (path,) = write_files(out.absolute().parent, {out.name: json_bytes(report)})
    if json:
        print_json(report)
    else:
        _print(report)
    if out is not None:
        notice(f"written: {path}")


def _known(kind: str, names: list[str] | None, valid: tuple[str, ...]) -> tuple[str, ...]:
    for name in names or ():
        if name not in valid:
            raise ContraflowError(f"unknown {kind} '{name}': write {', '.join(valid)}")
    return tuple(dict.fromkeys(names or valid))


def _print(report: Mapping[str, Any]) -> None:
    console = screen()
    for name, model in report["models"].items():
        times = model["microseconds_per_trajectory"]
        made = table("Engine", "µs a trajectory", "Difference", right=("µs a trajectory", "Difference"))
        work = f"{model['evaluations_per_trajectory']:,} evaluations of all rates a trajectory"
        console.print(f"{name}: {work}, CPU time on one core", style="bold", soft_wrap=True)
        for engine, time in sorted(times.items(), key=lambda row: row[1]):
            difference = model["differences"].get(engine)
            made.add_row(engine, f"{time:,.1f}", "" if difference is None else f"{difference:.0e}")
        console.print(made)
        console.print()
    made = table("Model", "Number", "Aim", "Measured", "", "Reason", right=("Aim", "Measured"), title="Aims")
    for row in report["aims"]:
        measured = "–" if row["measured"] is None else f"{row['measured']:,.3g}"
        verdict = {True: "met", False: "missed", None: "not measured"}[row["met"]]
        made.add_row(row["model"] or "", row["number"], row["aim"], measured, verdict, row["reason"] or "")
    console.print(made)
    if report["quick"]:
        console.print("\nA quick run: times mean little.")
