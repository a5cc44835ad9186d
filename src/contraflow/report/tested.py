"""Tests that the model could have failed, read from the stored validation: words and tables, nothing run again.

A part that was never run says which command makes it; one of another model, posterior or settings is shown, and says
so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contraflow import evidence
from contraflow.policy import Scenario
from contraflow.report import predicted, told_supply
from contraflow.report.backtested import (
    LEVELS,
    RIVALS,
    SOURCE,
    Group,
    SeriesRow,
    beaten,
    by_series,
    grouped,
    held,
    losses,
    pooled,
    standing,
    why,
    width,
)
from contraflow.report.calibrated import block_of, quantity
from contraflow.report.fit_record import brief_fits, criteria
from contraflow.report.wording import Said, share_percent, signed, whole_percent
from contraflow.system.outcomes import OUTCOMES
from contraflow.validation import record
from contraflow.validation.record import Made
from contraflow.validation.validate import PARTS

if TYPE_CHECKING:
    from contraflow.report.study import Study

Row = Mapping[str, Any]

#: Stored parts in the order shown.
TITLES: Mapping[str, Said] = {
    "predictive": Said("Predictive checks", "Comprobaciones predictivas"),
    "held-back": Said("Effects held back", "Efectos reservados"),
    "backtests": Said("Forecasts from past years", "Pronósticos desde años pasados"),
    "true-supply": Said("Deaths told the true supply", "Muertes, dicha la oferta verdadera"),
    "calibration": Said("Simulation-based calibration", "Calibración con datos simulados"),
    "recovery": Said("Recovery of known histories", "Recuperación de historias conocidas"),
    "posterior-calibration": Said("Calibration given our data", "Calibración dados nuestros datos"),
    "alternatives": Said("Other structures", "Otras estructuras"),
    "barlas": Said("Structure", "Estructura"),
}
#: Verdicts of rules in code, on effects held back, skill and tests of structure.
VERDICTS = {
    "agrees": "coincide",
    "too weak": "queda corto",
    "too strong": "exagera",
    "wrong sign": "signo contrario",
    "not decided": "no decide",
    "not comparable": "no se puede comparar",
    "better": "mejor",
    "worse": "peor",
    "undecided": "sin diferencia clara",
    "holds": "se cumple",
    "fails": "falla",
    "fits alike": "ajusta igual",
    "fits worse": "ajusta peor",
    "fits better": "ajusta mejor",
    "made up for by the rest": "lo compensa el resto",
    "fits worse, not refitted": "ajusta peor, sin reajustar",
    "fits better, not refitted": "ajusta mejor, sin reajustar",
    "not in the fit": "no está en el ajuste",
    "no null": "sin valor nulo",
}
#: Kinds of tests of structure, by the beginning of their id.
KINDS = {
    "units": Said("Units", "Unidades"),
    "conservation": Said("Every ledger closes", "Cada balance cierra"),
    "planted_leaks": Said("Leaks lost on purpose are seen", "Se detectan fugas provocadas"),
    "extreme": Said("Extreme conditions", "Condiciones extremas"),
    "step_size": Said("Half the time step", "Mitad del paso de tiempo"),
    "loop": Said("Loops knocked out", "Circuitos abiertos"),
}
#: Name of each rival structure in Spanish, and what it says; the stored rows say it in English.
STRUCTURES_ES = {
    "reference": ("la de referencia", "todas son inciertas"),
    "contagion": ("contagio", "los grupos reclutan en proporción a sus miembros; no reponen las bajas"),
    "re-hiring": ("recontratación", "los grupos mantienen su nómina: reponen toda baja"),
    "additive-prices": ("precios aditivos", "el alza del precio al mayoreo se suma al precio al menudeo"),
    "no-titration": ("sin ajuste de la dosis", "la gente toma el mismo volumen sea cual sea la pureza"),
    "no-rents": ("sin rentas", "lo que un grupo puede ganar no mueve los homicidios"),
}
FAILS = "fails"
#: Standard errors from which the score of a structure is said to differ from the reference.
DIFFERS = 2.0


@dataclass(frozen=True, eq=False)
class Stored:
    """One part of the validation: its result, None where it was never run, and what is wrong with it, if anything.

    ``made``: what it belongs to, in one line; empty where it was never run.
    """

    id: str
    result: Row | None
    date: str
    stale: str
    made: Said = Said("", "")

    @property
    def title(self) -> Said:
        """Heading."""
        return TITLES[self.id]

    @property
    def command(self) -> str:
        """What makes it."""
        return f"contraflow validate --part {self.id}"

    @property
    def notice(self) -> Said:
        """That it is missing or stale, and what to do; empty where it is neither."""
        if self.result is None:
            return Said(
                f"Not run for this version: `{self.command}` makes it.",
                f"Sin resultado en esta versión; se obtiene con `{self.command}`.",
            )
        if self.stale:
            return Said(
                f"Stale: {self.stale}. `{self.command}` makes it again.",
                f"Obsoleto: se hizo para otro modelo, otra muestra u otros ajustes; `{self.command}` lo rehace.",
            )
        return Said("", "")


def load(now: Made) -> dict[str, Stored]:
    """Every stored part, by id, in the order shown; ``now``: model and posterior of now.

    One that lacks what its part now makes counts as not run.

    Raises:
        ContraflowError: a stored file is not a result.
    """
    found = {}
    for id in TITLES:
        held = record.load(id)
        if held is None or any(key not in held.result for key in PARTS[id].fills):
            found[id] = Stored(id, None, "", "")
            continue
        made = Said(
            f"{id} of {held.date} · fit {held.made.model} · posterior {held.made.posterior}",
            f"{TITLES[id].es}, {held.date} · ajuste {held.made.model} · posterior {held.made.posterior}",
        )
        found[id] = Stored(id, held.result, held.date, "; ".join(PARTS[id].outdated(held, now)), made)
    return found


def value(study: Study, key: str) -> Any:
    """What the stored validation has under a key, or None."""
    return next((p.result[key] for p in study.tests.values() if p.result and key in p.result), None)


def said(study: Study) -> dict[str, Said]:
    """One sentence a part, by id, sampling first; in the order shown."""
    told = {"sampling": _sampling(study)}
    makers = {
        "predictive": _predictive, "held-back": _held_back, "backtests": _backtests, "true-supply": told_supply.said,
        "calibration": _calibration, "recovery": _recovery, "posterior-calibration": _posterior_sbc,
        "alternatives": _alternatives, "barlas": _barlas,
    }  # fmt: skip
    for id, part in study.tests.items():
        if part.result is None:
            told[id] = part.notice
            continue
        en, es = makers[id](part.result)
        told[id] = Said(f"{en} {part.notice.en}".strip(), f"{es} {part.notice.es}".strip())
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


def _predictive(result: Row) -> tuple[str, str]:
    told = predicted.said(result["predictive"])
    return told.en, told.es


def _held_back(result: Row) -> tuple[str, str]:
    rows = result["held_back"]
    counts = Counter(r["verdict"] for r in rows)
    out = counts.pop("not comparable", 0)
    en = "; ".join(f"{v}: {n}" for v, n in counts.most_common()) or "none"
    es = "; ".join(f"{verdict(v, 'es')}: {n}" for v, n in counts.most_common()) or "ninguno"
    easy = ", ".join(r["id"] for r in rows if r["verdict"] == "agrees" and r["would_agree_with_none"])
    untested_en = f" A model without any effect would agree too on {easy}." if easy else ""
    untested_es = f" Un modelo sin efecto alguno también coincidiría en {easy}." if easy else ""
    return (
        f"{len(rows)} published effects set no prior. The model can be asked for {len(rows) - out} of them. "
        f"{en[0].upper()}{en[1:]}.{untested_en}",
        f"De {len(rows)} efectos publicados que no fijaron ningún valor previo, el modelo puede predecir "
        f"{len(rows) - out}. {es[0].upper()}{es[1:]}.{untested_es}",
    )


def _backtests(result: Row) -> tuple[str, str]:
    skill, rows, cover = result["skill"], result["backtests"], result.get("coverage", {}).get("model")
    en = _ranked(skill, "en", ("clearly better than", "clearly worse than", "not told apart from"))
    es = _ranked(skill, "es", ("claramente mejor que", "claramente peor que", "sin diferencia clara con"))
    inside, lost = result["pit_inside_bands"], losses(rows, result.get("record"))
    at_levels = held(rows, cover) if cover else []
    narrow, worse = width(at_levels), ", ".join(str(origin) for origin in beaten(rows))
    brief = brief_fits(list(result.get("fits", {}).values()))
    levels, levels_es = (
        "; "
        + told
        + ", ".join(
            f"{whole_percent(h.share)} {at} {h.level} % ({whole_percent(h.low)}–{whole_percent(h.high)})"
            for h in at_levels
        )
        + end
        + (f": {too}" if too else "")
        if at_levels
        else ""
        for told, at, end, too in (
            ("outcomes inside intervals: ", "at", ", in brackets the 95 % band of calibrated forecasts", narrow.en),
            (
                "resultados dentro de sus intervalos: ",
                "al",
                "; entre paréntesis, la banda de 95 % de pronósticos calibrados",
                narrow.es,
            ),
        )
    )
    origins = ", ".join(str(g.key) for g in grouped(rows, "origin"))
    return (
        f"Over {len(pooled(rows))} pooled forecasts from {origins} the model is {en or 'beside no rival'} (90 % "
        f"intervals of skill). The places of outcomes in their forecasts are {'inside' if inside else 'outside'} their "
        f"bands{levels}.{f' From {worse} every rival is better.' if worse else ''} {lost.en}{brief.en}",
        f"En {len(pooled(rows))} pronósticos desde {origins} el modelo es {es or 'sin rival'} (intervalos de 90 %). La "
        f"posición de los resultados está {'dentro' if inside else 'fuera'} de sus bandas{levels_es}."
        f"{f' Desde {worse} todo rival es mejor.' if worse else ''} {lost.es}{brief.es}",
    )


def _ranked(skill: Mapping[str, Row], language: str, words: Sequence[str]) -> str:
    """The rivals in words: those beaten, those that win, and those not told apart."""
    found = [
        f"{word} {', '.join(own)}"
        for word, verdict in zip(words, ("better", "worse", "undecided"), strict=True)
        if (own := [RIVALS[r][language] for r, q in skill.items() if standing(q) == verdict])
    ]
    return "; ".join(found)


def _calibration(result: Row) -> tuple[str, str]:
    s = result["sbc"]
    out = [quantity(n) for n in s.get("outside", ())]
    en, es = (f" {word}: {'; '.join(q[lang] for q in out)}." if out else ""
              for word, lang in (("Outside", "en"), ("Fuera", "es")))  # fmt: skip
    return (
        f"Over {s['datasets']} synthetic data sets of a reduced model, {s['inside_bands']} of {s['quantities']} "
        f"quantities have ranks inside simultaneous 95 % bands; one in twenty may fall outside by chance.{en}",
        f"Con {s['datasets']} juegos de datos simulados de un modelo reducido, {s['inside_bands']} de "
        f"{s['quantities']} cantidades quedan dentro de bandas simultáneas de 95 %; una de veinte puede quedar fuera "
        f"por azar.{es}",
    )


def _recovery(result: Row) -> tuple[str, str]:
    r = result["recovery"]
    named = [(quantity(name), whole_percent(x)) for name, x in r["effects"].items()]
    en, es = ("; ".join(f"{q[lang]} {x}" for q, x in named) for lang in ("en", "es"))
    return (
        f"From {r['histories']} synthetic histories of the full model, 90 % intervals hold "
        f"{whole_percent(r['coverage_90'])} of true values{f', and of policy effects: {en}' if en else ''}. These are "
        "intervals of stage 2: the latent driver of supply and what trials inform are held at the truth.",
        f"Con {r['histories']} historias simuladas del modelo completo, los intervalos de 90 % contienen "
        f"{whole_percent(r['coverage_90'])} de los valores verdaderos{f'; de los efectos: {es}' if es else ''}. Son "
        "intervalos de la etapa 2: el factor latente de la oferta y lo que informan los ensayos quedan en la verdad.",
    )


def _posterior_sbc(result: Row) -> tuple[str, str]:
    r = result["posterior_sbc"]
    named = [(quantity(name), whole_percent(row["inside"])) for name, row in r["effects"].items()]
    outside, by_chance = r["quantities"] - r["inside_bands"], 0.05 * r["quantities"]
    en, es = ("; ".join(f"{q[lang]} {x}" for q, x in named) for lang in ("en", "es"))
    return (
        f"{r['histories']} more histories drawn from the posterior, each fitted beside our own data with what stage "
        "1 hands on held at the truth, so that 90 % is due: 90 % intervals hold "
        f"{whole_percent(r['coverage_90'])} of true values, and of policy effects: {en}. "
        f"Ranks of {outside} of {r['quantities']} quantities fall outside simultaneous 95 % bands, where "
        f"{by_chance:.0f} would by chance.",
        f"{r['histories']} historias más, simuladas de la posterior y ajustada cada una junto a nuestros datos y "
        "con lo que entrega la etapa 1 fijo en la verdad, de modo que corresponde 90 %: los intervalos de 90 % "
        f"contienen {whole_percent(r['coverage_90'])} de los valores verdaderos; de los efectos: {es}. Los rangos de "
        f"{outside} de {r['quantities']} cantidades caen fuera de "
        f"bandas simultáneas de 95 %, donde por azar caerían {by_chance:.0f}.",
    )


def _alternatives(result: Row) -> tuple[str, str]:
    rows = result["alternatives"]
    told = [agreement(rows, k).en for k in range(len(rows[0]["effects"]))]
    same, turns = (sum(a.startswith(word) for a in told) for word in ("same", "turns"))
    best = max(rows, key=lambda r: r["stacking_weight"])
    noise, brief = _noise(rows), brief_fits([r.get("sampling") for r in rows])
    return (
        f"{len(told)} headline effects under {len(rows)} structures. The same clear sign in all: {same}; turning with "
        f"the structure: {turns}; clear in some or none: {len(told) - same - turns}. Most weight by forecasts from "
        f"{best['origin']}: {best['id']} ({whole_percent(best['stacking_weight'])}).{noise.en}{brief.en}",
        f"{len(told)} efectos principales con {len(rows)} estructuras. Mismo signo claro en todas: {same}; cambian "
        f"según la estructura: {turns}; claros en algunas o ninguna: {len(told) - same - turns}. Más peso según "
        f"pronósticos desde {best['origin']}: {structure(best).es} ({whole_percent(best['stacking_weight'])})."
        f"{noise.es}{brief.es}",
    )


def _noise(rows: Sequence[Row]) -> Said:
    """Which structures forecast differently from the reference by more than chance, where the rows can tell."""
    if "score_difference" not in rows[0]:
        return Said("", "")
    apart = [structure(r) for r in rows if abs(r["score_difference"]["mean"]) > DIFFERS * r["score_difference"]["se"]]
    n = rows[0]["points"]
    if not apart:
        return Said(
            f" Over {n} points no score differs from the reference’s by more than {DIFFERS:g} standard errors: the "
            "weights do not choose a structure.",
            f" En {n} puntos ningún puntaje difiere del de referencia por más de {DIFFERS:g} errores estándar: los "
            "pesos no eligen estructura.",
        )
    return Said(
        f" Over {n} points the score differs from the reference’s by more than {DIFFERS:g} standard errors for: "
        f"{', '.join(s.en for s in apart)}.",
        f" En {n} puntos el puntaje difiere del de referencia por más de {DIFFERS:g} errores estándar en: "
        f"{', '.join(s.es for s in apart)}.",
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


def effect_label(id: str) -> Said:
    """Label of a published effect."""
    own = next((e.label for e in evidence.load().held_back if e.id == id), None)
    return Said(own.en, own.es) if own else Said(id, id)


def verdict(name: str, language: str) -> str:
    """A verdict in one of the languages."""
    return VERDICTS.get(name, name) if language == "es" else name


_TO = {"en": "to", "es": "a"}


def as_published(p: Row) -> str:
    """A published change with its interval, as far as there are figures."""
    low, middle, high = (None if p[k] is None else share_percent(p[k], sign=True) for k in ("low", "value", "high"))
    return f"{middle or ''} ({low or '…'} – {high or '…'})".strip()


def as_change(q: Mapping[str, float], language: str = "en") -> str:
    """A predicted change with its 90 % interval; no median where the interval holds no change."""
    low, high = (share_percent(q[k], sign=True) for k in ("q05", "q95"))
    middle = f"{share_percent(q['median'], sign=True)} " if q["q05"] * q["q95"] > 0 else ""
    return f"{middle}({low} {_TO[language]} {high})"


def as_effect(q: Mapping[str, float], language: str = "en") -> str:
    """The same for an effect in its own unit."""
    middle = f"{signed(q['median'])} " if q["q05"] * q["q95"] > 0 else ""
    return f"{middle}({signed(q['q05'])} {_TO[language]} {signed(q['q95'])})"


def agreement(rows: Sequence[Row], k: int) -> Said:
    """Whether headline effect ``k`` keeps its sign over structures, by 90 % intervals."""
    signs = [0 if q["q05"] * q["q95"] <= 0 else 1 if q["q05"] > 0 else -1 for q in (r["effects"][k] for r in rows)]
    clear = sum(s != 0 for s in signs)
    if {1, -1} <= set(signs):
        return Said("turns with the structure", "cambia según la estructura")
    if clear == len(signs):
        return Said("same clear sign in all", "mismo signo claro en todas")
    if not clear:
        return Said("clear in none", "claro en ninguna")
    return Said(f"clear in {clear} of {len(signs)}, never turned", f"claro en {clear} de {len(signs)}, nunca al revés")


def headline(q: Row) -> Said:
    """Scenario and outcome of a headline effect, in words."""
    policy, outcome = Scenario.load(q["scenario"]).label, OUTCOMES[q["outcome"]].label
    assert policy is not None  # a scenario that lacks one gets its id
    return Said(f"{policy.en}: {outcome.en}", f"{policy.es}: {outcome.es}")


def structure_says(r: Row) -> Said:
    """What a rival structure holds."""
    return Said(r["says"], STRUCTURES_ES[r["id"]][1] if r["id"] in STRUCTURES_ES else r["says"])


def structure(r: Row) -> Said:
    """Name of a rival structure."""
    return Said(r["id"], STRUCTURES_ES[r["id"]][0] if r["id"] in STRUCTURES_ES else r["id"])


def kinds(rows: Sequence[Row]) -> list[tuple[Said, int, Said, str]]:
    """Tests of structure by kind: label, number, counts by verdict, and those that fail with their claim."""
    found = []
    for key, label in KINDS.items():
        own = [r for r in rows if r["id"].split(":")[0] == key]
        counts = Counter(r["verdict"] for r in own)
        en, es = (", ".join(f"{n} {verdict(v, lang)}" for v, n in counts.most_common()) for lang in ("en", "es"))
        failing = "; ".join(
            f"{r['id']}: {r['evidence'].get('claim', '')}".rstrip(": ") for r in own if r["verdict"] == FAILS
        )
        if own:
            found.append((label, len(own), Said(en, es), failing))
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
    sbc, recovery, given_ours, others = (
        value(study, key) for key in ("sbc", "recovery", "posterior_sbc", "alternatives")
    )
    checks = value(study, "predictive")
    others = others or ()
    return {
        "tests": [_part_row(p) for p in study.tests.values()],
        "sampling-criteria": [vars(r) | {"met": _yes(r.met)} for r in criteria(study.fit)],
        **(predicted.tables(checks) if checks else {}),
        "held-back-effects": held,
        "backtests": [_backtest_row(r) for r in rows],
        "backtests-by-series": [_series_row(r) for r in by_series(rows, value(study, "record"))],
        "backtests-by-origin": [_group_row(g) for key in ("origin", "horizon") for g in grouped(rows, key)],
        "backtests-skill": [{"forecast": f, "rival": r, **q} for f, by in skill.items() for r, q in by.items()],
        "backtests-coverage": [
            {"forecast": f, **{f"inside_{p}": c[p] for p in LEVELS}} for f, c in cover.items()
        ],
        "calibration": [{k: sbc[k] for k in ("datasets", "quantities", "inside_bands")}
                        | {"outside": "; ".join(sbc["outside"])}] if sbc else [],
        "recovery": _recovery_rows(recovery) if recovery else [],
        "posterior-calibration": [
            {"effect": n, "histories": given_ours["histories"], **row} for n, row in given_ours["effects"].items()
        ] if given_ours else [],
        "structural-alternatives": [
            {"id": r["id"], "says": r["says"], "stacking_weight": r["stacking_weight"],
             "mean_log_score": r["mean_log_score"], "agreement": agreement(others, k).en, **q}
            for r in others for k, q in enumerate(r["effects"])
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
    row = {"id": r["id"], "label": effect_label(r["id"]).en, "verdict": r["verdict"], "published": published["text"]}
    row |= {f"published_{k}": published[k] for k in ("value", "low", "high")}
    row |= {f"model_{k}": model.get(k) for k in ("median", "q05", "q95")}
    row |= {"would_agree_with_none": _yes(r["would_agree_with_none"]) if r["model"] else ""}
    row |= {"analogue": told.get("analogue", told.get("reason")), "assumed": told.get("assumed")}
    return _filled(row)


def _backtest_row(r: Row) -> dict[str, Any]:
    row = {k: r[k] for k in ("origin", "series", "year", "horizon", "observed", "median", "crps", "pit", "weight")}
    for p in LEVELS:
        row |= dict(zip((f"low_{p}", f"high_{p}"), r.get("intervals", {}).get(p, (None, None)), strict=True))
    row |= {f"crps_{i}": r["rivals"].get(i) for i in RIVALS} | {f"crps_{i}": x for i, x in r["variants"].items()}
    row |= {f"inside_{p}": _yes(r["coverage"][p]) for p in LEVELS}
    row |= {"conditional_on": " ".join(r["conditional_on"]), "later_vintage": _yes(r["later_vintage"])}
    return _filled(row)


def _series_row(r: SeriesRow) -> dict[str, Any]:
    row = {k: v for k, v in vars(r).items() if k != "worst"} | {"excess": r.excess}
    return _filled(row | {"what_the_numbers_show": why(r).en if r.excess > 0 else ""})


def _group_row(g: Group) -> dict[str, Any]:
    row = {"group": g.by, "of": g.key, "forecasts": g.forecasts, "crps": g.crps, "best": g.best}
    row |= {f"crps_{i}": g.rivals.get(i) for i in RIVALS if i != SOURCE}
    return row | {f"inside_{p}": g.coverage[p] for p in LEVELS}


def _recovery_rows(r: Row) -> list[dict[str, Any]]:
    covered = r.get("coverage") or dict(r["lowest"])
    rows = [("all", "all", r["coverage_90"])]
    rows += [(n, block_of(n), x) for n, x in {**r["effects"], **covered}.items()]
    return [{"quantity": n, "block": b, "histories": r["histories"], "coverage_90": x} for n, b, x in rows]


def _barlas_row(r: Row) -> dict[str, Any]:
    told = "; ".join(f"{k}: {v}" for k, v in r["evidence"].items() if v not in (None, [], {}))
    return {"id": r["id"], "verdict": r["verdict"], "evidence": told}


def _filled(row: Row) -> dict[str, Any]:
    return {k: "" if v is None else v for k, v in row.items()}
