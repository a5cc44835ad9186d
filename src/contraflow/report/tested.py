"""Tests that the model could have failed, read from the stored validation: words and tables, nothing run again.

A part that was never run says which command makes it; one of another model or posterior is shown, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contraflow import evidence
from contraflow.policy import Scenario
from contraflow.report.fit_record import criteria
from contraflow.report.wording import share_percent, signed, significant, whole_percent
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation import record
from contraflow.validation.record import Made

if TYPE_CHECKING:
    from contraflow.report.study import Study

Row = Mapping[str, Any]

#: Stored parts in the order shown: title in English and Spanish.
TITLES: Mapping[str, tuple[str, str]] = {
    "held-back": ("Effects held back", "Efectos reservados"),
    "backtests": ("Forecasts from past years", "Pronósticos desde años pasados"),
    "calibration": ("Simulation-based calibration", "Calibración con datos simulados"),
    "recovery": ("Recovery of known histories", "Recuperación de historias conocidas"),
    "alternatives": ("Other structures", "Otras estructuras"),
    "barlas": ("Structure", "Estructura"),
}
RIVALS = {"persistence": "Persistence", "drift": "Drift", "ets": "ETS", "arima": "ARIMA", "source_base": "SOURCE Base"}
RIVALS_ES = {"persistence": "la persistencia", "drift": "la deriva", "ets": "ETS", "arima": "ARIMA",
             "source_base": "SOURCE Base"}  # fmt: skip
FORECASTS = {"model": "The model", "carried": "Misses carried on", "stacked": "Stacked with a rival"} | RIVALS
LEVELS = ("50", "80", "95")
VERDICTS_ES = {
    "agrees": "coinciden",
    "too weak": "quedan cortos",
    "too strong": "exageran",
    "wrong sign": "tienen el signo contrario",
    "not decided": "no deciden",
    "not comparable": "no se pueden comparar",
}
#: Kinds of tests of structure, by the beginning of their id.
KINDS = {
    "units": "Units",
    "conservation": "Every ledger closes",
    "planted_leaks": "Leaks lost on purpose are seen",
    "extreme": "Extreme conditions",
    "step_size": "Half the time step",
    "loop": "Loops knocked out, nothing fitted again",
}
FAILS = "fails"
#: Series that are named where the model loses most against a rival.
WORST = 3


@dataclass(frozen=True, eq=False)
class Stored:
    """One part of the validation: its result, None where it was never run, and what is wrong with it, if anything."""

    id: str
    result: Row | None
    date: str
    stale: str

    @property
    def title(self) -> str:
        """Heading in English."""
        return TITLES[self.id][0]

    @property
    def command(self) -> str:
        """What makes it."""
        return f"contraflow validate --part {self.id}"

    @property
    def notice(self) -> str:
        """That it is missing or stale, and what to do; empty where it is neither."""
        if self.result is None:
            return f"Not run for this version: `{self.command}` makes it."
        if self.stale:
            return f"Stale: {self.stale}. `{self.command}` makes it again."
        return ""


@dataclass(frozen=True)
class Said:
    """A sentence in both languages."""

    en: str
    es: str


def load(now: Made) -> dict[str, Stored]:
    """Every stored part, by id, in the order shown; ``now`` is what a result made now would belong to.

    Raises:
        ContraflowError: a stored file is not a result.
    """
    found = {}
    for id in TITLES:
        held = record.load(id)
        if held is None:
            found[id] = Stored(id, None, "", "")
            continue
        old = [
            f"{kind} {was}, not {it_is}"
            for kind, was, it_is in (
                ("model", held.made.model, now.model),
                ("posterior", held.made.posterior, now.posterior),
            )
            if was != it_is
        ]
        found[id] = Stored(id, held.result, held.date, f"made for {' and '.join(old)}" if old else "")
    return found


def value(study: Study, key: str) -> Any:
    """What the stored validation has under a key, or None."""
    return next((p.result[key] for p in study.tests.values() if p.result and key in p.result), None)


def said(study: Study) -> dict[str, Said]:
    """One sentence a part, by id, sampling first; in the order shown."""
    told = {"sampling": _sampling(study)}
    makers = {
        "held-back": _held_back, "backtests": _backtests, "calibration": _calibration, "recovery": _recovery,
        "alternatives": _alternatives, "barlas": _barlas,
    }  # fmt: skip
    for id, part in study.tests.items():
        if part.result is None:
            told[id] = Said(part.notice, f"Sin resultado en esta versión; se obtiene con `{part.command}`.")
            continue
        en, es = makers[id](part.result)
        stale = f" Se hizo para otro modelo u otra muestra; `{part.command}` lo rehace." if part.stale else ""
        told[id] = Said(f"{en} {part.notice}".strip(), es + stale)
    return told


def _sampling(study: Study) -> Said:
    rows = criteria(study.fit)
    if not rows:
        return Said("The posterior does not say how its sampling went.", "No consta cómo fue el muestreo.")
    met = sum(r.met for r in rows)
    return Said(
        f"Sampling meets {met} of {len(rows)} criteria for chains that share a target.",
        f"El muestreo cumple {met} de {len(rows)} criterios entre cadenas con la misma distribución.",
    )


def _held_back(result: Row) -> tuple[str, str]:
    rows = result["held_back"]
    counts = Counter(r["verdict"] for r in rows)
    out = counts.pop("not comparable", 0)
    en = ", ".join(f"{n} {v}" for v, n in counts.most_common()) or "none"
    es = ", ".join(f"{n} {VERDICTS_ES[v]}" for v, n in counts.most_common()) or "ninguno"
    return (
        f"{len(rows)} published effects set no prior. The model can be asked for {len(rows) - out} of them: {en}.",
        f"De {len(rows)} efectos publicados que no fijaron ningún valor previo, el modelo puede predecir "
        f"{len(rows) - out}: {es}.",
    )


def _backtests(result: Row) -> tuple[str, str]:
    en = _ranked(result["skill"], RIVALS, ("clearly better than", "clearly worse than", "not told apart from"))
    es = _ranked(
        result["skill"], RIVALS_ES, ("claramente mejor que", "claramente peor que", "sin diferencia clara con")
    )
    inside, pooled = result["pit_inside_bands"], sum(r["weight"] > 0 for r in result["backtests"])
    cover = result.get("coverage", {}).get("model")
    levels = ", ".join(f"{whole_percent(cover[p])} at {p} %" for p in LEVELS) if cover else ""
    levels_es = ", ".join(f"{whole_percent(cover[p])} al {p} %" for p in LEVELS) if cover else ""
    return (
        f"Over {pooled} pooled forecasts the model is {en or 'beside no rival'} (90 % intervals of skill). "
        f"The places of outcomes in their forecasts are {'inside' if inside else 'outside'} their bands"
        + (f"; intervals hold {levels} of outcomes." if levels else "."),
        f"En {pooled} pronósticos el modelo es {es or 'sin rival'} (intervalos de 90 %). La "
        f"posición de los resultados está {'dentro' if inside else 'fuera'} de sus bandas"
        + (f"; los intervalos contienen {levels_es} de los resultados." if levels_es else "."),
    )


def _ranked(skill: Mapping[str, Row], names: Mapping[str, str], words: Sequence[str]) -> str:
    """The rivals in words: those beaten, those that win, and those not told apart."""
    found = [
        f"{word} {', '.join(own)}"
        for word, verdict in zip(words, ("better", "worse", "undecided"), strict=True)
        if (own := [names.get(r, r) for r, q in skill.items() if standing(q) == verdict])
    ]
    return "; ".join(found)


def _calibration(result: Row) -> tuple[str, str]:
    s = result["sbc"]
    outside = f" Outside: {', '.join(s['outside'])}." if s.get("outside") else ""
    return (
        f"Over {s['datasets']} synthetic data sets of a reduced model, {s['inside_bands']} of {s['quantities']} "
        f"quantities have ranks inside simultaneous 95 % bands; one in twenty may fall outside by chance.{outside}",
        f"Con {s['datasets']} juegos de datos simulados de un modelo reducido, {s['inside_bands']} de "
        f"{s['quantities']} cantidades quedan dentro de sus bandas.",
    )


def _recovery(result: Row) -> tuple[str, str]:
    r = result["recovery"]
    effects = "; ".join(f"{name.removeprefix('effect: ')} {whole_percent(x)}" for name, x in r["effects"].items())
    return (
        f"From {r['histories']} synthetic histories of the full model, 90 % intervals hold "
        f"{whole_percent(r['coverage_90'])} of true values{f', and of policy effects {effects}' if effects else ''}.",
        f"Con {r['histories']} historias simuladas del modelo completo, los intervalos de 90 % contienen "
        f"{whole_percent(r['coverage_90'])} de los valores verdaderos.",
    )


def _alternatives(result: Row) -> tuple[str, str]:
    rows = result["alternatives"]
    told = [agreement(rows, k) for k in range(len(rows[0]["effects"]))]
    same, turns = (sum(a.startswith(word) for a in told) for word in ("same", "turns"))
    best = max(rows, key=lambda r: r["stacking_weight"])
    return (
        f"Of {len(told)} headline effects, {same} keep a clear sign under all {len(rows)} structures and {turns} turn "
        f"with the structure. Most weight by forecasts from {best['origin']}: {best['id']} "
        f"({whole_percent(best['stacking_weight'])}).",
        f"De {len(told)} efectos principales, {same} conservan un signo claro con las {len(rows)} estructuras y "
        f"{turns} cambian de signo según la estructura.",
    )


def _barlas(result: Row) -> tuple[str, str]:
    rows = result["barlas"]
    holds, fails = (sum(r["verdict"] == v for r in rows) for v in ("holds", FAILS))
    failing = f": {', '.join(r['id'] for r in rows if r['verdict'] == FAILS)}" if fails else ""
    return (
        f"Of {len(rows)} tests of structure, {holds} hold and {fails} fail{failing}; the rest are feedback loops, "
        "opened where a strength can open them, with what the fit loses.",
        f"De {len(rows)} pruebas de estructura, {holds} se cumplen y {fails} fallan; las demás abren circuitos y "
        "miden cuánto pierde el ajuste.",
    )


def standing(skill: Mapping[str, float]) -> str:
    """Whether the model is better than a rival, worse, or undecided, by the 90 % interval of its skill."""
    return "better" if skill["q05"] > 0 else "worse" if skill["q95"] < 0 else "undecided"


def series_label(id: str) -> str:
    """Label of a series; all opioid deaths are a sum of two and have none of their own."""
    known = evidence.load().series
    return known[id].label.en if id in known else id


def effect_label(id: str) -> str:
    """Label of a published effect."""
    return next((e.label.en for e in evidence.load().held_back if e.id == id), id)


def as_change(q: Mapping[str, float]) -> str:
    """A predicted change with its 90 % interval; no median where the interval holds no change."""
    low, high = (share_percent(q[k], sign=True) for k in ("q05", "q95"))
    middle = f"{share_percent(q['median'], sign=True)} " if q["q05"] * q["q95"] > 0 else ""
    return f"{middle}({low} to {high})"


def as_effect(q: Mapping[str, float]) -> str:
    """The same for an effect in its own unit."""
    middle = f"{signed(q['median'])} " if q["q05"] * q["q95"] > 0 else ""
    return f"{middle}({signed(q['q05'])} to {signed(q['q95'])})"


def agreement(rows: Sequence[Row], k: int) -> str:
    """Whether headline effect ``k`` keeps its sign over structures, by 90 % intervals."""
    signs = [0 if q["q05"] * q["q95"] <= 0 else 1 if q["q05"] > 0 else -1 for q in (r["effects"][k] for r in rows)]
    clear = sum(s != 0 for s in signs)
    if {1, -1} <= set(signs):
        return "turns with the structure"
    return "same clear sign in all" if clear == len(signs) else f"clear in {clear} of {len(signs)}, never turned"


def headline(q: Row) -> str:
    """Scenario and outcome of a headline effect, in words."""
    return f"{Scenario.load(q['scenario']).label.en}: {OUTCOMES[q['outcome']].label.en}"


def by_series(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Pooled forecasts by series, those first where the model loses most to the rival that is best there.

    ``bias``: median of log forecast over outcome. Scores are means of the stored ones.
    """
    table: dict[str, list[Row]] = {}
    for r in rows:
        if r["weight"]:
            table.setdefault(r["series"], []).append(r)
    found = []
    for name, own in table.items():
        rivals = {i: float(np.mean([r["rivals"][i] for r in own])) for i in own[0]["rivals"] if _all_have(own, i)}
        best = min(rivals, key=lambda i: rivals[i])
        ours = float(np.mean([r["crps"] for r in own]))
        bias = float(np.median([np.log(r["median"] / r["observed"]) for r in own]))
        held = float(np.mean([r["coverage"]["95"] for r in own]))
        found.append(
            {"series": name, "forecasts": len(own), "crps": ours, "best_rival": best, "best_rival_crps": rivals[best],
             "excess": ours - rivals[best], "bias": bias, "inside_95": held}
        )  # fmt: skip
    return sorted(found, key=lambda r: -r["excess"])


