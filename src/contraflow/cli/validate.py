"""``contraflow validate``: what the model is worth, from stored results and quick ones, and making those results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from contraflow.cli.output import Json, examples, notice, parts, print_json, screen, table
from contraflow.errors import ContraflowError

FAILED = 1
#: Intervals of forecasts, in per cent.
LEVELS = ("50", "80", "95")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    shown = examples(
        "contraflow validate",
        "contraflow validate --quick",
        "contraflow validate --json",
        "contraflow validate --part held-back",
    )
    app.command(epilog=shown, rich_help_panel="Model")(validate)


def validate(
    quick: Annotated[bool, typer.Option("--quick", help="Run light versions now; nothing is stored.")] = False,
    part: Annotated[
        list[str] | None, typer.Option("--part", metavar="NAME", help="Run this part in full and store it.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Run in full every part that is missing or stale. Takes hours.")
    ] = False,
    json: Json = False,
) -> None:
    """How far to trust the model: forecasts against rivals, effects held back, structure, calibration.

    Heavy parts are read from the results that ship. Each part is stored with the package as soon as it is done, as is
    what a part of many fits takes of each; a fit under way is kept in build/validation of the folder that the command
    is run from. Begun again in the same folder, --part and --all go on. Ends with status 1 where a test of structure
    fails.
    """
    if quick and (part or everything):
        raise ContraflowError("--quick stores nothing, and --part and --all store: write one or the other")
    with parts("validating") as begin:
        from contraflow.validation import validate as validation

        if part or everything:
            for path in validation.make([*(part or []), *(validation.due() if everything else [])], begin):
                notice(f"stored: {path}")
        whole = validation.validate(begin, quick)
    if json:
        print_json(whole)
    else:
        _print(whole)
    if any(row["verdict"] == "fails" for row in whole["barlas"] or ()):
        raise typer.Exit(FAILED)


def _print(whole: Mapping[str, Any]) -> None:
    made = table("Part", "Result")
    made.show_header = False
    for name, words in _summary(whole).items():
        made.add_row(name, words)
    console = screen()
    console.print(made)
    if whole["held_back"]:
        console.print(_held_back(whole["held_back"]))
    for row in whole["barlas"] or ():
        if row["verdict"] == "fails":
            console.print(f"✗ {row['id']}: {row['evidence']}", soft_wrap=True)
    for kind in ("stale", "missing"):
        for row in whole[kind]:
            repair = f": `{row['command']}`" if row["command"] else ""
            console.print(f"{kind}: {row['part']}, {row['why']}{repair}", soft_wrap=True)


def _summary(whole: Mapping[str, Any]) -> dict[str, str]:
    """One line a part that there is a result of."""
    lines = {"Fit": f"{whole['model']}, posterior {whole['posterior']}"}
    if d := whole["diagnostics"]:
        lines["Sampling"] = ", ".join(f"{name} {value:.4g}" for name, value in d.items() if value is not None)
    if whole["predictive"]:
        strange = whole["predictive"]["strange"]
        lines["Predictive checks"] = f"{strange['features']} of {strange['of']} features of series are strange at 1 %"
    for rival, q in (whole["skill"] or {}).items():
        lines[f"Skill against {rival}"] = f"{q['value']:+.2f} ({q['q05']:+.2f} to {q['q95']:+.2f})"
    if whole["pit_inside_bands"] is not None:
        lines["PIT"] = "inside its bands" if whole["pit_inside_bands"] else "outside its bands"
    if rows := [row for row in whole["backtests"] or () if row["weight"]]:
        lines["Coverage"] = _coverage(rows)
    if rows := whole["true_supply"]:
        from contraflow.validation.true_supply import ALL_DRUGS

        lines["Told the true supply"] = ", ".join(
            f"{r['year']} from {r['origin']} {100 * (r['median'] / r['observed'] - 1):+.0f} %"
            for r in rows
            if r["series"] == ALL_DRUGS
        )
    if s := whole["sbc"]:
        inside = f"{s['inside_bands']} of {s['quantities']} quantities inside their 95 % bands"
        expected = f"{0.05 * s['quantities']:.1f} expected outside by chance"
        lines["Calibration"] = f"{s['datasets']} data sets, {inside} ({expected})"
    if r := whole["recovery"]:
        lines["Recovery"] = f"{r['histories']} histories, {100 * r['coverage_90']:.0f} % inside 90 % intervals"
    if r := whole["posterior_sbc"]:
        inside = f"{100 * r['coverage_90']:.0f} % inside 90 % intervals"
        ranks = f"ranks of {r['inside_bands']} of {r['quantities']} quantities inside their 95 % bands"
        lines["Posterior calibration"] = f"{r['histories']} histories beside ours, {inside}; {ranks}"
    if whole["alternatives"]:
        ranked = sorted(whole["alternatives"], key=lambda row: -row["stacking_weight"])
        lines["Other structures"] = ", ".join(f"{r['id']} {100 * r['stacking_weight']:.0f} %" for r in ranked)
    if whole["barlas"]:
        counts = Counter(row["verdict"] for row in whole["barlas"])
        lines["Structure"] = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
    return lines


def _coverage(rows: list[Mapping[str, Any]]) -> str:
    """Shares of the outcomes pooled that lie inside the central intervals forecast for them."""
    of = sum(row["weight"] for row in rows)
    inside = {p: sum(row["weight"] * row["coverage"][p] for row in rows) / of for p in LEVELS}
    told = ", ".join(f"{100 * share:.0f} % at {p} %" for p, share in inside.items())
    return f"{len(rows)} forecasts; outcomes inside their intervals: {told}"


def _held_back(rows: list[Mapping[str, Any]]) -> Any:
    made = table("Held back", "Published", "Model, 90 %", "Verdict")
    for row in rows:
        q = row["model"]
        predicted = f"{100 * q['median']:+.1f} % ({100 * q['q05']:+.1f} to {100 * q['q95']:+.1f})" if q else "–"
        made.add_row(row["id"], row["published"]["text"], predicted, row["verdict"])
    return made
