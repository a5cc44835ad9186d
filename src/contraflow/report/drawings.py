"""Which figures a study has, and the finding that each states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from contraflow import evidence
from contraflow.analysis.runs import Comparison
from contraflow.evidence import Series
from contraflow.inference.problem import DATA_END
from contraflow.report import figures
from contraflow.report.figures import BLUE, HEIGHT, ORANGE, WIDTH, Fan, Picture, picture
from contraflow.report.findings import LAST_YEAR, Finding, leading_cause
from contraflow.report.wording import CLEAR, format_date, people, share_percent, significant

if TYPE_CHECKING:
    from contraflow.report.study import Study

BANDS = (
    "Dark band 50 %, pale band 90 % of draws, of what the model expects, without the scatter of single counts; line: "
    "median. Paler after 2030: beyond the evidence."
)


def all_pictures(study: Study) -> dict[str, Picture]:
    """Every figure of a study, by name, in the order shown."""
    made = [*fans(study), effects(study), differences(study), *maps(study), *laboratories(study), fall(study)]
    return {p.name: p for p in made}


def _observed(series: Series, factor: float = 1.0, per_year: bool = False) -> tuple[Series, float, bool]:
    return series, factor, per_year


def _source_line(*series: Series) -> str:
    known = evidence.load().sources
    publishers = sorted({known[r.source].publisher for s in series for r in s.rows if r.source in known})
    return f"Points: {'; '.join(publishers)}." if publishers else ""


def _outlook(values: xr.DataArray, form: Callable[[float], str]) -> str:
    """Level at the end of the data and of the evidence, and whether the change between them has a clear sign."""
    years = np.floor(values["time"].values + 1e-6).astype(int)
    now, then = (values.values[years == y].mean(axis=0) for y in (int(DATA_END) - 1, LAST_YEAR))
    low, high = (form(float(x)) for x in np.quantile(then, [0.05, 0.95]))
    level = f"{form(float(np.median(now)))} in {int(DATA_END) - 1}"
    for word, moved in (("rising", then > now), ("falling", then < now)):
        if moved.mean() >= CLEAR:
            return f"{level}, {word} to between {low} and {high} in {LAST_YEAR}"
    return f"{level}, {low} to {high} in {LAST_YEAR}; rise or fall is undecided"


def fans(study: Study) -> list[Picture]:
    """Baseline fan charts with the observations behind them."""
    s = evidence.load().series
    base = study.baseline
    pick = base.data
    charts = (
        ("overdose-deaths", "Overdose deaths, all drugs", 2000.0, "deaths a year", people,
         [Fan("", base.series("us.overdose_deaths"), BLUE, (_observed(s["us.deaths.all_drugs.annual"]),))]),
        ("synthetic-opioid-deaths", "Deaths with synthetic opioids", 2010.0, "deaths a year", people,
         [Fan("", base.series("us.synthetic_opioid_deaths"), BLUE,
              (_observed(s["us.deaths.synthetic_opioids.annual"]),))]),
        ("fentanyl-purity", "Purity of street fentanyl", 2015.0, "purity of powder", share_percent,
         [Fan("", base.series("us.fentanyl_purity"), BLUE, (_observed(s["us.market.fentanyl_powder_purity"]),))]),
        ("fentanyl-seized", "Fentanyl seized at the border, kilograms a year", 2013.0,
         "kg a year, gross", people,
         [Fan("", base.series("border.fentanyl_seized"), BLUE,
              (_observed(s["border.seized.fentanyl.half_year"], per_year=True),
               _observed(s["border.seized.fentanyl.pre2019"])))]),
        ("people-on-medication", "People on methadone or buprenorphine", 2000.0, "people", people,
         [Fan("methadone", pick["methadone_patients"], ORANGE, (_observed(s["us.treatment.methadone"]),)),
          Fan("buprenorphine", pick["buprenorphine_patients"], BLUE, (_observed(s["us.treatment.buprenorphine"]),))]),
        ("opioid-use-disorder", "People with opioid use disorder", 2000.0, "people", people,
         [Fan("", base.series("us.opioid_use_disorder"), BLUE)]),
    )  # fmt: skip
    made = []
    for name, opening, first, unit, form, drawn in charts:
        total = drawn[0].values if len(drawn) == 1 else drawn[0].values + drawn[1].values
        title = f"{opening}, in the model: {_outlook(total, form)}"
        used = [p[0] for f in drawn for p in f.points]
        none = "No count of the whole exists to compare: surveys inform the shape only."
        caption = f"{BANDS} {_source_line(*used) if used else none}"
        made.append(
            picture(
                name,
                title,
                f"Fan chart, {int(first)} to 2035, {unit}. {title}.",
                caption,
                study.footer,
                lambda f, d=drawn, a=first, u=unit, n=name: figures.fan_chart(f, d, a, u, n == "fentanyl-purity"),
                (WIDTH, HEIGHT),
            )
        )
    return made


def effects(study: Study) -> Picture:
    """The policies side by side, on overdose deaths to 2030."""
    rows = [(study.comparisons[s].scenario.label.en, by["us.overdose_deaths"]) for s, by in study.short.items()]
    rows.sort(key=lambda r: r[1].relative["median"])
    title = _effects_title(rows)
    lines = [f"{label}: {_effect_in_words(f)}, {f.verdict.text}" for label, f in rows]
    caption = (
        "Thin bar 90 %, thick bar 50 % of draws, ring: median. Blue: clearly or leaning lower; orange: clearly or "
        "leaning higher; grey: undecided, or no effect worth naming. Each window starts at the policy’s own first date."
    )
    return picture(
        "effects", title, f"{title}. {'; '.join(lines)}.", caption, study.footer,
        lambda f: figures.effects_chart(f, rows), (WIDTH, 0.9 + 0.42 * len(rows)),
    )  # fmt: skip


def _effects_title(rows: Sequence[tuple[str, Finding]]) -> str:
    """How many signs are clear; sizes of those alone."""
    clear = [(label, f) for label, f in rows if f.verdict.strength == "clear"]
    about = f"sign on overdose deaths to {LAST_YEAR}"
    if not clear:
        return f"None of {len(rows)} policies has a clear {about}"
    parts = [f"{len(clear)} of {len(rows)} policies {'has' if len(clear) == 1 else 'have'} a clear {about}"]
    (best, first), (worst, last) = clear[0], clear[-1]
    if first.verdict.direction == "lower":
        parts.append(f"largest median cut: {share_percent(abs(first.relative['median']))}, “{best}”{_assumed(first)}")
    if last.verdict.direction == "higher":
        parts.append(f"largest median rise: {share_percent(last.relative['median'])}, “{worst}”{_assumed(last)}")
    return "; ".join(parts)


def _assumed(f: Finding) -> str:
    return " (follows from assumption)" if f.verdict.from_assumption else ""


def _effect_in_words(f: Finding) -> str:
    low, high = (share_percent(f.relative[q], sign=True) for q in ("q05", "q95"))
    if f.verdict.strength in ("undecided", "negligible"):
        return f"{low} to {high}"
    return f"{share_percent(f.relative['median'], sign=True)} ({low} to {high})"


def differences(study: Study) -> Picture:
    """How each policy's effect on overdose deaths unfolds over the years."""
    by_label = {c.scenario.label.en: c for c in study.comparisons.values()}
    peaks = [
        (c.scenario.label.en, study.short[s]["us.overdose_deaths"], *peak)
        for s, c in study.comparisons.items()
        if study.short[s]["us.overdose_deaths"].verdict.strength == "clear" and (peak := _clear_peak(c))
    ]
    if peaks:
        label, found, year, low, middle, high = max(peaks, key=lambda p: abs(p[4]))
        word = "fewer" if middle < 0 else "more"
        small, large = sorted((abs(low), abs(high)))
        title = (
            f"Largest clear median effect of one year to {LAST_YEAR}: {significant(abs(middle))} {word} deaths in "
            f"{year} ({significant(small)} to {significant(large)}), “{label}”{_assumed(found)}"
        )
    else:
        title = f"Effects on overdose deaths year by year to {LAST_YEAR}: all undecided or too small to name"
    caption = "Bands of 50 and 90 % of paired draws, by calendar year; paler after 2030: beyond the evidence."
    return picture(
        "differences", title, f"Small multiples of the yearly difference in overdose deaths, one policy each. {title}.",
        caption, study.footer, lambda f: figures.difference_panels(f, by_label, "us.overdose_deaths"),
        (WIDTH * 1.25, 4.0),
    )  # fmt: skip


