"""Which figures a study has, and the finding that each states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from contraflow.analysis.runs import Comparison
from contraflow.report import figures, guns, tested_drawings
from contraflow.report.columns import SUBJECTS, UNITED_STATES, Subject
from contraflow.report.figures import WIDTH, Picture, picture
from contraflow.report.findings import LAST_YEAR, Finding, leading_cause
from contraflow.report.origins import Language
from contraflow.report.outlook import fans
from contraflow.report.wording import CLEAR, format_date, share_percent, significant
from contraflow.system.calendar import DATA_END

if TYPE_CHECKING:
    from contraflow.report.study import Study


#: Share of the largest median from which another is named beside it: their order may be one of draws.
ALIKE = 0.95


def all_pictures(study: Study) -> dict[str, Picture]:
    """Every figure of a study, by name, in the order shown."""
    made = [
        *fans(study),
        *(draw(study, subject) for subject in SUBJECTS for draw in (effects, effects_es, differences)),
        *maps(study),
        *laboratories(study),
        fall(study),
        *guns.pictures(study),
        *tested_drawings.pictures(study),
    ]
    return {p.name: p for p in made}


def figure_name(kind: str, subject: Subject) -> str:
    """Name of a figure that each country has of its own."""
    return kind if subject is UNITED_STATES else f"{kind}-mexico"


def effects(study: Study, subject: Subject) -> Picture:
    """The policies side by side, on lives in one country to 2030."""
    rows = _rows(study, subject, "en")
    title = _effects_title(rows, subject)
    lines = [f"{label}: {_effect_in_words(f, 'to')}, {f.verdict.text}" for label, f in rows]
    caption = (
        f"{subject.en[0].upper()}{subject.en[1:]} in {subject.place}. Thin bar 90 %, thick bar 50 % of draws; the "
        "median is a full dot where the sign is clear, a ring where it leans, a tick where it is undecided or no "
        "effect is worth naming. Blue: lower; orange: higher; grey: neither. An asterisk: follows from assumption. "
        "Each window starts at the policy’s own first date."
    )
    return picture(
        figure_name("effects", subject), title, f"{title}. {'; '.join(lines)}.", caption, study.footer,
        lambda f: figures.effects_chart(f, rows, "difference against no policy, %"), (WIDTH, 0.9 + 0.42 * len(rows)),
    )  # fmt: skip


def effects_es(study: Study, subject: Subject) -> Picture:
    """The same in Spanish."""
    rows = _rows(study, subject, "es")
    title = _effects_title_es(rows, subject)
    lines = [f"{label}: {_effect_in_words(f, 'a')}, {f.verdict.text_es}" for label, f in rows]
    caption = (
        f"{subject.es[0].upper()}{subject.es[1:]} en {subject.place_es}. Barra delgada: 90 % de las corridas; gruesa: "
        "50 %. La mediana es un punto lleno donde el signo es claro, un círculo donde se inclina, y una raya donde no "
        "se puede decidir o no hay efecto apreciable. Azul: menos; naranja: más; gris: ni uno ni otro. Con "
        "asterisco: se sigue de supuestos. Cada periodo empieza en la primera fecha de la política."
    )
    return picture(
        f"{figure_name('effects', subject)}-es", title, f"{title}. {'; '.join(lines)}.", caption, study.footer,
        lambda f: figures.effects_chart(f, rows, "diferencia frente a no aplicar la política, %"),
        (WIDTH, 0.9 + 0.42 * len(rows)),
    )  # fmt: skip


def _rows(study: Study, subject: Subject, language: Language) -> list[tuple[str, Finding]]:
    """The policies with their labels and findings, the largest cut first."""
    rows = [(getattr(study.comparisons[s].scenario.label, language), by[subject.outcome])
            for s, by in study.short.items()]  # fmt: skip
    return sorted(rows, key=lambda r: r[1].relative["median"])


def _effects_title(rows: Sequence[tuple[str, Finding]], subject: Subject) -> str:
    """How many signs are clear; sizes of those alone."""
    clear = [(label, f) for label, f in rows if f.verdict.strength == "clear"]
    about = f"sign on {subject.en} in {subject.place} to {LAST_YEAR}"
    if not clear:
        return f"None of {len(rows)} policies has a clear {about}"
    parts = [f"{len(clear)} of {len(rows)} policies {'has' if len(clear) == 1 else 'have'} a clear {about}"]
    (best, first), (worst, last) = clear[0], clear[-1]
    if first.verdict.direction == "lower":
        parts.append(f"largest median cut: {share_percent(abs(first.relative['median']))}, “{best}”{_assumed(first)}")
    if last.verdict.direction == "higher":
        parts.append(f"largest median rise: {share_percent(last.relative['median'])}, “{worst}”{_assumed(last)}")
    return "; ".join(parts)


def _effects_title_es(rows: Sequence[tuple[str, Finding]], subject: Subject) -> str:
    """The same in Spanish."""
    clear = [(label, f) for label, f in rows if f.verdict.strength == "clear"]
    about = f"un signo claro en {subject.es_the} en {subject.place_es} hasta {LAST_YEAR}"
    if not clear:
        return f"Ninguna de {len(rows)} políticas tiene {about}"
    parts = [f"{len(clear)} de {len(rows)} políticas {'tiene' if len(clear) == 1 else 'tienen'} {about}"]
    (best, first), (worst, last) = clear[0], clear[-1]
    if first.verdict.direction == "lower":
        parts.append(
            f"mayor baja mediana: {share_percent(abs(first.relative['median']))}, «{best}»{_assumed_es(first)}"
        )
    if last.verdict.direction == "higher":
        parts.append(f"mayor alza mediana: {share_percent(last.relative['median'])}, «{worst}»{_assumed_es(last)}")
    return "; ".join(parts)


def _assumed(f: Finding) -> str:
    return " (follows from assumption)" if f.verdict.from_assumption else ""


def _assumed_es(f: Finding) -> str:
    return " (se sigue de supuestos)" if f.verdict.from_assumption else ""


def _effect_in_words(f: Finding, to: str) -> str:
    low, high = (share_percent(f.relative[q], sign=True) for q in ("q05", "q95"))
    if f.verdict.strength in ("undecided", "negligible"):
        return f"{low} {to} {high}"
    return f"{share_percent(f.relative['median'], sign=True)} ({low} {to} {high})"


def differences(study: Study, subject: Subject) -> Picture:
    """How each policy's effect on lives in one country unfolds over the years."""
    by_label = {c.scenario.label.en: c for c in study.comparisons.values()}
    peaks = [
        (c.scenario.label.en, study.short[s][subject.outcome], *peak)
        for s, c in study.comparisons.items()
        if study.short[s][subject.outcome].verdict.strength == "clear" and (peak := _clear_peak(c, subject.outcome))
    ]
    if peaks:
        label, found, year, low, middle, high = max(peaks, key=lambda p: abs(p[4]))
        word = "fewer" if middle < 0 else "more"
        small, large = sorted((abs(low), abs(high)))
        title = (
            f"Largest clear median effect of one year to {LAST_YEAR}: {significant(abs(middle))} {word} {subject.en} "
            f"in {year} ({significant(small)} to {significant(large)}), “{label}”{_assumed(found)}"
        )
        near = [p[0] for p in peaks if p[0] != label and ALIKE * abs(middle) < p[4] * np.sign(middle)]
        title += (
            f"; as large to within {round(100 * (1 - ALIKE))} %: {', '.join(f'“{n}”' for n in near)}" if near else ""
        )
    else:
        title = f"Effects on {subject.en} year by year to {LAST_YEAR}: none is clear{_leaning(study, subject)}"
    caption = "Bands of 50 and 90 % of paired draws, by calendar year; paler after 2030: beyond the evidence."
    return picture(
        figure_name("differences", subject), title,
        f"Small multiples of the yearly difference in {subject.en} in {subject.place}, one policy each. {title}.",
        caption, study.footer, lambda f: figures.difference_panels(f, by_label, subject),
        (WIDTH * 1.25, 2.0 * -(-len(by_label) // figures.PANELS)),
    )  # fmt: skip


def _leaning(study: Study, subject: Subject) -> str:
    found = {s: by[subject.outcome] for s, by in study.short.items()}
    told = [
        f"“{study.comparisons[s].scenario.label.en}” leans {f.verdict.direction}{_assumed(f)}"
        for s, f in found.items()
        if f.verdict.strength == "leaning"
    ]
    return f"; {'; '.join(told)}" if told else ""


def _clear_peak(comparison: Comparison, outcome: str) -> tuple[int, float, float, float] | None:
    """Year and quantiles of the largest median difference in an outcome whose 90 % interval leaves out zero."""
    d = comparison.policy.annual(outcome) - comparison.baseline.annual(outcome)
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
        "first": f"{lead.label}: the largest part of {about}, {share_percent(lead.share['median'])} ({between}, in "
        "sample)",
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
