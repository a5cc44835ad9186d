"""A kernel's program as Python source, for NumPy (arrays of trajectories) and Numba (one trajectory, scalars).

The rivals are thereby given the native kernel's own work: the same equations, shared subexpressions, and what can be
computed once a trajectory or once a step taken out of the loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contraflow.engine.native.program import Function, Program

#: The kernel's regions, as arguments of every function; ``kept`` holds what one function leaves for later ones.
REGIONS = ("parameters", "inputs", "fixed", "states", "rates", "averages", "kept")
_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==",
          "ne": "!="}  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """How an operation is written where it is not infix, and how many operations one function may hold."""

    calls: Mapping[str, str]
    length: int


NUMPY = Dialect(
    {
        "max": "np.maximum({}, {})", "min": "np.minimum({}, {})", "select": "np.where({}, {}, {})", "neg": "-{}",
        "and": "{} & {}", "or": "{} | {}", "not": "~{}", "exp": "np.exp({})", "log": "np.log({})",
        "log1p": "np.log1p({})", "expm1": "np.expm1({})", "tanh": "np.tanh({})", "sqrt": "np.sqrt({})",
        "abs": "np.abs({})", "sign": "np.sign({})", "power": "{} ** {}", "logistic": "1.0 / (1.0 + np.exp(-{}))",
        "erf": "special.erf({})", "erfc": "special.erfc({})", "erf_inv": "special.erfinv({})",
    },
    10**6,
)  # fmt: skip
NUMBA = Dialect(
    {
        **{name: text.replace("np.", "math.") for name, text in NUMPY.calls.items()},
        "max": "max({}, {})", "min": "min({}, {})", "select": "({1} if {0} else {2})", "abs": "abs({})",
        "and": "({} and {})", "or": "({} or {})", "not": "(not {})", "sign": "math.copysign(1.0, {})",
        "erf": "math.erf({})", "erfc": "math.erfc({})",
    },
    400,
)  # fmt: skip


def source(program: Program, dialect: Dialect) -> tuple[str, int]:
    """Source of the program's functions, each called with ``REGIONS`` in order, and the length of ``kept``."""
    text = _Text(program, dialect)
    return "\n".join(text.function(f) for f in program.functions), len(text.places)


class _Text:
    def __init__(self, program: Program, dialect: Dialect):
        self.dialect = dialect
        self.places: dict[tuple[int, int], int] = {}
        self.wanted: set[tuple[int, int]] = set()
        self.own: dict[str, list[int]] = {}
        for f in reversed(program.functions):  # what later functions read decides what earlier ones leave
            self.own[f.name] = own = self._own(f)
            read = {n for node in own for n in self._operands(f, node)} | {n for region, _, n in f.roots if region}
            self.wanted |= {(id(f.graph), n) for n in read & f.given if not self._is_leaf(f, n)}

    def function(self, f: Function) -> str:
        arguments = ", ".join(REGIONS)
        own, length = self.own[f.name], self.dialect.length
        pieces = [own[k : k + length] for k in range(0, len(own), length)]
        piece_of = {node: k for k, piece in enumerate(pieces) for node in piece}
        passed = {n for n in own if (id(f.graph), n) in self.wanted}
        for node in own:
            passed |= {n for n in self._operands(f, node) if n in piece_of and piece_of[n] != piece_of[node]}
        passed |= {n for region, _, n in f.roots if region and piece_of.get(n, len(pieces)) < len(pieces) - 1}
        texts = []
        for k, piece in enumerate(pieces):
            lines = []
            for node in piece:
                lines.append(f"    t{node} = {self._expression(f, node, set(piece))}")
                if node in passed:
                    lines.append(f"    kept[{self._place(f, node)}] = t{node}")
            if k == len(pieces) - 1:
                lines += self._results(f, set(piece))
            texts.append(f"def {f.name}_{k}({arguments}):\n" + "\n".join(lines or ["    pass"]))
        calls = [f"    {f.name}_{k}({arguments})" for k in range(len(pieces))]
        calls += self._results(f, set()) if not pieces else []
        return "\n".join([*texts, f"def {f.name}({arguments}):", *(calls or ["    pass"])])

    def _results(self, f: Function, here: set[int]) -> list[str]:
        return [f"    {region}[{place}] = {self._value(f, n, here)}" for region, place, n in f.roots if region]

    def _own(self, f: Function) -> list[int]:
        found: set[int] = set()
        waiting = [node for region, _, node in f.roots if region or (id(f.graph), node) in self.wanted]
        while waiting:
            node = waiting.pop()
            if node not in found and node not in f.given and not self._is_leaf(f, node):
                found.add(node)
                waiting += self._operands(f, node)
        return sorted(found)

    def _operands(self, f: Function, node: int) -> tuple[int, ...]:
        # Powers and the inverse of erf have an operand that only the kernel's own way of computing them needs.
        name, *_ = f.graph.operations[node]
        read = f.graph.operands(node)
        return read[:2] if name == "power" else read[:1] if name == "erf_inv" else read

    def _is_leaf(self, f: Function, node: int) -> bool:
        return f.graph.operations[node][0] in ("const", "leaf")

    def _place(self, f: Function, node: int) -> int:
        return self.places.setdefault((id(f.graph), node), len(self.places))

    def _expression(self, f: Function, node: int, here: set[int]) -> str:
        name = f.graph.operations[node][0]
        values = [self._value(f, n, here) for n in self._operands(f, node)]
        return f" {_INFIX[name]} ".join(values) if name in _INFIX else self.dialect.calls[name].format(*values)

    def _value(self, f: Function, node: int, here: set[int]) -> str:
        name, *content = f.graph.operations[node]
        if name == "const":
            return f"({content[0]!r})"
        if name == "leaf":
            return f"{content[0]}[{content[1]}]"
        if node in here:
            return f"t{node}"
        kept = f"kept[{self._place(f, node)}]"
        return f"({kept} != 0)" if f.graph.is_mask(node) else kept


def compiled(text: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """The functions of a source, with these names known to them."""
    found = dict(names)
    exec(compile(text, "<lowered model>", "exec"), found)
    return found