def _clear_peak(comparison: Comparison) -> tuple[int, float, float, float] | None:
    """Year and quantiles of the largest median difference in deaths whose 90 % interval leaves out zero."""
    d = comparison.policy.annual("us.overdose_deaths") - comparison.baseline.annual("us.overdose_deaths")
    d = d.sel(year=slice(int(DATA_END), LAST_YEAR))
    rows = zip(d["year"].values, *d.quantile([0.05, 0.5, 0.95], dim="draw").values, strict=True)
    clear = [(int(y), float(a), float(b), float(c)) for y, a, b, c in rows if a * c > 0]
    return max(clear, key=lambda r: abs(r[2]), default=None)


def maps(study: Study) -> list[Picture]:
    """Threshold maps of the supply policies."""
    made = []
    shown = {k: t for k, t in study.maps.items() if "pass_through" in t.dims}
    scale = max((float(np.abs(t["relative_difference"]).max()) for t in shown.values()), default=0.0)
    for name, table in shown.items():
        title = f"{study.comparisons[table.attrs['scenario']].scenario.label.en}: {_map_title(table)}"
        made.append(
            picture(
                f"thresholds-{name}", title, f"Heat maps of spare capacity by months to rebuild. {title}.",
                _map_caption(table), study.footer, lambda f, t=table: figures.threshold_chart(f, t, scale),
                (WIDTH * 1.25, 3.7),
            )
        )  # fmt: skip
    return made


