"""Beliefs that a scenario takes on: a hypothesis switched off or set, a parameter set or held in a range.

An assumption conditions or adjusts what is believed about the world; it is never an intervention.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from contraflow import evidence
from contraflow.errors import UnknownName, nearest
from contraflow.evidence import Prior
from contraflow.policy.settings import OutOfRange
from contraflow.system.hypotheses import HYPOTHESES, Hypothesis

_EXPECTED = "write off, a number, or a range [low, high]; leave it out to keep it estimated"

#: Standard deviations of an unbounded prior beyond which no number is a belief; draws of the posterior reach 5.6.
REACH = 6.0


@dataclass(frozen=True)
class Assumptions:
    """The assumptions of a scenario, resolved to parameters.

    Attributes:
        values: parameter id -> value at which it is set.
        ranges: parameter id -> (low, high) inside which its draws must lie.
        frozen: hypotheses about a path in time whose latent driver is frozen.
        written: what the scenario says, name -> "off", a number, or (low, high); for display.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    written: Mapping[str, object] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.written)

    def with_entry(self, name: str, written: object) -> Assumptions:
        """These assumptions and one more.

        Args:
            name: a hypothesis or a parameter.
            written: "off" (hypotheses only), a number, or a pair of numbers.

        Raises:
            UnknownName: no such hypothesis or parameter.
            OutOfRange: a value that the parameter cannot take.
            ValueError: not one of the forms, or a parameter that is already assumed; the text says what to write.
        """
        values, ranges, frozen = dict(self.values), dict(self.ranges), self.frozen
        hypothesis = HYPOTHESES.get(name)
        if written == "off":
            new = _switched_off(name, hypothesis)
            if hypothesis is not None and hypothesis.strength == "latent":
                frozen = tuple(sorted({*frozen, name}))
        else:
            parameter = _parameter_of(name, hypothesis)
            _refuse_constant(parameter)
            if isinstance(written, list | tuple):
                ranges_new = {parameter: _range(parameter, written)}
                _refuse_twice(ranges_new, self)
                ranges.update(ranges_new)
                new = {}
            else:
                new = {parameter: _value(parameter, written)}
        _refuse_twice(new, self)
        values.update(new)
        shown = tuple(float(bound) for bound in written) if isinstance(written, list | tuple) else written
        return Assumptions(values, ranges, frozen, {**self.written, name: shown})


def _switched_off(name: str, hypothesis: Hypothesis | None) -> dict[str, float]:
    if hypothesis is None:
        _require_parameter(name)
        raise ValueError(
            f"{name} is a parameter, and only a hypothesis can be off: write a number or a range [low, high]"
        )
    if not hypothesis.can_be_off:
        raise ValueError(
            f"{name} cannot be off. {hypothesis.note} Set it, as in `{name}: 0.7`, or hold it in a range, as in "
            f"`{name}: [0.5, 0.9]`"
        )
    return {parameter: null for parameter, null in hypothesis.parameters.items() if null is not None}


def _parameter_of(name: str, hypothesis: Hypothesis | None) -> str:
    """The parameter that a number or a range for `name` applies to."""
    if hypothesis is None:
        _require_parameter(name)
        return name
    if hypothesis.strength == "latent":
        raise ValueError(f"{name} is a path in time and not a number: write `{name}: off`, or leave it out")
    if hypothesis.strength != "several":
        return hypothesis.strength
    if name in hypothesis.parameters:  # the strength that has the name of the whole
        return name
    names = ", ".join(hypothesis.parameters)
    raise ValueError(f"{name} has several strengths: write `{name}: off`, or set them one by one: {names}")


def _require_parameter(name: str) -> None:
    parameters = evidence.load().parameters
    if name in parameters:
        return
    raise UnknownName("hypothesis or parameter", name, nearest(name, [*HYPOTHESES, *parameters]))


def _value(parameter: str, written: object) -> float:
    return _within(parameter, written, *_reach(parameter))


def _range(parameter: str, written: list[object] | tuple[object, ...]) -> tuple[float, float]:
    if len(written) != 2:
        raise ValueError(f"{parameter}: a range has two numbers, [low, high], not {len(written)}")
    low, high = (_within(parameter, bound, *_support(parameter)) for bound in written)
    if not low < high:
        raise ValueError(f"{parameter}: the range [{low:g}, {high:g}] is empty: write the lower number first")
    return low, high


def _within(parameter: str, written: object, low: float, high: float, why: str) -> float:
    if isinstance(written, bool) or not isinstance(written, int | float) or not math.isfinite(written):
        raise ValueError(f"{parameter}: {written!r} is not an assumption: {_EXPECTED}")
    if not low <= written <= high:
        found = evidence.load().parameters[parameter]
        words = f"{found.label.en} ({found.unit}) has a {found.prior.family} prior, {why}"
        raise OutOfRange(parameter, float(written), low, high, words)
    return float(written)


def _support(parameter: str) -> tuple[float, float, str]:
    """Lowest and highest value that the prior of `parameter` allows, between which a range may end; and why."""
    prior, why = evidence.load().parameters[parameter].prior, "which has no values outside"
    if prior.family in ("logit_normal", "uniform"):
        return prior.arguments["low"], prior.arguments["high"], why
    if prior.family == "beta":
        return 0.0, 1.0, why
    if prior.family in ("lognormal", "half_normal"):
        return 0.0, math.inf, why
    return -math.inf, math.inf, why


def _reach(parameter: str) -> tuple[float, float, str]:
    """Lowest and highest value at which `parameter` may be set, and why.

    Ends of the prior, or `REACH` where it has none; the null of a hypothesis is always inside.
    """
    low, high, why = _support(parameter)
    if math.isfinite(high):
        return low, high, why
    prior = evidence.load().parameters[parameter].prior
    nulls = (h.parameters.get(parameter) for h in HYPOTHESES.values())
    allowed = [_at(prior, -REACH), _at(prior, REACH), *(null for null in nulls if null is not None)]
    why = f"which goes no further in {REACH:g} standard deviations (see `contraflow explain {parameter}`)"
    return min(allowed), max(allowed), why


def _at(prior: Prior, deviations: float) -> float:
    """The value so many standard deviations from the middle of an unbounded prior, to two significant figures."""
    a = prior.arguments
    if prior.family == "lognormal":
        value = math.exp(a["mu"] + deviations * a["sigma"])
    elif prior.family == "half_normal":
        value = max(deviations, 0.0) * a["sd"]
    else:
        value = a["mean"] + deviations * a["sd"]
    return float(f"{value:.2g}")


def _refuse_constant(parameter: str) -> None:
    prior = evidence.load().parameters[parameter].prior
    if prior.is_fixed:
        raise ValueError(
            f"{parameter} is a constant of the model, {prior.arguments['value']:g}, and no belief about it is asked "
            "for: leave it out"
        )


def _refuse_twice(new: Mapping[str, object], known: Assumptions) -> None:
    for parameter in new:
        if parameter in known.values or parameter in known.ranges:
            raise ValueError(f"{parameter} is assumed twice: keep one of the two entries")
