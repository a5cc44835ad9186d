"""Dimensional analysis: a unit algebra, and its application to functions by reading their traced operations.

Each model function is traced once to a jaxpr; units are carried through its primitives. Zero has any unit, other
literals are dimensionless, so a constant with a unit must go through ``operations.quantity``. The same walk refuses
operations outside the model language, and those that mix the draws of an ensemble.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import jax
import numpy as np
from jax.extend import core

from contraflow.engine.operations import QUANTITY, RATIO_UNIT, SAME_UNIT


class UnitError(Exception):
    """A dimensionally wrong expression; the message says which operation and which units met."""


@dataclass(frozen=True)
class Unit:
    """A product of base units with rational powers. Nothing is converted: ``g`` and ``kg`` are different bases."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.powers)
        for base, power in other.powers:
            powers[base] = powers.get(base, Fraction(0)) + power
        return Unit(tuple(sorted((b, p) for b, p in powers.items() if p)))

    def __pow__(self, power: Fraction | int) -> Unit:
        return Unit(tuple((b, p * power) for b, p in self.powers if power))

    def __truediv__(self, other: Unit) -> Unit:
        return self * other**-1

    def __str__(self) -> str:
        if not self.powers:
            return "1"

        def term(base: str, power: Fraction) -> str:
            if power == 1:
                return base
            return f"{base}^{power}" if power.denominator == 1 else f"{base}^({power})"

        top = "*".join(term(b, p) for b, p in self.powers if p > 0) or "1"
        bottom = [term(b, -p) for b, p in self.powers if p < 0]
        return top + ("/" + (bottom[0] if len(bottom) == 1 else f"({'*'.join(bottom)})") if bottom else "")


ONE = Unit()
DRAWS = 104_729  # stands for the number of draws while tracing: a prime that no axis has for its length
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z_0-9]*)|(\^|\*|/|\(|\)|-))")


def parse(text: str) -> Unit:
    """Read a unit such as ``person/year``, ``kg pure/(person*year)`` or ``km^(1/2)``.

    Raises ``UnitError`` on bad grammar.
    """
    source = text.replace(" pure", "_pure")
    tokens: list[str] = []
    position = 0
    while position < len(source.rstrip()):
        match = _TOKEN.match(source, position)
        if not match:
            raise UnitError(f"cannot read the unit {text!r} at {source[position:]!r}")
        tokens.append(match.group(0).strip())
        position = match.end()
    tokens.append("")

    def atom() -> Unit:
        token = tokens.pop(0)
        if token == "(":
            inner = product()
            if tokens.pop(0) != ")":
                raise UnitError(f"missing ) in the unit {text!r}")
            return inner
        if token == "1":
            return ONE
        if not re.match(r"[A-Za-z_]", token):
            raise UnitError(f"expected a unit name, found {token or 'the end'!r} in {text!r}")
        return Unit(((token, Fraction(1)),))

    def power() -> Fraction:
        written = ""
        while tokens[0] and (written in ("", "-", "(", "(-") or (written[0] == "(" and written[-1] != ")")):
            written += tokens.pop(0)
        try:
            return Fraction(written.removeprefix("(").removesuffix(")"))
        except (ValueError, ZeroDivisionError):
            raise UnitError(
                f"expected a power such as 2, -1 or (1/2), found {written!r} in the unit {text!r}"
            ) from None

    def factor() -> Unit:
        base = atom()
        if tokens[0] == "^":
            tokens.pop(0)
            return base ** power()
        return base

    def product() -> Unit:
        result = factor()
        while tokens[0] in ("*", "/"):
            result = result * factor() if tokens.pop(0) == "*" else result / factor()
        return result

    unit = product()
    if tokens[0]:
        raise UnitError(f"unexpected {tokens[0]!r} in the unit {text!r}")
    return unit


@dataclass(frozen=True)
class Carried:
    """What is known of a traced value: its unit (None: any, as for zero) and its number if it is a constant."""

    unit: Unit | None
    known: float | None = None


_SAME = {"add", "sub", "max", "min", "add_any", "rem", "atan2", "nextafter"}
_COMPARE = {"lt", "le", "gt", "ge", "eq", "ne"}
_PASS = {
    "reshape", "broadcast_in_dim", "squeeze", "slice", "convert_element_type", "copy", "stop_gradient", "transpose",
    "expand_dims", "reduce_max", "reduce_min", "real", "copy_p", "gather",
}  # fmt: skip
_PASS_UNIT = {"neg", "abs", "reduce_sum"}  # the unit stays, a known number does not
_DIMENSIONLESS = {
    "exp", "exp2", "log", "log1p", "expm1", "tanh", "erf", "erf_inv", "erfc", "logistic", "sin", "cos", "is_finite",
    "and", "or", "not", "floor", "round",
}  # fmt: skip
_NESTED = {"jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint"}


def _same(values: Sequence[Carried], operation: str) -> Unit | None:
    units = [v.unit for v in values if v.unit is not None]
    for unit in units[1:]:
        if unit != units[0]:
            raise UnitError(f"{operation} of {units[0]} and {unit}")
    return units[0] if units else None


