"""``contraflow forecast``: an entry of the register of forecasts, and scores of entries against what came."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from contraflow.cli.output import (
    Json,
    examples,
    notice,
    parts,
    print_json,
    require_folder,
    screen,
    table,
    write_files,
)
from contraflow.errors import ContraflowError

#: Whether PIT values keep inside their bands, None where they are too few to leave them.
_INSIDE = {True: "in", False: "out", None: "too few"}


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(
        invoke_without_command=True,
        rich_markup_mode="rich",
        epilog=examples("contraflow forecast", "contraflow forecast --origin 2024-12 --out forecasts"),
    )
    group.callback()(forecast)
    shown = examples("contraflow forecast score forecasts/2024-12-*.csv --observed outcomes.csv --record")
    group.command(epilog=shown)(score)
    app.add_typer(group, name="forecast", rich_help_panel="Model")


def forecast(
    context: typer.Context,
    origin: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM", help="Month in which the data end; the posterior's by default.", show_default=False
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the register.")] = Path("forecasts"),
    posterior: Annotated[
        Path | None, typer.Option(help="Posterior to forecast with; the one in force by default.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Write an entry of the register: quantiles of published figures for the years after the data end.

    An entry is written once. The same forecasts again leave it as it is; others under its name are refused.
    """
    if context.invoked_subcommand is not None:
        return
    require_folder(out)
    with parts("forecasting") as begin:
        from contraflow.inference.posterior import load_posterior
        from contraflow.validation.forecasts import file, register
        from contraflow.validation.forecasts.targets import month_name

        held = load_posterior(posterior)
        start = origin or month_name(round(float(held.attributes["data_until"]) * 12) - 1)
        begin(f"from {start}")
        entry = file.make(start, held)
        path, new = register.write(entry, out)
    if json:
        said = {"entry": str(path), "new": new, "forecasts": len(entry.quantiles), "made": entry.made}
        print_json(said | {"model_hash": entry.model_hash, "posterior_hash": entry.posterior_hash})
    else:
        typer.echo(f"{'forecasts' if new else 'unchanged'}: {path}")


def score(
    entries: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Entries of the register.")],
    observed: Annotated[
        Path | None,
        typer.Option(help="CSV with target_id, period, value; data added by default.", show_default=False),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Add the scores, of settled figures, to the scoreboard beside the entry.")
    ] = False,
    json: Json = False,
) -> None:
    """Score entries against what came, beside persistence, drift, ETS and ARIMA from the same origin.

    The first entry of an origin is of record; later ones are scored as its revisions.
    """
    with parts("scoring") as begin:
        from contraflow import evidence
        from contraflow.evidence import vintages
        from contraflow.validation.forecasts import file, observations, register, scoreboard, scores

        entries = [path for path in entries if path.name != scoreboard.TABLE] or entries  # *.csv holds the board too
        read = [file.read(path) for path in entries]
        held, today = vintages.layered(evidence.shipped(), vintages.newest()), datetime.date.today()
        if observed:
            known = observations.read_observations(observed, held, today, settled=record)
        else:
            known = observations.from_series(held, today)
        results, used = [], set()
        for path, entry in zip(entries, read, strict=True):
            begin(path.name)
            scored = scores.scored(entry, known)
            if not scored:
                raise ContraflowError(
                    f"none of the observations is of a forecast in {path} that is scored; sums of 12 months are where "
                    "they end whole years after its origin"
                )
            used |= {(s.target, s.period) for s in scored}
            results.append((path, entry, register.standing(path), scores.summary(scored)))
    if observed and (unused := [" ".join(key) for key in known if key not in used]):
        notice(f"{len(unused)} of {len(known)} observations are of no forecast that is scored, the first {unused[0]}")
    if early := [" ".join(key) for key in observations.unsettled(known, today)]:
        notice(f"{len(early)} of {len(known)} observations are not settled and may change, the first {early[0]}")
    for path, entry, standing, summary in results:
        if record:
            files = scoreboard.contents(path.parent, scoreboard.rows(entry, standing, known, summary))
            if files:
                write_files(path.parent, files)
            notice(f"{'added to' if files else 'already in'} {path.parent / scoreboard.TABLE}")
    if json:
        print_json({"scores": [{"entry": str(p), "standing": s, "targets": rows} for p, _, s, rows in results]})
        return
    for path, _, standing, summary in results:
        _print(f"{path}, {standing}: log-CRPS, coverage, PIT", summary)


def _print(title: str, summary: Sequence[Mapping[str, Any]]) -> None:
    rivals = list(summary[0]["skill"])
    right = ("n", "model", *rivals, "50 %", "80 %", "95 %", "PIT")
    made = table("Target", "n", "From", "To", *right[1:], right=right, title=title)
    for row in summary:
        values = [f"{row['crps'][who]:.3f}" for who in ("model", *rivals)]
        inside = [f"{100 * share:.0f}" for share in row["coverage"].values()]
        mean = sum(row["pit"]) / len(row["pit"])
        pit = f"{mean:.2f} {_INSIDE[row['pit_inside_bands']]}"
        made.add_row(row["target"], str(row["forecasts"]), row["first"], row["last"], *values, *inside, pit)
    screen().print(made)
