"""Which figures the stored validation has, and the finding that each states, in both languages."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from contraflow import evidence
from contraflow.report import tested_figures as charts
from contraflow.report.backtested import LIVES, by_series, held, places, pooled, series_label, width
from contraflow.report.calibrated import ranks
from contraflow.report.figures import WIDTH, Picture, drawn, framed
from contraflow.report.svg import Drawing
from contraflow.report.tested import Stored, effect_label, value
from contraflow.report.tested_figures import Panel
from contraflow.report.wording import Said

if TYPE_CHECKING:
    from contraflow.report.study import Study

LANGUAGES = ("en", "es")
#: Inches of figures without small multiples: narrow, so that a telephone shows their words at a size to read.
_NARROW = 4.3
#: Years of the record shown before the first origin.
_BEFORE = 4
#: Characters in a line of the title of a panel.
_TITLE = 37
_DISAGREE = ("too weak", "too strong", "wrong sign")


def pictures(study: Study) -> list[Picture]:
    """Figures of the parts that are stored, each in both languages; those in Spanish end in ``-es``."""
    made = _forecasts(study)
    for language in LANGUAGES:
        made += [*_places(study, language), *_ranks(study, language), *_held_back(study, language)]
    return made


def _name(name: str, language: str) -> str:
    return name if language == "en" else f"{name}-{language}"


def _picture(
    name: str,
    part: Stored,
    title: Said,
    caption: Said,
    language: str,
    draw: Callable[[Figure], None],
    size: tuple[float, float],
) -> Picture:
    """A figure of its own for one language."""
    name = _name(name, language)
    return _framed(name, part, title[language], caption[language], language, drawn(name, draw, size))


def _framed(name: str, part: Stored, title: str, caption: str, language: str, drawing: Drawing) -> Picture:
    """A figure that says what its numbers belong to, which need not be the posterior of the study."""
    below = f"{caption} {part.notice[language]}".strip()
    return framed(name, title, f"{title}. {caption}", below, part.made[language], drawing)


def _forecasts(study: Study) -> list[Picture]:
    """Forecasts of each series from each origin, lives first; none where intervals and record are not stored."""
    rows, record = value(study, "backtests") or (), value(study, "record")
    found = [r for r in rows if "intervals" in r]
    if not found or record is None:
        return []
    lost = [r.series for r in by_series(found, record)]
    order = sorted({r["series"] for r in found}, key=lambda s: lost.index(s) if s in lost else len(lost))
    groups = (
        ("forecasts-lives", Said("Deaths and missing", "Muertes y desaparecidos"), True),
        ("forecasts-others", Said("Other series", "Otras series"), False),
    )
    made = []
    for name, about, lives in groups:
        if names := [s for s in order if s.startswith(LIVES) == lives]:
            made += _forecast_pictures(study, name, about, names, found)
    return made


def _forecast_pictures(
    study: Study, name: str, about: Said, names: Sequence[str], rows: Sequence[Any]
) -> list[Picture]:
    """One drawing with the words of both languages: it is the largest, and little of it is words."""
    record, known, part = value(study, "record"), evidence.load().series, study.tests["backtests"]
    shown = [r for r in rows if r["series"] in names]
    counted = pooled(shown)
    inside = sum(r["coverage"]["95"] for r in counted)
    origins = sorted({r["origin"] for r in rows})
    labels, words = _titles([series_label(s) for s in names])
    panels = [
        Panel(label, record[s], [r for r in shown if r["series"] == s], s in known and known[s].unit == "1")
        for label, s in zip(labels, names, strict=True)
    ]
    drawing = drawn(
        name,
        lambda f: charts.forecasts_chart(f, panels, origins, origins[0] - _BEFORE),
        (WIDTH, charts.forecasts_height(panels)),
    )
    years = ", ".join(str(o) for o in origins)
    title = Said(
        f"{about.en}: {inside} of {len(counted)} pooled outcomes lie inside the 95 % interval forecast for them",
        f"{about.es}: {inside} de {len(counted)} resultados caen dentro del intervalo de 95 % pronosticado",
    )
    caption = Said(
        f"Dots: what came. Bars: forecasts from the ends of {years}, from left to right within a year; thick 50 %, "
        "thin 95 %, ring the median, line from the last known value through the medians of one "
        "origin; orange where the outcome lies outside 95 %. Series on which the model loses most against a rival "
        "come first. Very long bars are cut.",
        f"Puntos: lo que ocurrió. Barras: pronósticos desde el fin de {years}, de izquierda a derecha en cada año; "
        "gruesa 50 %, delgada 95 %, anillo la mediana, línea desde el último valor conocido; naranja si el "
        "resultado queda fuera de 95 %. Primero las series en que el modelo pierde más contra un rival. Las barras "
        "muy largas se cortan.",
    )
    made = []
    for language in LANGUAGES:
        own = drawing.worded(words[language]).named(name, _name(name, language))
        made.append(_framed(_name(name, language), part, title[language], caption[language], language, own))
    return made


def _titles(labels: Sequence[Said]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """A stand-in for each label, of as many lines as the longer language needs; the words of each, by language."""
    stands: list[str] = []
    words: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for k, label in enumerate(labels):
        wrapped = {language: textwrap.wrap(label[language], _TITLE) for language in LANGUAGES}
        lines = [f"title {k} {j}" for j in range(max(len(own) for own in wrapped.values()))]
        for language, own in wrapped.items():
            words[language] |= dict(zip(lines, [""] * (len(lines) - len(own)) + own, strict=True))
        stands.append("\n".join(lines))
    return stands, words


def _places(study: Study, language: str) -> list[Picture]:
    rows = value(study, "backtests")
    if not rows or not pooled(rows):
        return []
    found, inside = places(rows), value(study, "pit_inside_bands")
    cover = (value(study, "coverage") or {}).get("model")
    off = width(held(rows, cover)) if cover else Said("", "")
    too, too_es = (f"; {x}" if x else "" for x in (off.en, off.es))
    words = {
        "en": ("place of the outcome in its forecast", "% of outcomes", "points above uniform"),
        "es": ("posición del resultado en su pronóstico", "% de resultados", "puntos sobre el uniforme"),
    }[language]
    return [
        _picture(
            "places", study.tests["backtests"],
            Said(
                f"Places of outcomes in their forecasts are {'inside' if inside else 'outside'} their bands{too}",
                f"La posición de los resultados está {'dentro' if inside else 'fuera'} de sus bandas{too_es}",
            ),
            Said(
                "Probability integral transform of pooled forecasts. Grey: where calibrated forecasts stay in 95 % of "
                "simulations, at all bins (above) or cumulated at all levels (below); years of one origin and series "
                "count as one. The verdict goes by the lower. Slopes mean bias, a hump too wide intervals, a trough "
                "too narrow ones.",
                "Transformada integral de probabilidad. Gris: donde se quedan pronósticos calibrados en 95 % de "
                "simulaciones, en todas las barras (arriba) o acumulado en todos los niveles (abajo); los años de un "
                "mismo origen y serie cuentan como uno. El veredicto es el de abajo. Pendiente: sesgo; joroba: "
                "intervalos anchos; valle: angostos.",
            ),
            language, lambda f: charts.places_chart(f, found, words), (_NARROW, 4.4),
        )
    ]  # fmt: skip


def _ranks(study: Study, language: str) -> list[Picture]:
    sbc = value(study, "sbc")
    found = ranks(sbc) if sbc else None
    if found is None:
        return []
    words = {
        "en": ("rank of the truth among draws", "cumulative, points above uniform"),
        "es": ("rango de la verdad entre las muestras", "acumulado, puntos sobre el uniforme"),
    }[language]
    return [
        _picture(
            "ranks", study.tests["calibration"],
            Said(
                f"Ranks of {sbc['inside_bands']} of {sbc['quantities']} quantities keep within their bands",
                f"Los rangos de {sbc['inside_bands']} de {sbc['quantities']} cantidades quedan en sus bandas",
            ),
            Said(
                f"One line a quantity over {sbc['datasets']} synthetic data sets; grey area: simultaneous 95 % band of "
                "one quantity. Orange: outside. Above the band early, the fit finds too much; below, too little.",
                f"Una línea por cantidad con {sbc['datasets']} juegos de datos; área gris: banda simultánea de 95 % de "
                "una cantidad. Naranja: fuera. Si al principio va por encima, el ajuste halla de más; por debajo, de "
                "menos.",
            ),
            language, lambda f: charts.ranks_chart(f, found, sbc["outside"], words), (_NARROW, 2.8),
        )
    ]  # fmt: skip


def _held_back(study: Study, language: str) -> list[Picture]:
    asked = [r for r in value(study, "held_back") or () if r["model"]]
    if not asked:
        return []
    rows = [(effect_label(r["id"])[language], r["published"], r["model"], r["verdict"] in _DISAGREE) for r in asked]
    verdicts = Counter(r["verdict"] for r in asked)
    agree, unsure, apart = verdicts["agrees"], verdicts["not decided"], sum(verdicts[v] for v in _DISAGREE)
    easy = sum(r["verdict"] == "agrees" and bool(r["would_agree_with_none"]) for r in asked)
    words = {
        "en": ("change, %", "published", "predicted, 90 %"),
        "es": ("cambio, %", "publicado", "pronóstico, 90 %"),
    }[language]
    return [
        _picture(
            "held-back", study.tests["held-back"],
            Said(
                f"Of {len(rows)} effects that set no prior {agree} agree ({easy} would with no effect at all), "
                f"{unsure} are not decided, {apart} are apart",
                f"De {len(rows)} efectos que no fijaron ningún valor previo, {agree} coinciden ({easy} lo harían sin "
                f"efecto alguno), {unsure} no se deciden y {apart} no se tocan",
            ),
            Said(
                "Orange: the two intervals are apart. Where no interval was published: half to one and a half times "
                "the figure. An arrow is an open end; the axis is cut at −100 and +150 %.",
                "Naranja: los dos intervalos no se tocan. Donde no se publicó intervalo: de la mitad a una vez y media "
                "la cifra. Una flecha es un extremo abierto; el eje se corta en −100 y +150 %.",
            ),
            language, lambda f: charts.held_back_chart(f, rows, words), (_NARROW, 0.9 + 0.58 * len(rows)),
        )
    ]  # fmt: skip