def _dimensionless(values: Sequence[Carried], operation: str) -> None:
    for value in values:
        if value.unit not in (None, ONE):
            raise UnitError(f"{operation} needs a dimensionless argument, got {value.unit}")


def _literal(value: Any) -> Carried:
    array = np.asarray(value)
    if array.size and np.all(array == array.flat[0]):
        number = float(array.flat[0])
        return Carried(None if number == 0 else ONE, number)
    return Carried(ONE)


def _apply(equation: Any, inputs: list[Carried]) -> list[Carried]:
    name = equation.primitive.name
    if any(DRAWS in v.aval.shape for v in equation.invars) and equation.outvars[0].aval.shape.count(DRAWS) != 1:
        raise UnitError(f"{name} mixes the draws of the ensemble; sum over a named axis with Axis.total or Axis.couple")
    if name in _NESTED:
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr") or equation.params["fun_jaxpr"]
        label = str(equation.params.get("name", ""))
        if label.startswith(QUANTITY):
            return [Carried(parse(label[len(QUANTITY) : -1]), inputs[0].known)]
        if label.startswith(RATIO_UNIT):
            return [Carried((inputs[0].unit or ONE) / (inputs[1].unit or ONE))]
        if label.startswith(SAME_UNIT):
            return [Carried(_same(inputs, label[len(SAME_UNIT) : -1]))]
        closed = inner if hasattr(inner, "jaxpr") else core.ClosedJaxpr(inner, ())
        return _walk(closed, inputs)
    if name in _PASS:
        return [inputs[0]]
    if name == "neg" and inputs[0].known is not None:
        return [Carried(inputs[0].unit, -inputs[0].known)]
    if name in _PASS_UNIT:
        return [Carried(inputs[0].unit)]
    if name == "concatenate":
        return [Carried(_same(inputs, "joining"))]
    if name in _SAME:
        return [Carried(_same(inputs, name))]
    if name in _COMPARE:
        _same(inputs, f"comparison ({name})")
        return [Carried(ONE)]
    if name in ("select_n", "clamp"):
        chosen = inputs[1:] if name == "select_n" else inputs
        return [Carried(_same(chosen, name))]
    if name == "mul":
        a, b = inputs
        if a.unit is None or b.unit is None:
            return [Carried(None, 0.0)]
        known = a.known * b.known if a.known is not None and b.known is not None else None
        return [Carried(a.unit * b.unit, known)]
    if name == "div":
        a, b = inputs
        if a.unit is None:
            return [Carried(None, 0.0)]
        return [Carried(a.unit / (b.unit or ONE))]
    if name == "dot_general":
        a, b = inputs
        return [Carried(None, 0.0) if a.unit is None or b.unit is None else Carried(a.unit * b.unit)]
    if name in ("square", "integer_pow"):
        whole = 2 if name == "square" else int(equation.params["y"])
        return [Carried(None if inputs[0].unit is None else inputs[0].unit ** whole)]
    if name in ("sqrt", "rsqrt", "cbrt"):
        power = {"sqrt": Fraction(1, 2), "rsqrt": Fraction(-1, 2), "cbrt": Fraction(1, 3)}[name]
        return [Carried(None if inputs[0].unit is None else inputs[0].unit ** power)]
    if name == "pow":
        base, exponent = inputs
        _dimensionless([exponent], "an exponent")
        if base.unit in (None, ONE):
            return [Carried(ONE)]
        if exponent.known is None:
            raise UnitError(f"a power with a varying exponent needs a dimensionless base, got {base.unit}")
        return [Carried(base.unit ** Fraction(exponent.known).limit_denominator(64))]
    if name in _DIMENSIONLESS:
        _dimensionless(inputs, name)
        return [Carried(ONE)]
    if name == "sign":
        return [Carried(ONE)]
    raise UnitError(
        f"the operation {name!r} is not in the model language; use arithmetic or contraflow.engine.operations"
    )


def _walk(closed: Any, arguments: list[Carried]) -> list[Carried]:
    jaxpr = closed.jaxpr
    known: dict[Any, Carried] = dict(zip(jaxpr.invars, arguments, strict=True))
    known.update((v, _literal(c)) for v, c in zip(jaxpr.constvars, closed.consts, strict=True))

    def read(variable: Any) -> Carried:
        return _literal(variable.val) if isinstance(variable, core.Literal) else known[variable]

    for equation in jaxpr.eqns:
        results = _apply(equation, [read(v) for v in equation.invars])
        known.update(zip(equation.outvars, results, strict=True))
    return [read(v) for v in jaxpr.outvars]


def infer(function: Callable[..., Any], units: Sequence[Unit], shapes: Sequence[tuple[int, ...]]) -> Unit | None:
    """Unit of ``function``'s result for inputs of these units and shapes; None when it is identically zero.

    Raises ``UnitError`` when the expression is dimensionally wrong, uses an operation outside the language, or mixes
    draws (seen where the last axis of ``shapes`` has length ``DRAWS``).
    """
    dtype = jax.numpy.result_type(float)
    closed = jax.make_jaxpr(function)(*(jax.ShapeDtypeStruct(s, dtype) for s in shapes))
    (result,) = _walk(closed, [Carried(u) for u in units])
    return result.unit
