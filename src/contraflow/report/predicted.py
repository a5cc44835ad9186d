"""The stored predictive checks, read: features of series that replications do not have, and priors that miss points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contraflow.report.backtested import series_label
from contraflow.report.wording import Said, signed, significant, whole_percent
from contraflow.validation.predictive import STRANGE

Row = Mapping[str, Any]

#: Share of a series' points inside its prior's 90 % band below which the priors are said to miss them.
HELD = 0.8
MOVEMENT, STEP, PERSISTENCE = "movement", "largest_step", "persistence_of_misses"
FEATURES = {
    MOVEMENT: Said(
        "Movement from the first third of rows to the last, log or logit",
        "Cambio del primer tercio de las filas al último, log o logit",
    ),
    STEP: Said("Largest step between rows, log or logit", "Mayor salto entre filas, log o logit"),
    PERSISTENCE: Said("Persistence of misses, a correlation", "Persistencia de los errores, una correlación"),
}
#: What a strange feature shows, by whether the observed lies above the replications.
READINGS = {
    (PERSISTENCE, True): Said(
        "what the model misses runs on from row to row, further than the memory estimated for it",
        "lo que el modelo yerra sigue de una fila a la siguiente, más allá de la memoria estimada",
    ),
    (PERSISTENCE, False): Said(
        "what the model misses alternates from row to row, more than the memory estimated for it",
        "lo que el modelo yerra alterna de una fila a la siguiente, más que la memoria estimada",
    ),
    (STEP, True): Said(
        "it jumps further in one step than the model with its noise does",
        "da un salto mayor que los del modelo con su ruido",
    ),
    (STEP, False): Said(
        "it is smoother than the model with its noise",
        "es más suave que el modelo con su ruido",
    ),
    (MOVEMENT, True): Said(
        "over its record it rises more, or falls less, than in the model",
        "en su registro sube más, o baja menos, que en el modelo",
    ),
    (MOVEMENT, False): Said(
        "over its record it falls more, or rises less, than in the model",
        "en su registro baja más, o sube menos, que en el modelo",
    ),
}


@dataclass(frozen=True)
class Strange:
    """A feature of a series beside the 90 % of its replications, and what it shows."""

    series: str
    feature: Said
    observed: str
    replicated: str
    reading: Said


def is_strange(row: Row) -> bool:
    """Whether a feature lies in the outer 1 % of its replications."""
    return bool(2 * min(row["p"], 1 - row["p"]) < STRANGE)


def strange(checks: Row) -> list[Strange]:
    """The strange features, in order of what they show and then of their series."""
    found = sorted((r for r in checks["posterior"] if is_strange(r)), key=lambda r: list(FEATURES).index(r["feature"]))
    return [
        Strange(
            r["series"],
            FEATURES[r["feature"]],
            signed(r["observed"]),
            f"{signed(r['q05'])} – {signed(r['q95'])}",
            READINGS[r["feature"], r["p"] < 0.5],
        )
        for r in found
    ]


def missed(checks: Row) -> list[Row]:
    """Series of whose points the prior's 90 % band holds too few, the fewest first."""
    return sorted((r for r in checks["prior"] if r["inside"] < HELD), key=lambda r: float(r["inside"]))


def said(checks: Row) -> Said:
    """How many features are strange, which kind, and where the priors miss the points."""
    n, of = checks["strange"]["features"], checks["strange"]["of"]
    series = len({r["series"] for r in checks["posterior"]})
    kinds = Counter(r["feature"] for r in checks["posterior"] if is_strange(r))
    chance = significant(STRANGE * of, 1)
    en = f"Of {of} features of {series} fitted series, {n} are strange at 1 %; {chance} would be by chance."
    es = f"De {of} rasgos de {series} series ajustadas, {n} son raros al 1 %; por azar lo sería {chance}."
    if runs := kinds[PERSISTENCE]:
        en += f" In {runs} of them what the model misses runs on from row to row."
        es += f" En {runs} de ellos lo que el modelo yerra sigue de una fila a la siguiente."
    lost = missed(checks)
    en_lost, es_lost = (_listed(lost, language) for language in ("en", "es"))
    about = f"{len(lost)} of {len(checks['prior'])}", f"{len(lost)} de {len(checks['prior'])}"
    bar = whole_percent(HELD)
    en += f" Before the fit, the priors’ 90 % band holds under {bar} of the points of {about[0]} series{en_lost}."
    es += f" Antes del ajuste, la banda de 90 % de los valores previos contiene menos de {bar} de los puntos en "
    return Said(en, f"{es}{about[1]} series{es_lost}.")


def _listed(rows: Sequence[Row], language: str) -> str:
    told = ", ".join(f"{series_label(r['series'])[language]} ({whole_percent(r['inside'])})" for r in rows)
    return f": {told}" if told else ""


def meaning(checks: Row) -> Said:
    """What the strange features and the missed points mean for a reader."""
    kinds = {r["feature"] for r in checks["posterior"] if is_strange(r)}
    en, es = [], []
    if PERSISTENCE in kinds:
        en.append(
            "Where misses run on, years are counted as more evidence than they are: what such a series teaches is less "
            "certain than its interval says, and a forecast of it starts off the mark."
        )
        es.append(
            "Donde los errores siguen, los años cuentan como más evidencia de la que son: lo que enseña esa serie es "
            "menos seguro de lo que dice su intervalo, y su pronóstico parte desviado."
        )
    if kinds & {MOVEMENT, STEP}:
        en.append("Where movement or steps are strange, the model does not account for the course or scatter there.")
        es.append("Donde el cambio o los saltos son raros, el modelo no explica el curso o la dispersión de esa serie.")
    if missed(checks):
        en.append(
            "Where the priors miss the points, data and priors disagree: the fit had to leave what was believed before."
        )
        es.append(
            "Donde los valores previos no contienen los puntos, datos y valores previos no concuerdan: el ajuste tuvo "
            "que apartarse de lo que se creía."
        )
    if not en:
        return Said("Nothing here speaks against the fit; features are few.", "Nada aquí contradice el ajuste.")
    return Said(" ".join(en), " ".join(es))


def tables(checks: Row) -> dict[str, list[dict[str, Any]]]:
    """Every row of both checks."""
    return {
        "predictive-checks": [{**r, "strange": "yes" if is_strange(r) else "no"} for r in checks["posterior"]],
        "prior-predictive": [{**r, "fold": "" if r["fold"] is None else r["fold"]} for r in checks["prior"]],
    }
