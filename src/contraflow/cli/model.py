"""Commands about the model itself: what an id means, and whether everything holds together."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from contraflow.cli.output import Json, examples, parts, print_json, screen, table

FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    shown = ("us.overdose_deaths", "us.health.naloxone", "titration", "B1", "lab_capacity --json")
    app.command(epilog=examples(*(f"contraflow explain {id}" for id in shown)), rich_help_panel="Model")(explain)
    app.command(epilog=examples("contraflow check", "contraflow check --json"), rich_help_panel="Model")(check)


def explain(
    id: Annotated[
        str,
        typer.Argument(
            help="A variable, outcome, lever, extension, parameter, hypothesis, loop, claim, source, scenario, driver "
            "or series.",
            show_default=False,
        ),
    ],
    json: Json = False,
) -> None:
    """All there is about one id: equation, inputs, evidence, and what the data say of it."""
    with parts(f"explaining {id}"):
        from contraflow.analysis import catalogue

        explanation = catalogue.explain(id)
    if json:
        print_json(explanation.to_dict())
    else:
        typer.echo(explanation.to_text())


def check(draws: Annotated[int, typer.Option(min=1, help="Posterior draws to run.")] = 20, json: Json = False) -> None:
    """Whether the model is sound: units, ledgers, loops, sources, step. Ends with status 1 where something is not."""
    with parts("checking") as begin:
        from contraflow.analysis.check import check as check_model
        from contraflow.analysis.runs import load

        report = check_model(load, draws, begin)
    if json:
        print_json(report)
    else:
        _print_report(report)
    if report["problems"]:
        raise typer.Exit(FAILED)


def _print_report(report: dict[str, Any]) -> None:
    from contraflow.inference.posterior import fit_hash
    from contraflow.report.fit_record import hashes

    size = f"{report['variables']} variables, {report['stocks']} stocks, {report['flows']} flows"
    rows = {
        "Model": size,
        "Units": f"{report['units_checked']} checked, {len(report['units_failed'])} wrong",
        "Parameters": f"{report['parameters']}, {report['parameters_with_source']} with a source",
        "Evidence": f"{report['sources']} sources, {report['series']} series, {report['claims']} claims",
        "Interface": f"{report['levers']} levers, {report['outcomes']} outcomes, {report['scenarios']} scenarios",
        "Loops": ", ".join(f"{name}{'' if found else ' (missing)'}" for name, found in report["loops"].items()),
    }
    if not report["units_failed"]:
        change = f"{report['step_halving_outcome']} ({report['step_halving_window']})"
        rows |= {
            "Model": f"{size}\n{hashes(report['model'], fit_hash(), report['posterior'])}",
            "Ledgers": "\n".join(f"{name}: closes to {error:.0e}" for name, error in report["ledgers"].items()),
            "Half the step": f"moves {change} by {100 * report['step_halving_max_change']:.2g} %, all others less",
        }
    made = table("", "")
    made.show_header = False
    for name, words in rows.items():
        made.add_row(name, words)
    console = screen()
    console.print(made)
    for problem in report["problems"]:
        console.print(f"✗ {problem}", soft_wrap=True)
    if not report["problems"]:
        console.print("Everything holds.")
