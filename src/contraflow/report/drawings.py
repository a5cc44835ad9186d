"""Which figures a study has, and the finding that each states."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from contraflow import evidence
from contraflow.evidence import Series
from contraflow.report import figures
from contraflow.report.figures import BLUE, HEIGHT, ORANGE, WIDTH, Fan, Picture, picture
from contraflow.report.wording import format_date, people, percent, significant

if TYPE_CHECKING:
    from contraflow.report.study import Study

BANDS = (
    "Dark band 50 %, pale band 90 % of draws, of what the model expects, without the scatter of single counts; line: "
    "median. Paler after 2030: beyond the evidence."
)


def all_pictures(study: Study) -> dict[str, Picture]:
    """Every figure of a study, by name, in the order shown."""
    made = [*fans(study), effects(study), differences(study), *maps(study), fall(study)]
    return {p.name: p for p in made}


def _observed(series: Series, factor: float = 1.0, per_year: bool = False) -> tuple[Series, float, bool]:
    return series, factor, per_year


def _source_line(*series: Series) -> str:
    known = evidence.load().sources
    publishers = sorted({known[r.source].publisher for s in series for r in s.rows if r.source in known})
    return f"Points: {'; '.join(publishers)}." if publishers else ""


def _outlook(values: xr.DataArray, form: Callable[[float], str]) -> str:
    """Level in 2024 and 2030 and whether the change between them has a sign."""
    years = np.floor(values["time"].values + 1e-6).astype(int)
    now, then = (values.values[years == y].mean(axis=0) for y in (2024, 2030))
    low, middle, high = np.quantile(then, [0.05, 0.5, 0.95])
    rising = float(np.mean(then > now))
    turn = (
        "and rise"
        if rising >= 0.95
        else "and fall"
        if rising <= 0.05
        else "and lean towards a rise"
        if rising >= 0.8
        else "and lean towards a fall"
        if rising <= 0.2
        else "and could go either way"
    )
    return f"{form(float(np.median(now)))} in 2024 {turn}: {form(low)} to {form(high)} in 2030"


def fans(study: Study) -> list[Picture]:
    """Baseline fan charts with the observations behind them."""
    s = evidence.load().series
    base = study.baseline
    pick = base.data
    charts = (
        ("overdose-deaths", "Overdose deaths, all drugs, stand near", 2000.0, "deaths a year", people,
         [Fan("", base.series("us.overdose_deaths"), BLUE, (_observed(s["us.deaths.all_drugs.annual"]),))]),
        ("synthetic-opioid-deaths", "Deaths with synthetic opioids stand near", 2010.0, "deaths a year", people,
         [Fan("", base.series("us.synthetic_opioid_deaths"), BLUE,
              (_observed(s["us.deaths.synthetic_opioids.annual"]),))]),
        ("fentanyl-purity", "Street fentanyl is about", 2015.0, "purity of powder", percent,
         [Fan("", base.series("us.fentanyl_purity"), BLUE, (_observed(s["us.market.fentanyl_powder_purity"]),))]),
        ("fentanyl-seized", "Fentanyl seizures at the border, in kilograms a year, stand near", 2013.0,
         "kg a year, gross", people,
         [Fan("", base.series("border.fentanyl_seized"), BLUE,
              (_observed(s["border.seized.fentanyl.half_year"], per_year=True),
               _observed(s["border.seized.fentanyl.pre2019"])))]),
        ("people-on-medication", "People on methadone or buprenorphine number about", 2000.0, "people", people,
         [Fan("methadone", pick["methadone_patients"], ORANGE, (_observed(s["us.treatment.methadone"]),)),
          Fan("buprenorphine", pick["buprenorphine_patients"], BLUE, (_observed(s["us.treatment.buprenorphine"]),))]),
        ("opioid-use-disorder", "People with opioid use disorder number about", 2000.0, "people", people,
         [Fan("", base.series("us.opioid_use_disorder"), BLUE)]),
    )  # fmt: skip
    made = []
    for name, opening, first, unit, form, drawn in charts:
        total = drawn[0].values if len(drawn) == 1 else drawn[0].values + drawn[1].values
        title = f"{opening} {_outlook(total, form)}"
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
    clear = [(label, f) for label, f in rows if f.verdict.strength == "clear"]
    best, worst = rows[0], rows[-1]
    title = f"{len(clear)} of {len(rows)} policies have a clear sign on overdose deaths to 2030"
    if best[1].verdict.direction == "lower":
        title += f"; the largest cut is {percent(abs(best[1].relative['median']))}, “{best[0]}”"
    if worst[1].verdict.direction == "higher":
        title += f"; “{worst[0]}” adds {percent(worst[1].relative['median'])}"
    lines = [
        f"{label}: {percent(f.relative['median'], sign=True)} "
        f"({percent(f.relative['q05'], sign=True)} to {percent(f.relative['q95'], sign=True)}), {f.verdict.text}"
        for label, f in rows
    ]
    caption = (
        "Thin bar 90 %, thick bar 50 % of draws, ring: median. Blue: lowers; orange: raises; grey: undecided or none. "
        "Each window starts at the policy's own first date."
    )
    return picture(
        "effects", title, f"{title}. {'; '.join(lines)}.", caption, study.footer,
        lambda f: figures.effects_chart(f, rows), (WIDTH, 0.9 + 0.42 * len(rows)),
    )  # fmt: skip


def differences(study: Study) -> Picture:
    """How each policy's effect on overdose deaths unfolds over the years."""
    by_label = {c.scenario.label.en: c for c in study.comparisons.values()}
    peaks = {}
    for label, c in by_label.items():
        d = (c.policy.annual("us.overdose_deaths") - c.baseline.annual("us.overdose_deaths")).median("draw")
        d = d.sel(year=slice(2025, 2030))
        k = int(np.argmax(np.abs(d.values)))
        peaks[label] = (float(d.values[k]), int(d["year"].values[k]))
    label, (size, year) = max(peaks.items(), key=lambda item: abs(item[1][0]))
    word = "fewer" if size < 0 else "more"
    title = f"The largest yearly effect to 2030 is {significant(abs(size))} {word} deaths in {year}, “{label}”"
    caption = "Bands of 50 and 90 % of paired draws, by calendar year; paler after 2030: beyond the evidence."
    return picture(
        "differences", title, f"Small multiples of the yearly difference in overdose deaths, one policy each. {title}.",
        caption, study.footer, lambda f: figures.difference_panels(f, by_label, "us.overdose_deaths"),
        (WIDTH * 1.25, 4.0),
    )  # fmt: skip


