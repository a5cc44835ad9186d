"""The stored forecasts from past years, read: where they were right, where a rival was better, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.report.wording import Said, share_percent, significant, whole_percent
from contraflow.validation.scoring import PIT_LEVELS, coverage_band, pit_bands

Row = Mapping[str, Any]

MODEL, SOURCE = "model", "source_base"
RIVALS = {
    "persistence": Said("Persistence", "Persistencia"),
    "drift": Said("Drift", "Deriva"),
    "ets": Said("ETS", "ETS"),
    "arima": Said("ARIMA", "ARIMA"),
    SOURCE: Said("SOURCE Base", "SOURCE Base"),
}
FORECASTS = {
    MODEL: Said("The model", "El modelo"),
    "stacked": Said("Stacked with a rival", "Combinado con un rival"),
    "widened": Said("Intervals widened", "Intervalos ampliados"),
} | RIVALS
LEVELS = ("50", "80", "95")
#: Series of deaths and of the missing, shown first.
LIVES = ("us.deaths.", "mx.homicides.inegi.", "mx.missing.")
#: Series that are named where the model loses most against a rival.
WORST = 3
#: Forecasts from which a series is said to lean, or its intervals to be too narrow or too wide.
ENOUGH = 4
#: Share of forecasts that err to one side from which they are said to lean.
LEANS = 0.8
#: Coverage of 95 % intervals below which they are too narrow; of 50 % above which, with none missed, they are too wide.
NARROW, WIDE = 0.85, 0.75
BINS = 10
_SIMULATIONS = 4000


@dataclass(frozen=True)
class Group:
    """Forecasts that share the ``key`` of what they are grouped ``by``: weighted means of scores and of coverage."""

    by: str
    key: Any
    forecasts: int
    crps: float
    rivals: Mapping[str, float]
    coverage: Mapping[str, float]

    @property
    def best(self) -> str:
        """The forecast with the smallest mean score, ours or a rival's."""
        scores = {MODEL: self.crps, **self.rivals}
        return min(scores, key=lambda name: scores[name])


@dataclass(frozen=True)
class SeriesRow:
    """The pooled forecasts of one series, beside the rival that does best there.

    ``origins``: how many it has. ``bias``: median of log forecast over outcome. ``over``: forecasts whose median was
    too high. ``miss``, ``moved``: median distance in logs of the outcome from our median, and from the last value
    known at the origin (None where no record is stored). ``nearer``: forecasts whose outcome lay nearer to the rival's
    median (None where none are stored). ``worst``: origin that costs most against the rival, and its
    share of what is lost.
    """

    series: str
    forecasts: int
    origins: int
    crps: float
    best_rival: str
    best_rival_crps: float
    bias: float
    over: int
    miss: float
    moved: float | None
    nearer: int | None
    inside_50: float
    inside_95: float
    worst: tuple[int, float] | None

    @property
    def excess(self) -> float:
        """Above 0 the rival is better."""
        return self.crps - self.best_rival_crps


@dataclass(frozen=True, eq=False)
class Places:
    """Places of outcomes in their forecasts: shares by bin, and cumulative shares less those of a uniform.

    Each with bands that calibrated forecasts keep within, at all bins or levels at once, in 95 % of simulations.
    """

    share: np.ndarray
    share_low: np.ndarray
    share_high: np.ndarray
    levels: np.ndarray
    departure: np.ndarray
    low: np.ndarray
    high: np.ndarray


def series_label(id: str) -> Said:
    """Label of a series."""
    known = evidence.load().series
    return Said(known[id].label.en, known[id].label.es) if id in known else Said(id, id)


def standing(skill: Mapping[str, float]) -> str:
    """Whether the model is better than a rival, worse, or undecided, by the 90 % interval of its skill."""
    return "better" if skill["q05"] > 0 else "worse" if skill["q95"] < 0 else "undecided"


def pooled(rows: Iterable[Row]) -> list[Row]:
    """The rows that count."""
    return [r for r in rows if r["weight"]]


def grouped(rows: Iterable[Row], key: str) -> list[Group]:
    """Pooled forecasts by ``origin`` or ``horizon``."""
    table = _by(pooled(rows), lambda r: r[key])
    return [_group(key, k, table[k]) for k in sorted(table)]