def laboratories(study: Study) -> list[Picture]:
    """The map of spare capacity by number of laboratories."""
    made = []
    for name, table in study.maps.items():
        if "lab_count" not in table.dims:
            continue
        title = f"{study.comparisons[table.attrs['scenario']].scenario.label.en}, few laboratories: {_map_title(table)}"
        scale = float(np.abs(table["relative_difference"]).max())
        made.append(
            picture(
                f"thresholds-{name}", title, f"Heat map of spare capacity by number of laboratories. {title}.",
                f"{_map_caption(table)} Colours have a scale of their own.", study.footer,
                lambda f, t=table, s=scale: figures.laboratory_chart(f, t, s), (WIDTH, 3.4),
            )
        )  # fmt: skip
    return made


def _map_title(table: xr.Dataset) -> str:
    """In how many cells a fall of 1 % or more is clear, and the sizes there."""
    sure = (table["p_one_percent"] >= CLEAR).values
    about = "a fall of 1 % or more in deaths with synthetic opioids is clear"
    if not sure.any():
        return f"{about} in none of {sure.size} cells"
    falls = np.abs(table["relative_difference"].values[sure])
    least, most = share_percent(float(falls.min())), share_percent(float(falls.max()))
    sizes = f"by {least if least == most else f'{least} to {most}'} (medians)"
    return f"{about} in all {sure.size} cells, {sizes}" if sure.all() else (
        f"{about} in {int(sure.sum())} of {sure.size} cells, there {sizes}"
    )  # fmt: skip


def _map_caption(table: xr.Dataset) -> str:
    return (
        f"Median difference over {table.attrs['draws']} draws a cell, {format_date(table.attrs['from'])} to "
        f"{format_date(table.attrs['until'] - 1 / 12)}; bold: a fall of 1 % or more in at least 95 % of draws. Both "
        "runs of a cell hold the same beliefs; other parameters follow the posterior’s regression (approximate)."
    )


def fall(study: Study) -> Picture:
    """Shares of the fall in deaths with synthetic opioids since mid-2023."""
    causes = study.decomposition.causes
    lead, standing = leading_cause(study.decomposition)
    between = f"{share_percent(lead.share['q05'])} to {share_percent(lead.share['q95'])}"
    about = "the model’s fall in deaths with synthetic opioids since mid-2023"
    title = {
        "first": f"{lead.label}: the largest part of {about}, {share_percent(lead.share['median'])} ({between})",
        "present": f"{lead.label}: {between} of {about}; which cause has the largest part is undecided",
        "undecided": f"What explains {about} is undecided: no cause has a share that is clearly above zero",
    }[standing]
    rows = [(c.label, c.share, c.first, c.last) for c in causes]
    caption = (
        "Shapley shares, in sample. Thin bar 90 %, thick bar 50 % of draws, ring: median; upright ticks: freed first "
        "and frozen last. Shares above 100 % are offset by negative ones."
    )
    return picture(
        "fall", title, f"{title}. " + "; ".join(
            f"{c.label}: {share_percent(c.share['q05'], sign=True)} to {share_percent(c.share['q95'], sign=True)}"
            for c in causes
        ),
        caption, study.footer, lambda f: figures.shares_chart(f, rows), (WIDTH, 0.9 + 0.42 * len(rows)),
    )  # fmt: skip