def _all_have(rows: Sequence[Row], rival: str) -> bool:
    return all(rival in r["rivals"] for r in rows)


def losses(rows: Iterable[Row]) -> str:
    """Where rivals win by most, and what the model did there."""
    worst = [r for r in by_series(rows) if r["excess"] > 0][:WORST]
    if not worst:
        return "In no series does a rival have the better mean score."
    told = "; ".join(
        f"{series_label(r['series'])} (score {significant(r['crps'])}, {RIVALS[r['best_rival']]} "
        f"{significant(r['best_rival_crps'])}; half of the forecasts "
        f"{share_percent(abs(float(np.expm1(r['bias']))))} or more too {'high' if r['bias'] > 0 else 'low'}, "
        f"{whole_percent(r['inside_95'])} of outcomes inside 95 %)"
        for r in worst
    )
    return f"Rivals win by most on: {told}."


def from_2020(rows: Iterable[Row]) -> list[Row]:
    """The forecasts that a published model made too."""
    return [r for r in rows if "source_base" in r["rivals"]]


def kinds(rows: Sequence[Row]) -> list[tuple[str, int, str, str]]:
    """Tests of structure by kind: label, number, counts by verdict, and those that fail with their claim."""
    found = []
    for key, label in KINDS.items():
        own = [r for r in rows if r["id"].split(":")[0] == key]
        counts = Counter(r["verdict"] for r in own)
        told = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
        failing = "; ".join(
            f"{r['id']}: {r['evidence'].get('claim', '')}".rstrip(": ") for r in own if r["verdict"] == FAILS
        )
        if own:
            found.append((label, len(own), told, failing))
    return found


