"""All there is about one id: where it stands, its equation, inputs and uses, its evidence, what the data say of it.

One door for whatever a user may name: a variable, outcome, lever, extension, parameter, hypothesis, loop, claim,
source, scenario, driver or series.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Collection, Iterable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import contraflow
from contraflow import evidence
from contraflow.analysis.explanation import Explanation
from contraflow.analysis.wording import exact, prior_words, setting_words
from contraflow.engine import Model as Equations
from contraflow.engine import Variable, loops
from contraflow.errors import UnknownName, nearest
from contraflow.evidence import SourceRef
from contraflow.policy import Scenario
from contraflow.system import EXTENSIONS, reference_model
from contraflow.system.hypotheses import HYPOTHESES, Hypothesis
from contraflow.system.latents import LATENTS
from contraflow.system.levers import LEVERS, Lever
from contraflow.system.loops import LOOPS, Loop
from contraflow.system.observations import OBSERVABLES
from contraflow.system.outcomes import OUTCOMES, Outcome

if TYPE_CHECKING:
    from contraflow.analysis.runs import Model

LOOP_YEAR = 2025
LOOP_DRAWS = 100

_PACKAGE = Path(contraflow.__file__).parent
_QUANTILES = {"median": 0.5, "q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}


def explain(id: str, model: Model | None = None) -> Explanation:
    """Everything known of ``id``.

    Args:
        id: a variable (by its name in the equations), outcome, lever, extension, parameter, hypothesis, loop, claim,
            source, scenario, driver or series. Where a hypothesis shares its name with something else, the hypothesis.
        model: whose posterior to report; the shipped one by default, and none where there is none that fits.

    Raises:
        UnknownName: no such id; with the nearest one.
    """
    for known, explainer in _kinds():
        if id in known:
            return explainer(id, model)
    raise _unknown(id)


def all_ids() -> list[str]:
    """Every id that ``explain`` knows, sorted."""
    return sorted({id for known, _ in _kinds() for id in known})


def _kinds() -> list[tuple[Collection[str], Callable[[str, Model | None], Explanation]]]:
    """The kinds of id; the first that knows an id explains it."""
    known = evidence.load()
    return [
        (LOOPS, lambda id, model: _loop(LOOPS[id], model)),
        (HYPOTHESES, lambda id, model: _hypothesis(HYPOTHESES[id], model)),
        (OUTCOMES, lambda id, model: _outcome(OUTCOMES[id])),
        (LEVERS, lambda id, model: _lever(LEVERS[id])),
        (EXTENSIONS, lambda id, model: _extension(id)),
        (known.parameters, _parameter),
        (_equations().variables, lambda id, model: _variable(id)),
        (known.drivers, lambda id, model: _driver(id)),
        (known.series, lambda id, model: _series(id)),
        (known.sources, lambda id, model: _source(id)),
        (known.claims, lambda id, model: _claim(id)),
        (Scenario.shipped(), lambda id, model: _scenario(id)),
    ]


def _unknown(id: str) -> UnknownName:
    ids = all_ids()
    same_letters = {known.casefold(): known for known in ids}
    return UnknownName("name", id, same_letters.get(id.casefold()) or nearest(id, ids))


def _equations() -> Equations:
    return reference_model(EXTENSIONS)


# Variables


def _variable(name: str) -> Explanation:
    model = _equations()
    v = model.variables[name]
    if v.kind == "series" and v.role == "lever":
        return _lever(next(lever for lever in LEVERS.values() if lever.variable == name))
    if v.kind == "series" and v.role == "driver":
        return _driver(name)
    inputs = tuple(dict.fromkeys((*model.inputs_of(name), *([v.initial] if isinstance(v.initial, str) else []))))
    used = [i for i in inputs if i in model.parameters]
    if v.role == "latent":
        used = [LATENTS[name].sd, LATENTS[name].memory]
        inputs = tuple(used)
    details: dict[str, Any] = {}
    if v.kind == "flow":
        details["from"], details["to"] = v.source, v.destination
    if v.ledger:
        details["ledger"] = v.ledger
    if v.dims:
        details["axes"] = {axis: list(model.axes[axis].labels) for axis in v.dims}
    if v.extension:
        details["extension"] = f"{v.extension}; {v.off:g} while that is off"
    if observed := [o.series for o in OBSERVABLES.values() if o.variable == name]:
        details["observed by"] = observed
    return Explanation(
        id=name,
        label=v.label,
        kind=str(v.role if v.kind == "series" else v.kind),
        documentation=v.doc,
        unit=v.unit,
        sector=v.sector.rsplit(".", 1)[-1],
        where=_where(v),
        equation=_equation_text(model, v),
        inputs=_named(inputs),
        uses=_uses(name),
        sources=_sources_of(used),
        details=details,
    )


def _outcome(outcome: Outcome) -> Explanation:
    variable = _variable(outcome.variable)
    details = {
        "variable": outcome.variable,
        "over a window": outcome.window_is,
        "country": outcome.country,
        **({"scale": outcome.scale} if outcome.scale != 1 else {}),
        **variable.details,
    }
    return Explanation(**{
        **_fields(variable), "id": outcome.id, "label": outcome.label.en, "kind": "outcome", "unit": outcome.unit,
        "details": details,
    })  # fmt: skip


def _lever(lever: Lever) -> Explanation:
    v = _equations().variables[lever.variable]
    return Explanation(
        id=lever.id,
        label=lever.label.en,
        kind="lever",
        documentation=v.doc,
        unit=lever.unit,
        sector=v.sector.rsplit(".", 1)[-1],
        where=_where(v),
        uses=_uses(lever.variable),
        sources=tuple(_source_row(id) for id in lever.sources),
        details={
            "today": lever.today,
            "to the end of 2024": lever.history or "as today",
            "range": f"{exact(lever.low)} to {exact(lever.high)}: {lever.range_reason}",
            "in words": lever.display_unit.en,
            "levels": {level.name: f"{exact(level.value)}: {level.text.en}" for level in lever.levels},
            "months until in force": lever.ramp_months,
            "acts on": lever.target,
            "feasibility": lever.feasibility.en,
            "harm": lever.humanity.en if lever.humanity else None,
            "cost": lever.cost,
            "extension": lever.extension,
        },
    )


def _extension(id: str) -> Explanation:
    """Its levers, and the parameters that reach an outcome only where it is on."""
    equations, asked = _equations(), [outcome.variable for outcome in OUTCOMES.values()]
    reached = reference_model((id,)).upstream(asked) - reference_model().upstream(asked)
    parameters = [name for name in equations.parameters if name in reached]
    needing = [("lever", lever.id, lever.label.en) for lever in LEVERS.values() if lever.extension == id]
    closed = [("loop", loop.id, loop.label.en) for loop in LOOPS.values() if id in loop.extensions]
    added = [v for v in equations.variables.values() if v.extension == id]
    return Explanation(
        id=id,
        label=EXTENSIONS[id].en,
        kind="extension",
        documentation="An extension is driven by assumption, and off unless a scenario asks for it.",
        where=_place("system/levers/__init__.py", f'"{id}": Text('),
        inputs=(*({"id": n, "kind": kind, "label": label} for kind, n, label in needing), *_named(parameters)),
        uses=tuple({"id": n, "kind": kind, "label": label} for kind, n, label in closed),
        sources=_sources_of(parameters),
        details={
            "switched on by": f"`--extension {id}` on the command line, or `extensions: [{id}]` in a scenario",
            "adds": {v.name: f"{v.label}; {v.off:g} while it is off" for v in added},
        },
    )


def _fields(explanation: Explanation) -> dict[str, Any]:
    return {f.name: getattr(explanation, f.name) for f in fields(explanation)}


def _where(v: Variable) -> str:
    return f"{Path(v.file).relative_to(_PACKAGE).as_posix()}:{v.line}"


def _equation_text(model: Equations, v: Variable) -> str | None:
    if v.function is not None:
        return function_body(v.function)
    if v.kind == "smooth":
        return f"d({v.name})/dt = ({v.of} − {v.name}) / {v.time}\nstarts at {v.initial}"
    if v.kind not in ("stock", "boundary"):
        return None
    flows = model.of_kind("flow")
    terms = [f"+ {f.name}" for f in flows if f.destination == v.name]
    terms += [f"− {f.name}" for f in flows if f.source == v.name]
    start = f"\nstarts at {v.initial}" if v.kind == "stock" else ""
    return f"d({v.name})/dt =\n" + "\n".join(f"    {term}" for term in terms) + start


def function_body(function: Callable[..., Any]) -> str:
    """Source text of a function's body as written, without its docstring."""
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise TypeError(f"{function.__name__} is not a plain function")
    statements = definition.body[1:] if ast.get_docstring(definition) is not None else definition.body
    lines = source.splitlines()[statements[0].lineno - 1 : definition.end_lineno]
    return textwrap.dedent("\n".join(lines))


