"""What panels of states say beside the model: of the fall of deaths since 2023, and of removals of leaders.

Read from what is stored with the package; nothing is estimated here but the model's own reading of one removal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contraflow.analysis.decomposition import Share
from contraflow.evidence.schema import Z95
from contraflow.inference import panels
from contraflow.inference.panels import PanelError
from contraflow.inference.posterior import Posterior
from contraflow.report.findings import LearnedRow
from contraflow.report.origins import WORDS, learned_origin
from contraflow.report.wording import share_percent, signed, significant, whole_percent

if TYPE_CHECKING:
    from contraflow.report.study import Study

COMMAND = "python -m contraflow.inference.panels"
PRODUCT = "first-year national effect of a removal"
REST = "Common to a region’s states, or of none of the four"
#: Cause of the model → covariates of the panel that bear on it, with their labels.
BESIDE: Mapping[str, Sequence[tuple[str, str]]] = {
    "supply": (("exposure", "Laboratory reports of fentanyl per resident"),),
    "tolerance": (),
    "naloxone": (("naloxone", "Retail naloxone, prescriptions per person with the disorder"),),
    "people": (
        ("buprenorphine", "Buprenorphine, patient-years per person with the disorder"),
        ("past_deaths", "Deaths of the last 36 months per person with the disorder"),
    ),
    "residual": (("rest", REST),),
}
#: Cause of the model → the strengths that turn it into deaths.
STRENGTHS: Mapping[str, tuple[str, ...]] = {
    "supply": ("titration", "dose_spread"),
    "tolerance": ("tolerance_adaptation",),
    "naloxone": ("naloxone_effect",),
    "people": ("treatment_mortality", "risk_ratio"),
}
#: Readings of the Mexican panel that are shown.
READINGS = {"where_removed": "Where the leader was removed", "where_fought": "Where the group fought"}


@dataclass(frozen=True, eq=False)
class Panels:
    """Both panels as stored; empty where nothing is. ``removal``: the model's first-year national log effect of one
    removal, (draws,).
    """  # fmt: skip

    stored: Mapping[str, Any]
    removal: np.ndarray

    @property
    def notice(self) -> str:
        """What is wrong with the stored results, and the command that makes them; empty where nothing is."""
        if not self.stored:
            return f"No results of the panels of states are stored: `{COMMAND}` makes them."
        if self.stored["stale"]:
            return f"The panels were estimated from other tables or with other code: `{COMMAND}` makes them again."
        return ""


@dataclass(frozen=True)
class FallRow:
    """The fall in the model and in the panel: one covariate's row, or that of a cause without one.

    ``span``: rows of the same cause, counted at its first and 0 at the others. ``share``: mean, 5 and 95 % of the fall
    of states' log deaths that goes with the covariate.
    """

    cause: Share
    span: int
    strengths: str
    covariate: str
    share: tuple[float, float, float] | None
    placebo: str


@dataclass(frozen=True)
class RemovalRow:
    """Log homicides of a state around removals, by reading: mean and standard deviation by months, and the placebo."""

    id: str
    label: str
    windows: Mapping[str, tuple[float, float]]
    placebo: str
    p_value: float


def load(posterior: Posterior) -> Panels:
    """The stored panels, and what the posterior takes one removal to do."""
    p = posterior.parameters()
    time = p["succession_time"]
    removal = p["kingpin"] * p["removal_weight"] * time * (1 - np.exp(-1 / time))
    try:
        return Panels(panels.results(), removal)
    except PanelError:
        return Panels({}, removal)


def fall_rows(study: Study) -> list[FallRow]:
    """The national decomposition and the panel of states, side by side."""
    fall = study.panels.stored["overdose"]["fall_of_2024"] if study.panels.stored else {}
    learned = {r.parameter: r for r in study.learned}
    rows = []
    for cause in study.decomposition.causes:
        strengths = "; ".join(_strength(learned[n]) for n in STRENGTHS.get(cause.id, ()) if n in learned)
        beside = (BESIDE[cause.id] if fall else ()) or (("", ""),)
        for k, (name, label) in enumerate(beside):
            rows.append(FallRow(cause, 0 if k else len(beside), strengths, label, *_panel_share(fall, name)))
    return rows


def _strength(r: LearnedRow) -> str:
    narrowed = whole_percent(max(r.contraction, 0.0))
    out = ", outside its prior’s 90 %" if r.outside else ""
    return f"{r.parameter}: {WORDS['en'][learned_origin(r)]}, grade {r.grade}, narrowed by {narrowed}{out}"


def _panel_share(fall: Mapping[str, Any], name: str) -> tuple[tuple[float, float, float] | None, str]:
    if not name:
        return None, ""
    if name == "rest":
        told = fall["all four"]
        return (1 - told["share"], 1 - told["share_q95"], 1 - told["share_q05"]), ""
    row = fall[name]
    return (row["share"], row["share_q05"], row["share_q95"]), row["placebo"]


def fall_note(study: Study) -> str:
    """What the panel of states can say of the fall, and what it cannot."""
    if not study.panels.stored:
        return study.panels.notice
    overdose = study.panels.stored["overdose"]
    fall = overdose["fall_of_2024"]
    regions = ", ".join(
        f"{name.removeprefix('deaths, ')} {significant(-row['change'])}"
        for name, row in fall.items()
        if name.startswith("deaths, ")
    )
    set_ = [name for name, p in overdose["proposals"].items() if p["adopt"]]
    why = "; ".join(f"{name}: {p['reason']}" for name, p in overdose["proposals"].items())
    priors = f"It set the prior of {', '.join(set_)}" if set_ else "It set no prior of the model"
    return (
        f"Log deaths with synthetic opioids in the states fell by {significant(-fall['all deaths']['change'])} from "
        f"the 12 months to June 2023 to 2024 ({regions}). The panel is given each region’s total of each month and "
        "sees only how it divides over states: whatever is common to them cancels, be it national purity, supply or "
        "policy. So it cannot name the cause of the fall, and its small shares are no "
        "evidence against naloxone, treatment or supply. They are associations, coefficient within states times "
        "change of the covariate; naloxone and buprenorphine are held at 2023, where their figures end, and "
        "laboratory reports follow police work as well as supply. A placebo without power would have missed an effect "
        f"of the size at issue half of the time. {priors} ({why}). {study.panels.notice}"
    ).strip()


def fall_sentence(study: Study) -> tuple[str, str]:
    """What the panel adds to the answer on the fall, in English and Spanish; empty where nothing is stored."""
    if not study.panels.stored:
        return "", ""
    told = study.panels.stored["overdose"]["fall_of_2024"]["all four"]
    low, high = (share_percent(told[q], sign=True) for q in ("share_q05", "share_q95"))
    return (
        f" In a panel of states, four measured differences between them go with {low} to {high} of the fall; what is "
        "common to all states, as purity is, it cannot see.",
        f" En un panel de estados, cuatro diferencias medidas entre ellos acompañan de {low} a {high} de la baja; lo "
        "que es común a todos, como la pureza, no lo puede ver.",
    )


def removal_rows(study: Study) -> list[RemovalRow]:
    """The Mexican panel around removals, by reading."""
    if not study.panels.stored:
        return []
    stored = study.panels.stored["removals"]
    return [
        RemovalRow(
            id,
            label,
            {term: (t["mean"], t["sd"]) for term, t in stored["runs"][id]["terms"].items()},
            stored["placebos"][id]["verdict"],
            stored["placebos"][id]["p_value"],
        )
        for id, label in READINGS.items()
    ]


def product_rows(study: Study) -> list[tuple[str, Mapping[str, float]]]:
    """First-year national log effect of one removal: before the panel, as the panel leaves it, and in this model."""
    q05, q50, q95 = (float(q) for q in np.quantile(study.panels.removal, [0.05, 0.5, 0.95]))
    own = ("The model, as fitted", {"q05": q05, "q50": q50, "q95": q95})
    if not study.panels.stored:
        return [own]
    p = study.panels.stored["removals"]["proposals"][PRODUCT]
    return [("Prior without the panel", p["prior"]), ("As the panel leaves it", p["posterior"]), own]


def removal_note(study: Study) -> str:
    """The panel's estimate net of the year before, its placebo, and why removals are no experiment."""
    if not study.panels.stored:
        return study.panels.notice
    stored = study.panels.stored["removals"]
    half, year = (stored["contrasts"][k] for k in ("first half-year", "first year"))
    before = {id: stored["runs"][id]["terms"]["months -6 to -1"] for id in READINGS}
    chance = year["drawn_dates"]["share_as_large"]
    taken = [name for name, p in stored["proposals"].items() if p["adopt"] and name != PRODUCT]
    handed = f"; the prior of {', '.join(taken)} carries it" if taken else "; the rule in code refused to pass it on"
    return (
        "Endogeneity: forces go where violence rises. In the half-year before a removal log homicides already "
        f"differ, by {_plus_minus(before['where_removed'])} where the leader was removed and "
        f"{_plus_minus(before['where_fought'])} where the group fought, so the months after are read net of the year "
        f"before: where removed {signed(half['where_removed']['mean'])} in the first half-year and "
        f"{_plus_minus(year['where_removed'])} in the first year, with an allowance for bias of ± "
        f"{significant(year['where_removed']['bias_sd'])} beside the sampling. Dates drawn at random in the "
        f"same states make as large a first year {round(100 * chance)} times in 100. States are coarse: what a removal "
        "does in one municipality is a small part of its state. What is identified is a product, local effect times "
        f"share of the country times lasting{handed}. {study.panels.notice}"
    ).strip()


