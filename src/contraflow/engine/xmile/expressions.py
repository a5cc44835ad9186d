"""Equations as text: the scalar expressions of a traced function, written with the operators and functions of XMILE."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from contraflow.engine.native.graph import POINT, Graph
from contraflow.engine.variables import ModelError
from contraflow.engine.xmile import functions
from contraflow.engine.xmile.names import quoted

#: How tightly text holds together: what stands beside an operator needs parentheses where it holds less tightly.
_LOOSE, _COMPARE, _ADD, _MULTIPLY, _RAISE, _TIGHT = range(6)

_OPERATORS = {
    "lt": ("<", _COMPARE), "le": ("<=", _COMPARE), "gt": (">", _COMPARE), "ge": (">=", _COMPARE),
    "eq": ("=", _COMPARE), "ne": ("<>", _COMPARE), "add": ("+", _ADD), "sub": ("-", _ADD), "mul": ("*", _MULTIPLY),
    "quotient": ("/", _MULTIPLY),
}  # fmt: skip
_CALLS = {"exp": "EXP", "log": "LN", "sqrt": "SQRT", "abs": "ABS", "max": "MAX", "min": "MIN"}
_EXPANDED = {
    "tanh": functions.tanh, "logistic": functions.logistic, "expm1": functions.expm1, "log1p": functions.log1p,
    "sign": functions.sign, "erf": functions.erf, "erfc": functions.erfc,
}  # fmt: skip
_POLYNOMIALS = {"erf", "erfc", "erf_inv"}

#: A part of an equation becomes an auxiliary of its own where that saves as many characters as this.
WORTH_A_NAME = 150


class Expressions(Graph):
    """A graph of what XMILE has. It keeps quotients and powers, which the kernel's graph takes apart for speed.

    ``approximated`` says whether a function became a polynomial.
    """

    def __init__(self) -> None:
        super().__init__()
        self.approximated = False

    def name(self, identifier: str) -> int:
        """The node of a variable's value."""
        return self.leaf(identifier, 0, POINT)

    def apply(self, operation: str, *operands: int) -> int:
        """The node of an operation, in terms of what XMILE has."""
        self.approximated |= operation in _POLYNOMIALS
        if operation in _EXPANDED:
            return _EXPANDED[operation](self, *operands)
        if operation == "erf_inv" and len(operands) == 2:  # with one, the graph comes back with 1 − y² beside it
            return functions.erf_inv(self, *operands)
        if operation == "mul" and self.constant(0.0) in operands:
            return self.constant(0.0)
        if operation in ("add", "sub") and self._is_negative(operands[1]):
            opposite = "sub" if operation == "add" else "add"
            return super().apply(opposite, operands[0], super().apply("neg", operands[1]))
        if operation == "div":
            return operands[0] if operands[1] == self.constant(1.0) else super().apply("quotient", *operands)
        if operation == "pow":
            return operands[0] if operands[1] == self.constant(1.0) else super().apply("raised", *operands)
        return super().apply(operation, *operands)

    def _is_negative(self, node: int) -> bool:
        operation = self.operations[node]
        return operation[0] == "const" and operation[1] < 0

    def whole_power(self, base: int, exponent: int) -> int:
        """The node of a whole power."""
        return self.apply("pow", base, self.constant(exponent))


def written(graph: Expressions, roots: Sequence[int], part_name: Callable[[], str]) -> tuple[list[str], dict[str, str]]:
    """The equation of each root, and by name those of the long parts that they share, each before its use.

    ``part_name`` gives a new name for a part.
    """
    uses = dict.fromkeys(graph.needed(roots), 0)
    for node in uses:
        for operand in graph.operands(node):
            uses[operand] += 1
    texts: dict[int, tuple[str, int]] = {}
    parts: dict[str, str] = {}
    for node in sorted(uses):
        text, hold = _text(graph, node, texts)
        repeated = (uses[node] - 1) * len(text)
        if repeated > WORTH_A_NAME and not graph.is_mask(node) and graph.operands(node):
            name = part_name()
            parts[name] = text
            text, hold = quoted(name), _TIGHT
        texts[node] = (text, hold)
    return [texts[root][0] for root in roots], parts


def number(value: float) -> str:
    """A number as XMILE writes it. Raises ``ModelError`` for one that is not finite."""
    if not math.isfinite(value):
        raise ModelError(f"XMILE has no number {value}")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _text(graph: Expressions, node: int, texts: Mapping[int, tuple[str, int]]) -> tuple[str, int]:
    operation, *operands = graph.operations[node]
    if operation == "leaf":
        return quoted(operands[0]), _TIGHT
    if operation == "const":
        return number(operands[0]), _LOOSE if operands[0] < 0 else _TIGHT

    def beside(place: int, least: int) -> str:
        text, hold = texts[operands[place]]
        return text if hold >= least else f"({text})"

    if operation == "select":
        which, chosen, otherwise = (beside(place, _COMPARE) for place in range(3))
        return f"IF {which} THEN {chosen} ELSE {otherwise}", _LOOSE
    if operation == "neg":
        return f"-{beside(0, _TIGHT)}", _LOOSE
    if operation == "raised":
        return f"{beside(0, _TIGHT)}^{beside(1, _TIGHT)}", _RAISE
    if operation == "not":
        return f"NOT {beside(0, _TIGHT)}", _LOOSE
    if operation in ("and", "or"):
        return f"{beside(0, _TIGHT)} {operation.upper()} {beside(1, _TIGHT)}", _LOOSE
    if operation in _CALLS:
        return f"{_CALLS[operation]}({', '.join(texts[o][0] for o in operands)})", _TIGHT
    sign, hold = _OPERATORS[operation]
    follows = hold if operation in ("add", "mul") else hold + 1  # a + (b - c) is (a + b) - c
    first = hold + 1 if hold == _COMPARE else hold
    return f"{beside(0, first)} {sign} {beside(1, follows)}", hold
