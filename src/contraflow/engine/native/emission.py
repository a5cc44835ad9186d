"""From a kernel's program to C text. The same program gives the same text, which names its build."""

from __future__ import annotations

import math
from functools import cache
from importlib import resources

from contraflow.engine.native.graph import Graph
from contraflow.engine.native.program import Function, Program

#: Nodes in one C function: compile time grows faster than the length of a function.
LENGTH = 400

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_COMPARE = {"lt": "LT", "le": "LE", "gt": "GT", "ge": "GE", "eq": "EQ", "ne": "NE", "and": "AND", "or": "OR"}


@cache
def _text(name: str) -> str:
    return resources.files("contraflow.engine.native").joinpath(name).read_text(encoding="utf-8")


def c_text(program: Program, *, single: bool = False) -> str:
    """The whole C source of a kernel, in double precision or ``single``."""
    memory = _Memory(program)
    bodies = [memory.function(f) for f in program.functions]
    definitions = {
        "REAL": "float" if single else "double",
        **({"SINGLE": 1} if single else {}),
        **({"GRADIENT": 1} if program.gradient else {}),
        **{f"N_{region.upper()}": size for region, size in program.regions.items()},
        **{region.upper(): place for region, place in memory.places.items()},
        "N_LEVELS": len(program.level_places),
        "N_MEMORY": max(memory.size, 1),
    }
    levels = ", ".join(map(str, [*program.level_places, 0]))
    return "\n".join(
        [
            *(f"#define {name} {value}" for name, value in definitions.items()),
            _text("vectors.h"),
            f"static const long LEVEL_PLACES[] = {{{levels}}};",
            *bodies,
            _text("driver.h"),
        ]
    )


class _Memory:
    """Places in the kernel's memory: the regions, then one for each value that passes between C functions."""

    def __init__(self, program: Program):
        self.places: dict[str, int] = {}
        self.size = 0
        for region, size in program.regions.items():
            self.places[region] = self.size
            self.size += size
        self.slots: dict[tuple[int, int], int] = {}
        self.wanted = self._passed(program)

    def _passed(self, program: Program) -> set[tuple[int, int]]:
        # What a function leaves for later ones.
        found: set[tuple[int, int]] = set()
        for f in program.functions:
            own = _own(f)
            read = {n for node in own for n in f.graph.operands(node)} | {node for _, _, node in f.roots}
            found |= {
                (id(f.graph), n) for n in read if n in f.given and f.graph.operations[n][0] not in ("const", "leaf")
            }
        return found

    def slot(self, graph: Graph, node: int) -> int:
        key = (id(graph), node)
        if key not in self.slots:
            self.slots[key] = self.size
            self.size += 1
        return self.slots[key]

    def function(self, f: Function) -> str:
        """The text of a function, in pieces of bounded length that pass values through the memory."""
        own = _own(f)
        pieces = [own[k : k + LENGTH] for k in range(0, len(own), LENGTH)]
        piece_of = {node: k for k, piece in enumerate(pieces) for node in piece}
        passed = {n for n in own if (id(f.graph), n) in self.wanted}
        for node in own:
            passed |= {n for n in f.graph.operands(node) if n in piece_of and piece_of[n] != piece_of[node]}
        targets: dict[int, list[int]] = {}
        copies = []
        for region, place, node in f.roots:
            if region:
                if node in piece_of:
                    targets.setdefault(node, []).append(self.places[region] + place)
                else:
                    copies.append((self.places[region] + place, node))
        texts = []
        for k, piece in enumerate(pieces):
            lines = [line for node in piece for line in self._lines(f, node, set(piece), passed, targets.get(node, []))]
            texts.append(f"APART void {f.name}_{k}(V *restrict m) {{\n" + "\n".join(lines) + "\n}")
        last = [f"    m[{place}] = {self._number(f.graph, node, set())};" for place, node in copies]
        calls = [f"    {f.name}_{k}(m);" for k in range(len(pieces))]
        texts.append(f"static void {f.name}(V *restrict m) {{\n" + "\n".join([*calls, *last, "    (void)m;"]) + "\n}")
        return "\n".join(texts)

    def _lines(self, f: Function, node: int, here: set[int], passed: set[int], targets: list[int]) -> list[str]:
        graph = f.graph
        mask = graph.is_mask(node)
        lines = [f"    const {'M' if mask else 'V'} t{node} = {self._expression(graph, node, here)};"]
        value = f"SEL(t{node}, SPLAT(1), SPLAT(0))" if mask else f"t{node}"
        if node in passed:
            lines.append(f"    m[{self.slot(graph, node)}] = {value};")
        return lines + [f"    m[{place}] = {value};" for place in targets]

    def _expression(self, graph: Graph, node: int, here: set[int]) -> str:
        name, *operands = graph.operations[node]
        if graph.is_mask(operands[-1]):
            masks = [self._mask(graph, n, here) for n in operands]
            if name == "select":
                return f"CHOOSE({', '.join(masks)})"
            if name in ("eq", "ne"):
                same = f"SAME({', '.join(masks)})"
                return same if name == "eq" else f"NOT({same})"
            return f"{_COMPARE[name]}({', '.join(masks)})" if name in _COMPARE else f"NOT({masks[0]})"
        if name == "select":
            numbers = [self._number(graph, n, here) for n in operands[1:]]
            return f"SEL({self._mask(graph, operands[0], here)}, {', '.join(numbers)})"
        numbers = [self._number(graph, n, here) for n in operands]
        if name in _INFIX:
            return f"{numbers[0]} {_INFIX[name]} {numbers[1]}"
        if name == "neg":
            return f"-{numbers[0]}"
        if name in _COMPARE:
            return f"{_COMPARE[name]}({numbers[0]}, {numbers[1]})"
        if name in ("max", "min"):
            return self._extreme(graph, name.upper(), operands, numbers)
        return f"{name}_v({', '.join(numbers)})"

    def _extreme(self, graph: Graph, name: str, operands: list[int], numbers: list[str]) -> str:
        constant = [graph.operations[n][0] == "const" and not math.isnan(graph.operations[n][1]) for n in operands]
        if any(constant):
            other = constant.index(True)
            return f"{name}C({numbers[1 - other]}, {numbers[other]})"
        return f"{name}({numbers[0]}, {numbers[1]})"

    def _number(self, graph: Graph, node: int, here: set[int]) -> str:
        operation = graph.operations[node]
        if operation[0] == "const":
            return _constant(operation[1])
        if operation[0] == "leaf":
            return f"m[{self.places[operation[1]] + operation[2]}]"
        return f"t{node}" if node in here else f"m[{self.slot(graph, node)}]"

    def _mask(self, graph: Graph, node: int, here: set[int]) -> str:
        operation = graph.operations[node]
        if operation[0] == "const":
            return "ALL" if operation[1] else "NONE"
        return f"t{node}" if node in here else f"NE(m[{self.slot(graph, node)}], SPLAT(0))"


def _own(f: Function) -> list[int]:
    # In order of creation, operands come first.
    needed = f.graph.needed(node for _, _, node in f.roots)
    return sorted(n for n in needed - f.given if f.graph.operations[n][0] not in ("const", "leaf"))


def _constant(value: float) -> str:
    if math.isnan(value):
        return 'SPLAT(__builtin_nan(""))'
    if math.isinf(value):
        return f"SPLAT({'-' if value < 0 else ''}__builtin_inf())"
    return f"SPLAT({value.hex()})"
