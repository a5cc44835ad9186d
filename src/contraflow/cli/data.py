"""``contraflow data``: new figures from the files of statistical offices, and what is held of every series."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from contraflow.cli.output import Json, examples, print_json, screen, table
from contraflow.errors import ContraflowError


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode="rich", help="New figures, and what is held of each series."
    )
    shown = examples("contraflow data add VSRR_Provisional_Drug_Overdose_Death_Counts.csv")
    group.command(epilog=shown)(add)
    group.command(epilog=examples("contraflow data status", "contraflow data status homicides"))(status)
    app.add_typer(group, name="data", rich_help_panel="Model")


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file as its provider publishes it.")],
    accept: Annotated[
        bool,
        typer.Option("--accept-revisions", help="Take in large revisions; without any, figures far from others."),
    ] = False,
    json: Json = False,
) -> None:
    """Take in a provider's file: CDC VSRR or WONDER, SESNSP victims, CBP drug seizures, RNPDNO.

    The file is recognised by its columns and checked. Its figures become a vintage in the user's data folder; earlier
    ones are kept. Nothing is stored of a file with an error. The model uses them after `contraflow fit --update`.
    """
    from contraflow import evidence
    from contraflow.evidence import providers, vintages

    added = vintages.add(file, providers.read(file), evidence.shipped(), accept)
    if json:
        new = {name: [p.end for p in points] for name, points in added.new.items()}
        revisions = [vars(r) for r in added.revisions]
        print_json({"vintage": added.vintage, "provider": added.reading.provider, "new": new, "revisions": revisions})
        return
    console = screen()
    if added.revisions:
        made = table("Series", "Period", "Was", "Is", "Change", right=("Was", "Is", "Change"), title="Revisions")
        for r in added.revisions:
            change = f"{100 * (r.new / r.old - 1):+.2f} %" if r.old else "–"
            made.add_row(r.series, r.period, f"{r.old:,.6g}", f"{r.new:,.6g}", change)
        console.print(made)
    for name, points in added.new.items():
        if points:
            console.print(f"{name}: {len(points)} new, {points[0].start} to {points[-1].end}", soft_wrap=True)
    for note in added.reading.notes:
        console.print(f"note: {note}", soft_wrap=True)
    if added.vintage is None:
        console.print("nothing new: every figure is held already")
    else:
        console.print(f"stored: {vintages.folder() / 'vintages' / added.vintage}", soft_wrap=True)


def status(
    search: Annotated[
        str | None, typer.Argument(help="Only series whose id holds this text.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Coverage and age of every series, with the vintage that its newest figures came in."""
    from contraflow import evidence
    from contraflow.evidence import vintages

    held, today = vintages.newest(), datetime.date.today()
    origin = {path.stem: v.name for v in held for path in v.folder.glob("*.csv")}
    rows: list[dict[str, Any]] = []
    for name, series in sorted(vintages.layered(evidence.load(), held).series.items()):
        if search and search.lower() not in name:
            continue
        first, last, age = vintages.coverage(series, today)
        rows.append(
            {
                "series": name, "use": series.use, "points": len(series.rows), "first": first, "last": last,
                "age_months": age, "vintage": origin.get(name),
            }
        )  # fmt: skip
    if not rows:
        raise ContraflowError(f"no series holds '{search}' in its id: `contraflow data status` lists all")
    if json:
        print_json(rows)
        return
    made = table("Series", "Use", "Points", "From", "To", "Age, months", "Vintage", right=("Points", "Age, months"))
    for r in rows:
        made.add_row(
            r["series"],
            r["use"],
            str(r["points"]),
            r["first"],
            r["last"],
            str(r["age_months"]),
            r["vintage"] or "shipped",
        )
    screen().print(made)
