"""``contraflow export``: the model in the formats of other tools."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.output import Json, examples, parts, print_json, require_folder, screen, write_files
from contraflow.errors import ContraflowError

if TYPE_CHECKING:
    from contraflow.engine.xmile import Export
    from contraflow.inference.posterior import Posterior
    from contraflow.policy import Scenario


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    formats = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    formats.callback()(export)
    shown = examples(
        "contraflow export xmile model.xmile",
        "contraflow export xmile strikes.xmile --scenario strikes --draw 12 --until 2030",
        "contraflow export xmile short.xmile --once --json",
    )
    formats.command(epilog=shown)(xmile)
    app.add_typer(formats, name="export", rich_help_panel="Results")


def export() -> None:
    """Write the model for other tools."""


def xmile(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write, as model.xmile.", show_default=False)],
    scenario: Annotated[
        str | None,
        typer.Option(help="A shipped scenario, or the path of a YAML file; without it, no policy.", show_default=False),
    ] = None,
    draw: Annotated[
        int | None,
        typer.Option(min=0, help="Posterior draw, counted from 0; the medians by default.", show_default=False),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Last year or month; the scenario's own, or 2035, by default.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Each equation once, for reading; numbers then depend on the tool.")
    ] = False,
    json: Json = False,
) -> None:
    """Every equation and unit as XMILE, for one draw, and what XMILE cannot express.

    Tools that read it get the numbers of `contraflow run`. What varies stands twice for that, because XMILE lacks the
    midpoint rule; --once leaves the second copy out.
    """
    folder = file.absolute().parent
    require_folder(folder)
    if file.is_dir():
        raise ContraflowError(f"{file} is a folder: name a file in it")
    asked = _scenario(scenario, until)
    with parts("exporting"):
        exported = _exported(asked, draw, once)
    write_files(folder, {file.name: exported.text.encode()})
    if json:
        limits = list(exported.limits)
        print_json({"file": str(file), "variables": exported.variables, "cannot_express": limits})
        return
    console = screen()
    console.print(f"{file}: {exported.variables} variables.\n\nWhat XMILE cannot express:", soft_wrap=True)
    for limit in exported.limits:
        console.print(f"- {limit}", soft_wrap=True)


def _scenario(name: str | None, until: str | None) -> Scenario:
    from contraflow.policy import Scenario, parse_end

    scenario = Scenario.load(name) if name is not None else Scenario(id="baseline")
    try:
        return scenario if until is None else replace(scenario, horizon=parse_end(until))
    except ValueError as error:
        raise ContraflowError(f"--until: {error}") from None


def _exported(scenario: Scenario, draw: int | None, once: bool) -> Export:
    """The reference model under a scenario, for one draw of the posterior or for its medians."""
    import contraflow
    from contraflow import evidence
    from contraflow.analysis.assumptions import believed
    from contraflow.engine.xmile import export as as_xmile
    from contraflow.inference.posterior import load_posterior
    from contraflow.policy.inputs import build_inputs
    from contraflow.system import reference_model
    from contraflow.system.calendar import monthly_grid

    posterior, imposed = believed(load_posterior(), scenario.assume)
    one = _medians(posterior) if draw is None else _chosen(posterior, draw)
    grid = monthly_grid(scenario.horizon)
    latents = {name: path[:, 0] for name, path in one.latents(grid.step_times).items()}
    return as_xmile(
        reference_model(scenario.extensions),
        {**one.parameters(), **imposed},
        build_inputs(grid, scenario, latents),
        grid,
        title=f"contraflow: {scenario.id}, {'posterior medians' if draw is None else f'draw {draw}'}",
        once=once,
        product=("contraflow", contraflow.__version__),
        documentation={p.id: p.label.en for p in evidence.load().parameters.values()},
    )


def _medians(posterior: Posterior) -> Posterior:
    """The median of everything uncertain, each by itself, as one draw."""
    import numpy as np

    return replace(
        posterior,
        coordinates={k: np.median(v, keepdims=True) for k, v in posterior.coordinates.items()},
        innovations={k: np.median(v, axis=1, keepdims=True) for k, v in posterior.innovations.items()},
        discrepancy={k: np.median(v, axis=1, keepdims=True) for k, v in posterior.discrepancy.items()},
    )


def _chosen(posterior: Posterior, draw: int) -> Posterior:
    import numpy as np

    if draw >= posterior.draws:
        raise ContraflowError(f"--draw {draw}: the posterior has draws 0 to {posterior.draws - 1}")
    return posterior.take(np.array([draw]))
