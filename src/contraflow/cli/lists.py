"""Commands that list what there is: scenarios, levers, outcomes, hypotheses, parameters, sources, claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from contraflow.cli.output import Json, examples, notice, print_json, screen, table

Search = Annotated[str | None, typer.Argument(help="Only rows whose id or label holds this text.", show_default=False)]

# Column -> key of the row, or what to make of the row.
_Columns = Mapping[str, str | Callable[[Mapping[str, Any]], str]]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    for command, search in (
        (scenarios, "harm"),
        (levers, "naloxone"),
        (outcomes, "deaths"),
        (hypotheses, "toler"),
        (parameters, "purity"),
        (sources, "nsduh"),
        (claims, "laborator"),
    ):
        name = command.__name__
        shown = examples(f"contraflow {name}", f"contraflow {name} {search}", f"contraflow {name} --json")
        app.command(name, epilog=shown, rich_help_panel="Lists")(command)


def scenarios(search: Search = None, json: Json = False) -> None:
    """Scenarios that ship, and the settings of each."""

    def policy(row: Mapping[str, Any]) -> str:
        return "\n".join(f"{lever}  {words}" for lever, words in row["policy"].items()) or "no lever moved"

    _show("scenarios", search, json, {"Scenario": "id", "": "label", "Policy": policy, "Until": "until"})


def levers(search: Search = None, json: Json = False) -> None:
    """What a policy can move: value today, range, and levels that have a name."""

    def range_words(row: Mapping[str, Any]) -> str:
        return f"{_number(row['low'])} to {_number(row['high'])}"

    def levels(row: Mapping[str, Any]) -> str:
        return ", ".join(f"{name} {_number(value)}" for name, value in row["levels"].items() if name != "today")

    def label(row: Mapping[str, Any]) -> str:
        extension = f"\n(extension {row['extension']})" if row["extension"] else ""
        return f"{row['label']}{extension}"

    columns: _Columns = {
        "Lever": "id",
        "": label,
        "Today": lambda row: _number(row["today"]),
        "Range": range_words,
        "Levels": levels,
        "Unit": "display_unit",
    }
    _show("levers", search, json, columns)


def outcomes(search: Search = None, json: Json = False) -> None:
    """What a run reports."""
    _show("outcomes", search, json, {"Outcome": "id", "": "label", "Unit": "unit", "Over a window": "window_is"})


def hypotheses(search: Search = None, json: Json = False) -> None:
    """Contested mechanisms, each of which may be switched off or set."""

    def off(row: Mapping[str, Any]) -> str:
        return "yes" if row["can_be_off"] else "no"

    columns: _Columns = {
        "Hypothesis": "id", "Claim": "statement", "Strength": "strength", "Can be off": off,
    }  # fmt: skip
    _show("hypotheses", search, json, columns)


def parameters(search: Search = None, json: Json = False) -> None:
    """Every constant of the model: prior, what informs it, and the worst grade of its sources."""

    def informed(row: Mapping[str, Any]) -> str:
        return ", ".join(row["identified_by"])

    columns: _Columns = {
        "Parameter": "id", "": "label", "Unit": "unit", "Prior": "prior", "Informed by": informed, "Grade": "grade",
    }  # fmt: skip
    _show("parameters", search, json, columns)


def sources(search: Search = None, json: Json = False) -> None:
    """Where figures come from, with a grade from A (primary statistics) to E (assumption)."""
    columns: _Columns = {
        "Source": "id", "": "label", "Publisher": "publisher", "Year": lambda row: str(row["year"]), "Grade": "grade",
        "Seen": "where",
    }  # fmt: skip
    _show("sources", search, json, columns)


def claims(search: Search = None, json: Json = False) -> None:
    """Statements made in public debate, and whether the model can test them."""

    def bears(row: Mapping[str, Any]) -> str:
        return ", ".join([*row["levers"], *row["hypotheses"]])

    columns: _Columns = {"Claim": "id", "": "label", "Testable": "testable", "Levers and hypotheses": bears}
    _show("claims", search, json, columns)


def _number(value: float) -> str:
    from contraflow.analysis.wording import exact

    return exact(value)


def _show(name: str, search: str | None, json: bool, columns: _Columns) -> None:
    from contraflow.analysis import catalogue

    rows = getattr(catalogue, name)(search)
    if json:
        print_json(rows)
        return
    if not rows:
        notice(f"none of the {name} has '{search}' in its id or label; `contraflow {name}` lists them all")
        return
    made = table(*columns)
    for row in rows:
        made.add_row(*(cell(row) if callable(cell) else str(row[cell] or "") for cell in columns.values()))
    screen().print(made)
