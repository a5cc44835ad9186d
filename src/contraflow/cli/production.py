"""Commands that take long: the study with its report, and the fit that makes a posterior."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.output import Json, examples, notice, print_json, progress, require_folder, write_files
from contraflow.errors import ContraflowError

if TYPE_CHECKING:
    from contraflow.inference.fit import Plan
    from contraflow.inference.posterior import Posterior


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    shown = examples("contraflow study", "contraflow study border --out reports/latest --draws 500")
    app.command(epilog=shown, rich_help_panel="Results")(study)
    shown = examples("contraflow fit --quick --out trial.nc", "contraflow fit --seed 7")
    app.command(epilog=shown, rich_help_panel="Model")(fit)


def study(
    name: Annotated[str, typer.Argument(help="Name of the study.")] = "border",
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("reports/latest"),
    draws: Annotated[int, typer.Option(min=1, help="Posterior draws.")] = 500,
    json: Json = False,
) -> None:
    """Run a study and write its report: figures, tables and what they show."""
    require_folder(out)
    from contraflow.report.study import run_study, study_size

    with progress(f"study {name}", study_size(name, draws)) as advance:
        result = run_study(name, out, draws, advance)
    if json:
        told = {"study": name, "report": str(result.report_path), "summary": result.summary_text}
        print_json(told | {"findings": result.findings})
        return
    typer.echo(result.summary_text)


def fit(
    quick: Annotated[bool, typer.Option("--quick", help="A short fit, to try things out.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="File to write; the shipped posterior by default.", show_default=False)
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Refit to all data added, from the last posterior; then it is in force.")
    ] = False,
    json: Json = False,
) -> None:
    """Fit the model to data and write the posterior, as NetCDF that ArviZ reads; figures added count with --update.

    A report of the fit is written beside it, with the ending .md: how the sampling went, and how well data are covered.
    Takes long. Work is saved beside the output as it is done: stopped, and begun again with the same options, the fit
    goes on from there and ends with the same draws, but for rounding.
    """
    from contraflow.inference.fit import FULL, QUICK

    if update and (quick or out):
        raise ContraflowError("--update writes the posterior in force, in full: leave out --quick and --out")
    if out and out.suffix.lower() == ".md":
        raise ContraflowError(f"{out} is where the report goes: name the posterior {out.with_suffix('.nc')}")
    _sums_on_one_thread()
    path, report, failed = _update(seed) if update else _fit(seed, QUICK if quick else FULL, out)
    if json:
        print_json({"posterior": str(path), "report": str(report), "seed": seed, "quick": quick})
    else:
        typer.echo(f"posterior: {path}\nreport: {report}\ncriteria not met: {'; '.join(failed) or 'none'}")


def _sums_on_one_thread() -> None:
    """Start compiled code with one thread, where the system can; the kernel's own threads may use every core.

    Compiled sums are divided over threads, chains amplify the rounding, and draws would differ by number of cores. The
    kernel divides chains, which changes no bit.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    import jax

    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        jax.devices()  # starts as many threads as there are cores for it now
    finally:
        for thread in os.listdir("/proc/self/task"):
            with suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(int(thread), cores)


def _last() -> Posterior:
    """The posterior in force; the shipped one where the user's was fitted to another model or to other vintages."""
    from contraflow.evidence import vintages
    from contraflow.inference.posterior import PosteriorError, load_posterior, shipped_path

    if vintages.posterior_path() is not None:
        try:
            return load_posterior()
        except PosteriorError as error:
            notice(f"{error}; beginning from the posterior that ships")
    with vintages.trial(()):
        return load_posterior(shipped_path())


def _fit(seed: int, plan: Plan, out: Path | None) -> tuple[Path, Path, list[str]]:
    """Fit to what ships; returns the posterior, its report and the criteria that fail."""
    from contraflow.evidence import vintages
    from contraflow.inference.fit import fit as fit_model
    from contraflow.inference.fit import fit_size

    with vintages.trial(()):
        with progress("fit", fit_size(plan)) as advance:
            path = fit_model(seed=seed, plan=plan, out=out, log=notice, progress=advance)
        return path, *_report(path)


def _update(seed: int) -> tuple[Path, Path, list[str]]:
    """Refit to every vintage that the user holds, from the posterior in force, and put both in force.

    Returns the posterior, its report and the criteria that fail.
    """
    from contraflow.evidence import vintages
    from contraflow.inference.fit import UPDATE, fit_size
    from contraflow.inference.fit import fit as fit_model
    from contraflow.inference.posterior import data_end, fit_hash

    held, last = vintages.newest(), _last()
    with vintages.trial(held):
        if last.attributes["model_hash"] == fit_hash():
            raise ContraflowError(
                "no figure that the fit takes (half-years and years, mostly) was added or revised since the last one: "
                "add a file with `contraflow data add FILE`"
            )
        until = data_end()
        with progress("fit", fit_size(UPDATE, until)) as advance:
            out = vintages.folder() / "update.nc"
            made = fit_model(seed, UPDATE, out, notice, advance, until, last=last)
        report, failed = _report(made)
        vintages.put_in_force(held, made)
    return vintages.folder() / "posterior.nc", report.replace(vintages.folder() / "posterior.md"), failed


def _report(posterior: Path) -> tuple[Path, list[str]]:
    """Write the report of a fit beside its posterior; returns it and the criteria that fail, each in words."""
    from contraflow.inference.posterior import load_posterior
    from contraflow.report import fit_report
    from contraflow.report.fit_record import criteria, fit_record

    made = load_posterior(posterior)
    (report,) = write_files(posterior.parent, {f"{posterior.stem}.md": fit_report.text(made).encode()})
    failed = [f"{c.label} {c.found} ({c.required})" for c in criteria(fit_record(made)) if not c.met]
    return report, failed