def maps(study: Study) -> list[Picture]:
    """Threshold maps of the supply policies."""
    made = []
    scale = max(float(np.abs(t["relative_difference"]).max()) for t in study.maps.values()) if study.maps else 0.0
    for s, table in study.maps.items():
        label = study.comparisons[s].scenario.label.en
        effect = table["relative_difference"]
        matters = (effect <= -0.01).values
        slack = table["lab_slack"].values
        where = slack[(effect <= -0.01).any([d for d in effect.dims if d != "lab_slack"]).values]
        strongest = float(effect.min())
        if matters.all():
            title = (
                f"{label}: whatever is believed of laboratories, deaths with synthetic opioids fall, by "
                f"{percent(abs(float(effect.max())))} to {percent(abs(strongest))}"
            )
        elif matters.any():
            at = ""
            if where.max() < slack.max():
                at = "only without spare capacity, " if where.max() == 1 else f"only up to {where.max():g} times need, "
            title = (
                f"{label}: deaths with synthetic opioids fall by 1 % or more {at}in {int(matters.sum())} of "
                f"{matters.size} cells; the largest fall is {percent(abs(strongest))}"
            )
        else:
            title = (
                f"{label}: deaths with synthetic opioids do not fall by 1 % in any cell; the largest fall is "
                f"{percent(abs(min(strongest, 0.0)))}"
            )
        caption = (
            f"Median difference over {table.attrs['draws']} draws a cell, {format_date(table.attrs['from'])} to "
            f"{format_date(table.attrs['until'] - 1 / 12)}; bold: a fall of 1 % or more in at least 95 % of draws. "
            "Both runs of a cell hold the same beliefs; other parameters follow the posterior's regression "
            "(approximate)."
        )
        made.append(
            picture(
                f"thresholds-{s}", title, f"Heat maps of spare capacity by months to rebuild. {title}.", caption,
                study.footer, lambda f, t=table: figures.threshold_chart(f, t, scale), (WIDTH * 1.25, 3.7),
            )
        )  # fmt: skip
    return made


def fall(study: Study) -> Picture:
    """Shares of the fall in deaths with synthetic opioids since mid-2023."""
    causes = study.decomposition.causes
    first = max(causes, key=lambda c: c.share["median"])
    title = (
        f"{first.label}: {percent(first.share['median'])} of the fall in deaths with synthetic opioids since "
        f"mid-2023 ({percent(first.share['q05'])} to {percent(first.share['q95'])})"
    )
    rows = [(c.label, c.share, c.first, c.last) for c in causes]
    caption = (
        "Shapley shares, in sample. Thin bar 90 %, thick bar 50 % of draws, ring: median; upright ticks: freed first "
        "and frozen last. Shares above 100 % are offset by negative ones."
    )
    return picture(
        "fall", title, f"{title}. " + "; ".join(f"{c.label}: {percent(c.share['median'], sign=True)}" for c in causes),
        caption, study.footer, lambda f: figures.shares_chart(f, rows), (WIDTH, 0.9 + 0.42 * len(rows)),
    )  # fmt: skip