def _kind_of(name: str) -> str:
    model = _equations()
    if name in model.variables:
        v = model.variables[name]
        return str(v.role if v.kind == "series" else v.kind)
    return "parameter"


def _label_of(name: str) -> str:
    model = _equations()
    if name in model.variables:
        return model.variables[name].label
    return evidence.load().parameters[name].label.en


def _named(names: Iterable[str]) -> tuple[dict[str, str], ...]:
    return tuple({"id": n, "kind": _kind_of(n), "label": _label_of(n)} for n in names)


def _uses(name: str) -> tuple[dict[str, str], ...]:
    model = _equations()
    starts = [v.name for v in model.states if v.initial == name]
    latents = [latent.variable for latent in LATENTS.values() if name in (latent.sd, latent.memory)]
    return _named(dict.fromkeys((*model.uses_of(name), *starts, *latents)))


# Parameters and hypotheses


def _parameter(id: str, model: Model | None) -> Explanation:
    p = evidence.load().parameters[id]
    draws, notes = _draws(model)
    belief = _belief(id, draws)
    return Explanation(
        id=id,
        label=p.label.en,
        kind="parameter",
        documentation=p.note,
        unit=p.unit,
        where=_place("evidence/parameters/*.yaml", f"{id}:"),
        uses=_uses(id),
        prior=belief["prior"],
        posterior=belief["posterior"],
        contraction=belief["contraction"],
        bayes_factor=belief["bayes_factor"],
        from_assumption=belief["from_assumption"],
        sources=_sources_of([id]),
        details={
            "grade": p.grade,
            "checked": str(p.checked),
            "informed by": list(p.identified_by),
            "block of the fit": p.block,
            "hypothesis": p.hypothesis,
        },
        notes=() if p.prior.is_fixed else notes,
    )