def loops(rows: Sequence[Row]) -> list[Row]:
    """The rows of loops knocked out that the fit can speak to."""
    return [r for r in rows if "log_likelihood" in r["evidence"]]


def tables(study: Study) -> dict[str, list[dict[str, Any]]]:
    """The stored validation as rows of plain values, by the name of their file; parts never run have no file."""
    held = [_held_back_row(r) for r in value(study, "held_back") or ()]
    rows = value(study, "backtests") or ()
    skill = {"model": value(study, "skill") or {}} | (value(study, "variant_skill") or {})
    cover = value(study, "coverage") or {}
    sbc, recovery = value(study, "sbc"), value(study, "recovery")
    return {
        "tests": [_part_row(p) for p in study.tests.values()],
        "sampling-criteria": [vars(r) | {"met": _yes(r.met)} for r in criteria(study.fit)],
        "held-back-effects": held,
        "backtests": [_backtest_row(r) for r in rows],
        "backtests-by-series": by_series(rows),
        "backtests-skill": [{"forecast": f, "rival": r, **q} for f, by in skill.items() for r, q in by.items()],
        "backtests-coverage": [
            {"forecast": f, **{f"inside_{p}": c[p] for p in LEVELS}} for f, c in cover.items()
        ],
        "calibration": [{k: sbc[k] for k in ("datasets", "quantities", "inside_bands")}
                        | {"outside": " ".join(sbc["outside"])}] if sbc else [],
        "recovery": _recovery_rows(recovery) if recovery else [],
        "structural-alternatives": [
            {"id": r["id"], "says": r["says"], "stacking_weight": r["stacking_weight"],
             "mean_log_score": r["mean_log_score"], **q}
            for r in value(study, "alternatives") or () for q in r["effects"]
        ],
        "structure-tests": [_barlas_row(r) for r in value(study, "barlas") or ()],
    }  # fmt: skip


