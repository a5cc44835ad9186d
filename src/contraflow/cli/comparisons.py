"""``contraflow run``: scenarios against the same draws without their policy, as tables, JSON and files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from contraflow.cli.output import (
    Json,
    examples,
    json_bytes,
    notice,
    print_json,
    progress,
    require_folder,
    screen,
    table,
    write_files,
)
from contraflow.errors import ContraflowError

if TYPE_CHECKING:
    from contraflow.analysis.runs import Comparison, Effect, Result
    from contraflow.policy import Scenario

EVIDENCE_END = 2031.0

#: A difference below this share of the baseline, at both ends of its 90 % interval, is shown as about nothing.
NOTHING = 0.001


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    shown = examples(
        "contraflow run harm-reduction",
        "contraflow run harm-reduction strikes --until 2030 --out results",
        "contraflow run --set us.health.naloxone=x2@2027-01~24m",
        "contraflow run harm-reduction --assume titration=0.5 --assume depletion=off --json",
        "contraflow run baseline --extension prevention --set us.health.prevention=2@2027",
    )
    app.command(epilog=shown, rich_help_panel="Results")(run)


def run(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Shipped scenarios, or paths of YAML files.")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Posterior draws.")] = 500,
    until: Annotated[
        str | None, typer.Option(help="Last year or month of the window; the scenario's own by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for one JSON and one CSV file a scenario.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="LEVER=VALUE@DATE~RAMP", help="One more step of a policy."),
    ] = None,
    assumptions: Annotated[
        list[str] | None,
        typer.Option("--assume", metavar="NAME=VALUE", help="A belief: off, a number, or a range as in 0.1..0.5."),
    ] = None,
    extensions: Annotated[list[str] | None, typer.Option("--extension", metavar="NAME", help="Switch one on.")] = None,
    json: Json = False,
) -> None:
    """Effects of policies: each scenario against the same draws without its policy.

    Without SCENARIO, the policy is what --set says. Assumptions hold on both sides of every comparison.
    """
    from contraflow.analysis.remarks import remarks

    require_folder(out)
    asked = _scenarios(scenarios or [], settings or [], assumptions or [], extensions or [], until)
    comparisons = _compare(asked, draws)
    if out is not None:
        contents: dict[str, bytes] = {}
        for comparison in comparisons:
            contents[f"{comparison.scenario.id}.json"] = json_bytes(comparison.to_dict())
            contents[f"{comparison.scenario.id}.csv"] = _csv(comparison)
        paths = write_files(out, contents)
    if json:
        print_json({"runs": [comparison.to_dict() for comparison in comparisons]})
    for comparison in comparisons:
        if json:
            for remark in remarks(comparison):
                notice(f"{comparison.scenario.id}: {remark}")
        else:
            _print(screen(), comparison)
    if out is not None:
        notice(f"written: {', '.join(str(path) for path in paths)}")


def _scenarios(
    names: list[str], settings: list[str], assumptions: list[str], extensions: list[str], until: str | None
) -> list[Scenario]:
    """The scenarios asked for, checked before anything runs."""
    from contraflow.inference.posterior import data_end
    from contraflow.policy import Scenario

    if not names and not settings and not assumptions:
        raise ContraflowError(
            f"nothing to run: name a scenario ({', '.join(Scenario.shipped())}) or write --set LEVER=VALUE@DATE"
        )
    found: list[Scenario] = []
    for scenario in [Scenario.load(name, extensions) for name in names] or [Scenario(extensions=tuple(extensions))]:
        for setting in settings:
            scenario = scenario.with_policy(setting)
        for assumption in assumptions:
            scenario = scenario.with_assumption(assumption)
        if until is not None:
            scenario = _ending(scenario, until)
        begin = scenario.first_lever_date() or data_end()
        if scenario.horizon <= begin:
            raise ContraflowError(
                f"{scenario.id}: nothing is left of the window, which begins in {_month(begin)}; write a later --until"
            )
        if scenario.id in {other.id for other in found}:
            raise ContraflowError(f"two scenarios are called '{scenario.id}': rename one of the files")
        found.append(scenario)
    return found


def _ending(scenario: Scenario, until: str) -> Scenario:
    """The scenario with another end of its window."""
    from contraflow.policy import ScenarioError, parse_end

    try:
        return replace(scenario, horizon=parse_end(until))
    except ScenarioError as error:
        raise ContraflowError(f"--until {until}: {error.message}") from None
    except ValueError as error:
        raise ContraflowError(f"--until: {error}") from None


def _month(date: float) -> str:
    from contraflow.policy import format_date

    return format_date(date)


def _compare(asked: list[Scenario], draws: int) -> list[Comparison]:
    """Comparisons in order; scenarios that differ by policy alone share one baseline."""
    with progress("loading the model"):
        from contraflow.analysis.runs import load

        model = load()
    baselines: dict[Any, Result] = {}
    total = draws * (len(asked) + len({_frame(scenario) for scenario in asked}))
    comparisons = []
    with progress("running", total) as advance:
        for scenario in asked:
            frame = _frame(scenario)
            comparison = model.compare(scenario, draws, baseline=baselines.get(frame), progress=advance)
            baselines[frame] = comparison.baseline
            comparisons.append(comparison)
    return comparisons


def _frame(scenario: Scenario) -> str:
    """What two scenarios must share for one baseline: everything but the policy and the outcomes reported."""
    content = scenario.content()
    return json_bytes([content["assume"], content["extensions"], content["horizon"]]).decode()


def _csv(comparison: Comparison) -> bytes:
    """One row an outcome and quantity: its quantiles over draws, or of those of the difference the standard errors."""
    columns = ("median", "q05", "q25", "q75", "q95")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    about = ("scenario", "from", "until", "outcome", "unit", "window_is", "quantity")
    made = _made(comparison)
    writer.writerow((*about, *columns, "p_reduction", "from_assumption", "why", *made))
    content = comparison.to_dict()
    for name, effect in content["outcomes"].items():
        for quantity in ("baseline", "policy", "difference", "sampling_sd", "versus_today"):
            certain: tuple[Any, ...] = ("", "", "")
            if quantity == "difference":
                resting = effect["support"]
                certain = (
                    effect["p_reduction"],
                    "yes" if resting["from_assumption"] else "no",
                    "; ".join(resting["why"]),
                )
            row = (content["scenario"], *content["window"], name, effect["unit"], effect["window_is"], quantity)
            writer.writerow((*row, *(effect[quantity][column] for column in columns), *certain, *made.values()))
    return text.getvalue().encode()


def _made(comparison: Comparison) -> dict[str, Any]:
    """What made the numbers of a comparison: columns that tell its rows from those of any other run."""
    from contraflow.analysis.wording import setting_words

    scenario, posterior = comparison.scenario, comparison.posterior
    assumed = {
        name: "..".join(f"{end:g}" for end in value) if isinstance(value, tuple) else value
        for name, value in scenario.assume.written.items()
    }
    return {
        "model": comparison.fingerprint["model"],
        "fit": posterior.attributes["model_hash"],
        "posterior": comparison.fingerprint["posterior"],
        "draws": comparison.draws,
        "settings": " | ".join(f"{lever} {words}" for lever, words in setting_words(scenario).items()),
        "assumptions": "; ".join(f"{name}={value}" for name, value in assumed.items()),
        "extensions": "; ".join(scenario.extensions),
        "scenario_hash": scenario.hash,
    }


def _print(console: Console, comparison: Comparison) -> None:
    from contraflow.analysis.wording import setting_words
    from contraflow.report.fit_record import hashes

    scenario, content = comparison.scenario, comparison.to_dict()
    label = scenario.label.en if scenario.label else scenario.id
    first, last = content["window"]
    console.print(f"{scenario.id}: {label}" if label != scenario.id else scenario.id, style="bold", soft_wrap=True)
    for lever, words in setting_words(scenario).items():
        console.print(f"  {lever}  {words}", soft_wrap=True)
    console.print(f"Window {first} to {last}, {comparison.draws} draws")
    fit = comparison.posterior.attributes["model_hash"]
    console.print(f"{hashes(content['model'], fit, content['posterior'])}\n", soft_wrap=True)
    effects = {name: comparison.effect(name) for name in content["outcomes"]}
    console.print(_effect_table(effects))
    console.print()
    console.print(_today_table(effects))
    if scenario.horizon > EVIDENCE_END:
        console.print("\nYears after 2030 lie beyond the evidence.")
    for remark in content["remarks"]:
        console.print(f"\n{remark}")
    console.print()


def _effect_table(effects: Mapping[str, Effect]) -> Any:
    from contraflow.analysis.wording import percent, signed, significant

    columns = ("Baseline", "Policy", "Difference", "50 % interval", "90 % interval", "P(reduction)")
    made = table("Effect of the policy", "Unit", *columns, right=columns)
    for name, effect in effects.items():
        d = effect.difference
        cells = [name, _unit(effect), significant(effect.baseline["median"]), significant(effect.policy["median"])]
        if _is_nothing(effect):
            cells += ["about 0", "–", "–", "–"]
        else:
            cells += [
                signed(d["median"]),
                f"{signed(d['q25'])} to {signed(d['q75'])}",
                f"{signed(d['q05'])} to {signed(d['q95'])}",
                percent(effect.p_reduction) + (" *" if effect.support.from_assumption else "  "),
            ]
        made.add_row(*cells)
    made.caption = (
        "Medians. Difference: policy minus baseline, paired draw by draw. About 0: less than 0.1 %.\n"
        "* Follows from assumption: most of its spread or size comes from what data did not inform; --json says why."
    )
    made.caption_justify = "left"
    return made


def _today_table(effects: Mapping[str, Effect]) -> Any:
    from contraflow.analysis.wording import signed

    columns = ("Change", "50 % interval", "90 % interval")
    made = table("Against the model's 2024 (not the effect of the policy)", "Unit", *columns, right=columns)
    for name, effect in effects.items():
        c = effect.versus_today
        made.add_row(
            name,
            _unit(effect),
            signed(c["median"]),
            f"{signed(c['q25'])} to {signed(c['q75'])}",
            f"{signed(c['q05'])} to {signed(c['q95'])}",
        )
    made.caption = (
        "With the policy, against the model's own level of 2024, not the counted one, carried over the window: what "
        "else changes is in it too."
    )
    made.caption_justify = "left"
    return made


def _unit(effect: Effect) -> str:
    unit = "share" if effect.unit == "1" else effect.unit
    return f"{unit}, {'total' if effect.window_is == 'sum' else 'mean'}"


def _is_nothing(effect: Effect) -> bool:
    limit = NOTHING * abs(effect.baseline["median"])
    return max(abs(effect.difference["q05"]), abs(effect.difference["q95"])) <= limit