def _hypothesis(h: Hypothesis, model: Model | None) -> Explanation:
    known = evidence.load().parameters
    draws, notes = _draws(model)
    beliefs = []
    for id, null in h.parameters.items():
        p = known[id]
        beliefs.append(
            {"id": id, "label": p.label.en, "unit": p.unit, "null": null, "grade": p.grade, **_belief(id, draws)}
        )
    equation: dict[str, Any] = {}
    if h.id in _equations().variables:  # a variable of the same name shows how the hypothesis acts
        same = _variable(h.id)
        equation = {name: getattr(same, name) for name in ("equation", "unit", "sector")}
    uses = {use["id"]: use for id in h.parameters for use in _uses(id)}
    return Explanation(
        id=h.id,
        label=h.label.en,
        kind="hypothesis",
        documentation=h.statement.en,
        where=_place("system/hypotheses.py", f'"{h.id}",'),
        inputs=_named(h.parameters),
        uses=tuple(uses.values()),
        parameters=tuple(beliefs),
        sources=_sources_of(h.parameters),
        details={"strength": h.strength, "can be off": "yes" if h.can_be_off else "no", "null": h.note},
        notes=notes if beliefs else (),
        **equation,
    )


def _draws(model: Model | None) -> tuple[Model | None, tuple[str, ...]]:
    """The model whose posterior is reported, and why there is none."""
    if model is not None:
        return model, ()
    from contraflow.inference.posterior import PosteriorError

    try:
        return _shipped(), ()
    except PosteriorError as error:
        return None, (f"no posterior to report: {error}",)


@functools.cache
def _shipped() -> Model:
    from contraflow.analysis.runs import load

    return load()


def _belief(id: str, model: Model | None) -> dict[str, Any]:
    prior = evidence.load().parameters[id].prior
    belief: dict[str, Any] = {
        "prior": prior_words(prior), "posterior": None, "contraction": None, "bayes_factor": None,
        "from_assumption": None,
    }  # fmt: skip
    if model is not None and id in model.posterior.coordinates:
        from contraflow.analysis.support import undecided
        from contraflow.inference import priors

        y = np.asarray(model.posterior.coordinates[id], dtype=float)
        quantiles = np.quantile(np.asarray(priors.value(prior, y)), list(_QUANTILES.values()))
        belief["posterior"] = {name: float(q) for name, q in zip(_QUANTILES, quantiles, strict=True)}
        belief["contraction"] = model.posterior.contraction(id)
        null = _null(id)
        belief["bayes_factor"] = None if null is None else model.posterior.bayes_factor(id, null)
        belief["from_assumption"] = undecided(id, belief["contraction"], belief["bayes_factor"])
    return belief