def _yes(met: bool) -> str:
    return "yes" if met else "no"


def _part_row(p: Stored) -> dict[str, Any]:
    state = "never run" if p.result is None else "stale" if p.stale else "current"
    return {"part": p.id, "state": state, "date": p.date, "why": p.stale, "command": p.command}


def _held_back_row(r: Row) -> dict[str, Any]:
    published, model, told = r["published"], r["model"] or {}, r["evidence"]
    row = {"id": r["id"], "label": effect_label(r["id"]), "verdict": r["verdict"], "published": published["text"]}
    row |= {f"published_{k}": published[k] for k in ("value", "low", "high")}
    row |= {f"model_{k}": model.get(k) for k in ("median", "q05", "q95")}
    row |= {"analogue": told.get("analogue", told.get("reason")), "assumed": told.get("assumed")}
    return _filled(row)


def _backtest_row(r: Row) -> dict[str, Any]:
    row = {k: r[k] for k in ("origin", "series", "year", "horizon", "observed", "median", "crps", "pit", "weight")}
    row |= {f"crps_{i}": r["rivals"].get(i) for i in RIVALS} | {f"crps_{i}": x for i, x in r["variants"].items()}
    row |= {f"inside_{p}": _yes(r["coverage"][p]) for p in LEVELS}
    row |= {"conditional_on": " ".join(r["conditional_on"]), "later_vintage": _yes(r["later_vintage"])}
    return _filled(row)


def _recovery_rows(r: Row) -> list[dict[str, Any]]:
    whole = {"quantity": "all", "histories": r["histories"], "coverage_90": r["coverage_90"]}
    parts = [*r["effects"].items(), *r["lowest"]]
    return [whole, *({"quantity": n, "histories": r["histories"], "coverage_90": x} for n, x in parts)]


def _barlas_row(r: Row) -> dict[str, Any]:
    told = "; ".join(f"{k}: {v}" for k, v in r["evidence"].items() if v not in (None, [], {}))
    return {"id": r["id"], "verdict": r["verdict"], "evidence": told}


def _filled(row: Row) -> dict[str, Any]:
    return {k: "" if v is None else v for k, v in row.items()}