def _by(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    table: dict[Any, list[Row]] = {}
    for r in rows:
        table.setdefault(key(r), []).append(r)
    return table


def _group(by: str, key: Any, own: Sequence[Row]) -> Group:
    weights = np.array([r["weight"] for r in own])

    def mean(value: Callable[[Row], float]) -> float:
        return float(np.average([value(r) for r in own], weights=weights))

    rivals = {i: mean(lambda r, i=i: r["rivals"][i]) for i in _shared(own)}  # type: ignore[misc]
    inside = {p: mean(lambda r, p=p: r["coverage"][p]) for p in LEVELS}  # type: ignore[misc]
    return Group(by, key, len(own), mean(lambda r: r["crps"]), rivals, inside)


def _shared(rows: Sequence[Row]) -> list[str]:
    """Rivals that forecast all of these."""
    return [i for i in rows[0]["rivals"] if all(i in r["rivals"] for r in rows)]


def lines(rows: Iterable[Row], origin: int) -> list[dict[str, Any]]:
    """Every forecast of an origin, one line a series.

    Keys: ``series``, ``years``, ``pooled``, ``inside`` (whether the 95 % interval held the outcome, by year), and
    ``scores``: forecast → (score, whether the best of that year) by year; None where a rival has no such forecast.
    """
    found, made = [], [r for r in rows if r["origin"] == origin]
    rivals = [i for i in RIVALS if any(i in r["rivals"] for r in made)]
    for name, own in _by(made, lambda r: r["series"]).items():
        scores: dict[str, list[tuple[float, bool] | None]] = {who: [] for who in (MODEL, *rivals)}
        for r in own:
            year = {MODEL: r["crps"], **r["rivals"]}
            best = min(year.values())
            for who, column in scores.items():
                column.append((year[who], year[who] == best) if who in year else None)
        found.append(
            {"series": name, "years": [r["year"] for r in own], "pooled": bool(own[0]["weight"]), "scores": scores,
             "inside": [r["coverage"]["95"] for r in own]}
        )  # fmt: skip
    return found


def by_series(rows: Iterable[Row], record: Mapping[str, Any] | None = None) -> list[SeriesRow]:
    """Pooled forecasts by series, those first where the model loses most to the rival that is best there."""
    table = _by(pooled(rows), lambda r: r["series"])
    found = [_series_row(name, own, (record or {}).get(name)) for name, own in table.items()]
    return sorted(found, key=lambda r: -r.excess)


def _series_row(name: str, own: Sequence[Row], record: Sequence[Sequence[float]] | None) -> SeriesRow:
    whole = _group("series", name, own)
    best = min(whole.rivals, key=lambda i: whole.rivals[i])
    error = np.array([np.log(r["median"] / r["observed"]) for r in own])
    lost = {o: sum(r["crps"] - r["rivals"][best] for r in at) for o, at in _by(own, lambda r: r["origin"]).items()}
    worst = max(lost, key=lambda o: lost[o])
    total = sum(x for x in lost.values() if x > 0)
    return SeriesRow(
        name, len(own), len(lost), whole.crps, best, whole.rivals[best], float(np.median(error)),
        int((error > 0).sum()), float(np.median(np.abs(error))), _moved(own, record),
        _nearer(own, best), whole.coverage["50"], whole.coverage["95"],
        (worst, lost[worst] / total) if total > 0 else None,
    )  # fmt: skip


def _moved(own: Sequence[Row], record: Sequence[Sequence[float]] | None) -> float | None:
    if record is None:
        return None
    known = [[value for year, value in record if year <= r["origin"]] for r in own]
    moves = [abs(np.log(r["observed"] / past[-1])) for r, past in zip(own, known, strict=True) if past]
    return float(np.median(moves)) if moves else None


def _nearer(own: Sequence[Row], rival: str) -> int | None:
    if not all(rival in r.get("rival_medians", {}) for r in own):
        return None
    return sum(abs(np.log(r["rival_medians"][rival] / r["observed"])) < abs(np.log(r["median"] / r["observed"]))
               for r in own)  # fmt: skip


def why(r: SeriesRow) -> Said:
    """What went wrong with a series on which a rival wins, from its numbers alone."""
    en, es = [], []
    high = r.bias > 0
    one_side = r.over if high else r.forecasts - r.over
    size = share_percent(abs(float(np.expm1(r.bias))))
    if one_side >= LEANS * r.forecasts:
        en.append(f"{one_side} of {r.forecasts} medians too {'high' if high else 'low'}, half by {size} or more")
        es.append(f"{one_side} de {r.forecasts} medianas {'altas' if high else 'bajas'}, la mitad por {size} o más")
    else:
        off = share_percent(float(np.expm1(r.miss)))
        en.append(f"medians too high {r.over} times of {r.forecasts}; half are off by {off} or more")
        es.append(f"medianas altas {r.over} veces de {r.forecasts}; la mitad yerra por {off} o más")
    inside = whole_percent(r.inside_95)
    if r.nearer is not None:
        en.append(f"median of {RIVALS[r.best_rival].en} nearer in {r.nearer} of {r.forecasts}")
        es.append(f"mediana de {RIVALS[r.best_rival].es} más cerca en {r.nearer} de {r.forecasts}")
    if r.forecasts < ENOUGH:
        en.append("too few forecasts to say why")
        es.append("muy pocos pronósticos para decir por qué")
        return Said("; ".join(en), "; ".join(es))
    if r.inside_95 < NARROW:
        en.append(f"intervals too narrow ({inside} inside 95 %)")
        es.append(f"intervalos demasiado angostos ({inside} dentro de 95 %)")
    elif r.inside_50 > WIDE and r.inside_95 == 1:
        half = whole_percent(r.inside_50)
        en.append(f"intervals wider than the errors ({half} inside 50 %)")
        es.append(f"intervalos más anchos que los errores ({half} dentro de 50 %)")
    if r.moved is not None and r.moved < r.miss:
        moved = share_percent(float(np.expm1(r.moved)))
        en.append(f"the last known value was nearer: half of the outcomes lay within {moved} of it")
        es.append(f"el último valor conocido quedó más cerca: la mitad de los resultados a menos de {moved} de él")
    if r.worst and r.origins > 1 and r.worst[1] > 0.5:
        en.append(f"{whole_percent(r.worst[1])} of what is lost from the origin of {r.worst[0]}")
        es.append(f"{whole_percent(r.worst[1])} de lo perdido desde {r.worst[0]}")
    return Said("; ".join(en), "; ".join(es))


def losses(rows: Iterable[Row], record: Mapping[str, Any] | None = None) -> Said:
    """On how many series a rival wins, and by most on which."""
    table = by_series(rows, record)
    lost = [r for r in table if r.excess > 0]
    if not lost:
        return Said("On no series has a rival the better mean score.", "En ninguna serie gana un rival.")
    told = {
        lang: "; ".join(
            f"{series_label(r.series)[lang]} ({significant(r.crps)}; {RIVALS[r.best_rival][lang]} "
            f"{significant(r.best_rival_crps)})"
            for r in lost[:WORST]
        )
        for lang in ("en", "es")
    }
    return Said(
        f"On {len(lost)} of {len(table)} series a rival, the best one after the fact, has the better mean score; by "
        f"most on: {told['en']}.",
        f"En {len(lost)} de {len(table)} series gana un rival, el mejor visto después; por más en: {told['es']}.",
    )


def from_2020(rows: Iterable[Row]) -> list[Row]:
    """The forecasts that a published model made too."""
    return [r for r in rows if SOURCE in r["rivals"]]


def conditions(rows: Iterable[Row]) -> dict[int, list[str]]:
    """Pulses under way at an origin, whose rules its forecasts know; origins without any are left out."""
    return {r["origin"]: r["conditional_on"] for r in rows if r["conditional_on"]}


@dataclass(frozen=True)
class Held:
    """Share of outcomes inside intervals of a ``level`` in percent, and the 95 % band of calibrated forecasts."""

    level: str
    share: float
    low: float
    high: float


def held(rows: Iterable[Row], coverage: Mapping[str, float]) -> list[Held]:
    """How often intervals held the pooled outcomes, by level, beside what calibrated forecasts as alike would."""
    own = pooled(rows)
    blocks, weights = [(r["origin"], r["series"]) for r in own], [r["weight"] for r in own]
    return [Held(p, coverage[p], *coverage_band(blocks, int(p) / 100, weights)) for p in LEVELS]


def width(found: Sequence[Held]) -> Said:
    """Which intervals are too narrow or too wide for calibrated forecasts; empty where none is."""
    en, es = [], []
    for apart, word, word_es in (
        ([h.level for h in found if h.share < h.low], "narrow", "angostos"),
        ([h.level for h in found if h.share > h.high], "wide", "amplios"),
    ):
        if apart:
            en.append(f"intervals of {' and '.join(apart)} % are too {word}")
            es.append(f"los intervalos de {' y '.join(apart)} % son demasiado {word_es}")
    return Said("; ".join(en), "; ".join(es))


def beaten(rows: Iterable[Row]) -> list[int]:
    """Origins from which every statistical rival scores better."""
    found = grouped(rows, "origin")
    return [g.key for g in found if all(g.rivals[r] < g.crps for r in g.rivals if r != SOURCE)]


def places(rows: Iterable[Row], seed: int = 0) -> Places:
    """Places of pooled outcomes in their forecasts; years of one origin and series count as one in all bands."""
    own = pooled(rows)
    values = np.array([r["pit"] for r in own])
    blocks = [(r["origin"], r["series"]) for r in own]
    levels, (low, high) = PIT_LEVELS, pit_bands(blocks)
    reached = (values[:, None] <= levels).mean(axis=0)
    share = np.histogram(values, BINS, (0.0, 1.0))[0] / len(values)
    sizes = np.array([len(at) for at in _by(own, lambda r: (r["origin"], r["series"])).values()]) / len(own)
    drawn = np.random.default_rng(seed).integers(BINS, size=(_SIMULATIONS, len(sizes)))
    simulated = np.stack([(drawn == k) @ sizes for k in range(BINS)], axis=1)
    reach = np.quantile(np.abs(simulated - 1 / BINS).max(axis=1), 0.95)
    flat = np.full(BINS, 1 / BINS)
    return Places(
        share, np.maximum(flat - reach, 0.0), flat + reach, levels, reached - levels, low - levels, high - levels
    )