def _null(id: str) -> float | None:
    """The value at which the hypothesis of a parameter does nothing."""
    of = evidence.load().parameters[id].hypothesis
    return HYPOTHESES[of].parameters.get(id) if of in HYPOTHESES else None


def _sources_of(parameters: Iterable[str]) -> tuple[dict[str, Any], ...]:
    known = evidence.load().parameters
    return tuple(_source_row(ref.id, ref, id) for id in parameters for ref in known[id].sources)


def _source_row(id: str, ref: SourceRef | None = None, of: str | None = None) -> dict[str, Any]:
    source = evidence.load().sources.get(id)
    row: dict[str, Any] = {
        "id": id,
        "grade": ref.grade if ref and ref.grade else source.grade if source else "E",
        "title": source.title if source else "assumption",
        "year": source.year if source else None,
        "of": of,
    }
    for name in ("value", "low", "high", "unit", "years", "where", "reason"):
        row[name] = getattr(ref, name) if ref else None
    return row | {"used": ref.used if ref else True}


# Loops


def _loop(loop: Loop, model: Model | None) -> Explanation:
    equations = reference_model(loop.extensions)
    route = loops.path(equations, loop.waypoints)
    if route is None:
        return Explanation(
            loop.id, loop.label.en, "loop", details={"passes": list(loop.waypoints)},
            notes=("the model does not close this loop",),
        )  # fmt: skip
    runnable, notes = _draws(model)
    found = _links(loop, equations, route, runnable) if runnable else []
    signs = {(link.cause, link.effect): link for link in found}
    rows = []
    for cause, effect in zip(route, [*route[1:], route[0]], strict=True):
        link = signs.get((cause, effect))
        rows.append(
            {
                "cause": cause,
                "effect": effect,
                "sign": link.sign if link else None,
                "p_positive": link.positive if link else None,
                "p_negative": link.negative if link else None,
            }
        )
    return Explanation(
        id=loop.id,
        label=loop.label.en,
        kind="loop",
        where=_place("system/loops.py", f'Loop("{loop.id}",'),
        inputs=_named(route),
        links=tuple(rows),
        polarity=loops.loop_sign(found) if found else None,
        details={
            "named as": "reinforcing" if loop.id.startswith("R") else "balancing",
            "must pass": list(loop.waypoints),
            "extensions": list(loop.extensions) or None,
            "signs at": f"{LOOP_YEAR}-01, over {min(LOOP_DRAWS, runnable.posterior.draws)} draws" if runnable else None,
        },
        notes=notes,
    )


def _links(loop: Loop, equations: Equations, route: list[str], model: Model) -> list[loops.Link]:
    """Signs of the links, from the values of the route and of its inputs at the beginning of ``LOOP_YEAR``."""
    draws = min(LOOP_DRAWS, model.posterior.draws)
    wanted = {*route, *(i for name in route for i in equations.inputs_of(name))}
    record = [n for n in wanted if n in equations.variables and equations.variables[n].kind != "boundary"]
    result = model.run(Scenario(extensions=loop.extensions), draws, LOOP_YEAR, record=record)
    month = result.data.sel(time=float(LOOP_YEAR), method="nearest")
    values: dict[str, Any] = dict(model.posterior.thin(draws).parameters())
    for name in record:
        values[name] = month[name].values.reshape(equations.shape(name, draws))
    return loops.links(equations, route, values)


# Evidence and scenarios


def _driver(id: str) -> Explanation:
    driver = evidence.load().drivers[id]
    v = _equations().variables.get(id)
    first, last = driver.rows[0], driver.rows[-1]
    cited = dict.fromkeys(row.source for row in driver.rows)
    return Explanation(
        id=id,
        label=driver.label.en,
        kind="driver",
        documentation=driver.note or (v.doc if v else ""),
        unit=driver.unit,
        sector=v.sector.rsplit(".", 1)[-1] if v else None,
        where=_place("evidence/drivers/drivers.yaml", f"{id}:"),
        uses=_uses(id) if v else (),
        sources=tuple(_source_row(source) for source in cited),
        details={
            "rows": len(driver.rows),
            "first": f"{exact(first.value)} at {first.date:.2f}",
            "last": f"{exact(last.value)} at {last.date:.2f}, held after",
            "between rows": driver.interpolation,
        },
    )


