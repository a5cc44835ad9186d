"""Scalar expressions shared by value: what a traced step becomes on its way to C.

Named axes are small and fixed, so every element of every array is one expression, and one vector of lanes in C.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

#: How often a value changes: never, once a trajectory, once a step, at every evaluation.
CONSTANT, ONCE, STEP, POINT = range(4)

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "neg": operator.neg,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
    "and": operator.and_, "or": operator.or_, "not": operator.not_,
}  # fmt: skip
_COMMUTES = {"add", "mul", "and", "or", "eq", "ne"}
MASKS = {"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"}  # results are true or false in each lane


class Graph:
    """Nodes numbered in order of creation, each an operation on earlier ones; equal nodes are one.

    ``operations[i]`` is the operation's name and its operands: node numbers, but for ``const`` (a number or truth
    value) and ``leaf`` (a region of the kernel's memory and a place in it).
    """

    def __init__(self) -> None:
        self.operations: list[tuple[Any, ...]] = []
        self.rates: list[int] = []  # CONSTANT to POINT
        self._known: dict[tuple[Any, ...], int] = {}

    def constant(self, value: float | bool) -> int:
        """The node of a number or truth value."""
        value = value if isinstance(value, bool) else float(value)
        return self._node(("const", value), CONSTANT, ("const", type(value), repr(value)))

    def leaf(self, region: str, place: int, rate: int) -> int:
        """The node of a value in the kernel's memory that changes at this rate."""
        return self._node(("leaf", region, place), rate)

    def apply(self, operation: str, *operands: int) -> int:
        """The node of an operation. What is known when tracing is not left to the kernel.

        Divisions by numbers and by what changes more seldom than the numerator become products with the inverse,
        which rounds once more.
        """
        known = [self._number(i) for i in operands]
        if operation in _ARITHMETIC and None not in known:
            return self.constant(_ARITHMETIC[operation](*known))
        if operation in _COMMUTES and operands[0] > operands[1]:
            return self.apply(operation, operands[1], operands[0])
        simpler = self._simpler(operation, operands, known)
        if simpler is not None:
            return simpler
        rate = max(ONCE, *(self.rates[i] for i in operands))
        return self._node((operation, *operands), rate)

    def is_mask(self, node: int) -> bool:
        """Whether a node is true or false in each lane, rather than a number."""
        operation = self.operations[node]
        if operation[0] == "const":
            return isinstance(operation[1], bool)
        return operation[0] in MASKS or (operation[0] == "select" and self.is_mask(operation[2]))

    def needed(self, roots: Iterable[int]) -> set[int]:
        """Nodes that these depend on, themselves included."""
        found: set[int] = set()
        waiting = list(roots)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting += self.operands(node)
        return found

    def operands(self, node: int) -> tuple[int, ...]:
        """The nodes that a node reads."""
        operation = self.operations[node]
        return () if operation[0] in ("const", "leaf") else operation[1:]

    def _number(self, node: int) -> Any:
        operation = self.operations[node]
        return operation[1] if operation[0] == "const" else None

    def _node(self, operation: tuple[Any, ...], rate: int, key: tuple[Any, ...] | None = None) -> int:
        key = key or operation
        if key not in self._known:
            self._known[key] = len(self.operations)
            self.operations.append(operation)
            self.rates.append(rate)
        return self._known[key]

    def _simpler(self, operation: str, operands: tuple[int, ...], known: list[Any]) -> int | None:
        # 0·x stays: it is not zero where x is not finite.
        if operation == "add" and 0.0 in known:
            return operands[1 - known.index(0.0)]
        if operation == "add":
            for place in (0, 1):
                if self.operations[operands[place]][0] == "neg":
                    return self.apply("sub", operands[1 - place], self.operations[operands[place]][1])
        if operation == "sub" and known[1] == 0.0:
            return operands[0]
        if operation == "mul" and 1.0 in known:
            return operands[1 - known.index(1.0)]
        if operation == "mul" and -1.0 in known:
            return self.apply("neg", operands[1 - known.index(-1.0)])
        if operation == "neg" and self.operations[operands[0]][0] == "neg":
            return int(self.operations[operands[0]][1])
        if operation == "div":
            return self._quotient(operands, known)
        if operation == "select" and known[0] is not None:
            return operands[1] if known[0] else operands[2]
        if operation == "select" and operands[1] == operands[2]:
            return operands[1]
        if operation in ("and", "or") and any(isinstance(k, bool) for k in known):
            place = 0 if isinstance(known[0], bool) else 1
            decided = known[place] is (operation == "or")
            return operands[place] if decided else operands[1 - place]
        if operation == "pow":
            base, exponent = operands
            return self._power(base, exponent, known[1])
        if operation == "erf_inv" and len(operands) == 1:
            return self.apply("erf_inv", operands[0], self._gap(operands[0]))
        return None

    def _quotient(self, operands: tuple[int, ...], known: list[Any]) -> int | None:
        top, bottom = operands
        if known[0] is not None and known[1]:
            return self.constant(known[0] / known[1])
        if known[1] is not None:
            inverse = 1.0 / known[1] if known[1] else math.copysign(math.inf, known[1])
            return self.apply("mul", top, self.constant(inverse)) if math.isfinite(inverse) else None
        if self.rates[bottom] < self.rates[top]:
            return self.apply("mul", top, self.apply("div", self.constant(1.0), bottom))
        return None

    def _power(self, base: int, exponent: int, known: float | None) -> int:
        # Powers of one base share its logarithm, also with their derivatives.
        if known == 0.5:
            return self.apply("sqrt", base)
        if known is not None and abs(known) <= 16 and known == int(known):
            return self.whole_power(base, int(known))
        if known is not None and math.isfinite(known) and known != int(known):
            return self.apply("exp", self.apply("mul", exponent, self.apply("log", base)))
        size = self.apply("exp", self.apply("mul", exponent, self.apply("log", self.apply("abs", base))))
        return self.apply("power", base, exponent, size)

    def _gap(self, y: int) -> int:
        # 1 − y², on which erf_inv turns; for y = 2p − 1 it is 4p(1 − p), which keeps the digits of a small p.
        one = self.constant(1.0)
        name, *operands = self.operations[y]
        if name == "sub" and self._number(operands[1]) == 1.0 and self.operations[operands[0]][0] == "mul":
            _, a, b = self.operations[operands[0]]
            for two, p in ((a, b), (b, a)):
                if self._number(two) == 2.0:
                    return self.apply("mul", self.apply("mul", self.constant(4.0), p), self.apply("sub", one, p))
        return self.apply("mul", self.apply("sub", one, y), self.apply("add", one, y))

    def whole_power(self, base: int, exponent: int) -> int:
        """The node of a whole power, by repeated squaring."""
        if exponent < 0:
            return self.apply("div", self.constant(1.0), self.whole_power(base, -exponent))
        result, square = self.constant(1.0), base
        while exponent:
            if exponent & 1:
                result = self.apply("mul", result, square)
            exponent >>= 1
            if exponent:
                square = self.apply("mul", square, square)
        return result