def removal_sentence(study: Study) -> tuple[str, str]:
    """What the Mexican panel sees in the first year, in English and Spanish; empty where nothing is stored."""
    if not study.panels.stored:
        return "", ""
    stored = study.panels.stored["removals"]
    year = stored["contrasts"]["first year"]["where_removed"]
    sd = float(np.hypot(year["sd"], year["bias_sd"]))
    low, high = (signed(year["mean"] + z * sd) for z in (-Z95, Z95))
    verdict = stored["placebos"]["where_removed"]["verdict"]
    es = {"passes": "la supera", "fails": "no la supera", "no power": "no tiene potencia"}[verdict]
    en = {"passes": "passes", "fails": "fails", "no power": "has no power"}[verdict]
    return (
        f" A panel of Mexican states has {low} to {high} for log homicides of the state in the first year (90 %, with "
        f"its allowance for bias); its placebo {en}.",
        f" En un panel de estados mexicanos, el logaritmo de los homicidios del estado cambia de {low} a {high} en el "
        f"primer año (90 %, con margen por sesgo); en la prueba de placebo, {es}.",
    )


def _plus_minus(row: Mapping[str, float]) -> str:
    return f"{signed(row['mean'])} ± {significant(row['sd'])}"


def tables(study: Study) -> dict[str, list[dict[str, Any]]]:
    """Both panels as rows of plain values, by the name of their file."""
    fall = [
        {"cause": r.cause.id, "strengths": r.strengths, "covariate": r.covariate,
         **dict(zip(("share", "share_q05", "share_q95"), r.share or ("", "", ""), strict=True)), "placebo": r.placebo}
        for r in fall_rows(study)
    ]  # fmt: skip
    around = [
        {"reading": r.id, "months": term.removeprefix("months "), "mean": mean, "sd": sd, "placebo": r.placebo,
         "placebo_p_value": r.p_value}
        for r in removal_rows(study)
        for term, (mean, sd) in r.windows.items()
    ]  # fmt: skip
    product = [{"estimate": label, **{k: q[k] for k in ("q05", "q50", "q95")}} for label, q in product_rows(study)]
    return {"fall-panel-of-states": fall, "removals-panel-of-states": around, "one-removal": product}