def _series(id: str) -> Explanation:
    series = evidence.load().series[id]
    observable = OBSERVABLES.get(id)
    cited = dict.fromkeys(row.source for row in series.rows)
    return Explanation(
        id=id,
        label=series.label.en,
        kind="series",
        documentation=series.basis,
        unit=series.unit,
        where=_place("evidence/series/series.yaml", f"{id}:"),
        inputs=_named([observable.variable]) if observable else (),
        sources=tuple(_source_row(source) for source in cited),
        details={
            "used as": series.use,
            "window": series.window,
            "rows": f"{len(series.rows)}, {series.rows[0].start:.2f} to {series.rows[-1].end:.2f}",
            "observation": series.observation.model_dump(exclude_defaults=True),
            "traps": list(series.traps),
        },
    )


def _source(id: str) -> Explanation:
    known = evidence.load()
    source = known.sources[id]
    users = [("parameter", p.id, p.label.en) for p in known.parameters.values() if any(r.id == id for r in p.sources)]
    users += [("series", s.id, s.label.en) for s in known.series.values() if any(r.source == id for r in s.rows)]
    users += [("driver", d.id, d.label.en) for d in known.drivers.values() if any(r.source == id for r in d.rows)]
    users += [("lever", lever.id, lever.label.en) for lever in LEVERS.values() if id in lever.sources]
    return Explanation(
        id=id,
        label=source.title,
        kind="source",
        documentation=source.note,
        where=_place("evidence/sources.yaml", f"{id}:"),
        uses=tuple({"id": user, "kind": kind, "label": label} for kind, user, label in users),
        details={
            "publisher": source.publisher,
            "year": source.year,
            "kind of source": source.kind,
            "grade": source.grade,
            "seen": source.where,
            "checked": str(source.checked),
        },
    )


def _claim(id: str) -> Explanation:
    claim = evidence.load().claims[id]
    bearing = [("outcome", n, OUTCOMES[n].label.en) for n in claim.variables if n in OUTCOMES]
    bearing += [(_kind_of(n), n, _label_of(n)) for n in claim.variables if n in _equations().variables]
    bearing += [("lever", n, LEVERS[n].label.en) for n in claim.levers if n in LEVERS]
    bearing += [("hypothesis", n, HYPOTHESES[n].label.en) for n in claim.hypotheses if n in HYPOTHESES]
    return Explanation(
        id=id,
        label=claim.statement,
        kind="claim",
        documentation=claim.reason,
        where=_place("evidence/claims.csv", f"{id},"),
        inputs=tuple({"id": n, "kind": kind, "label": label} for kind, n, label in bearing),
        details={"testable": claim.testable, "kind of claim": claim.kind, "subject": claim.subject.replace("_", " ")},
    )


def _scenario(id: str) -> Explanation:
    scenario = Scenario.load(id)
    cited = dict.fromkeys((source, lever) for lever, ids in scenario.sources.items() for source in ids)
    return Explanation(
        id=id,
        label=scenario.label.en if scenario.label else id,
        kind="scenario",
        documentation=scenario.note.en if scenario.note else "",
        where=f"policy/scenarios/{id}.yaml:1",
        inputs=tuple({"id": n, "kind": "lever", "label": LEVERS[n].label.en} for n in scenario.policy),
        sources=tuple(_source_row(source, None, lever) for source, lever in cited),
        details={
            "settings": setting_words(scenario),
            "why": {lever: note.en for lever, note in scenario.notes.items()},
            "extensions": list(scenario.extensions) or None,
            "resembles": scenario.resembles.en if scenario.resembles else None,
            "leaves out": scenario.leaves_out.en if scenario.leaves_out else None,
            "hash": scenario.hash,
        },
    )


def _place(pattern: str, start: str) -> str | None:
    """First line of the package's files matching ``pattern`` that starts so, as ``file:line``."""
    for path in sorted(_PACKAGE.glob(pattern)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip().startswith(start):
                return f"{path.relative_to(_PACKAGE).as_posix()}:{number}"
    return None
