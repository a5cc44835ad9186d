"""From a kernel's program to C text. The same program gives the same text, which names its build."""

from __future__ import annotations

import math
import re
from functools import cache
from importlib import resources

from contraflow.engine.native.graph import Graph
from contraflow.engine.native.precision import doubles
from contraflow.engine.native.program import Function, Program

#: Nodes in one C function: compile time grows faster than the length of a function.
LENGTH = 400

#: Regions that the driver fills in double too, for functions of the step; those of the start have all regions so.
_TWOFOLD = {"inputs", "fixed", "states"}
_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_COMPARE = {"lt": "LT", "le": "LE", "gt": "GT", "ge": "GE", "eq": "EQ", "ne": "NE", "and": "AND", "or": "OR"}


@cache
def _text(name: str) -> str:
    return resources.files("contraflow.engine.native").joinpath(name).read_text(encoding="utf-8")


@cache
def _vectors_of_doubles() -> str:
    # vectors.h once more, with _D after every name of its own.
    text = _text("vectors.h")
    patterns = (
        r"#define (\w+)",
        r"typedef [^;()]*?(\w+)(?: __attribute__\(\(.*\)\))?;",
        r"^(?:INLINE|APART) \w+ (\w+)\(",
        r"static const REAL (\w+)\[",
    )
    names = {"REAL", "SINGLE"}.union(*(re.findall(p, text, re.MULTILINE) for p in patterns))
    return "#define REAL_D double\n" + re.sub(rf"\b({'|'.join(sorted(names))})\b", r"\1_D", text)


def c_text(program: Program, *, single: bool = False) -> str:
    """The whole C source of a kernel, in double precision or ``single``."""
    memory = _Memory(program, doubles(program) if single else set())
    bodies = [memory.function(f) for f in program.functions]
    definitions = {
        "REAL": "float" if single else "double",
        **({"SINGLE": 1} if single else {}),
        **({"GRADIENT": 1} if program.gradient else {}),
        **{f"N_{region.upper()}": size for region, size in program.regions.items()},
        **{region.upper(): place for region, place in memory.places.items()},
        "N_LEVELS": len(program.level_places),
        "N_MEMORY": max(memory.sizes[False], 1),
        "N_WIDE": max(memory.sizes[True], 1) if single else 0,
    }
    levels = ", ".join(map(str, [*program.level_places, 0]))
    return "\n".join(
        [
            *(f"#define {name} {value}" for name, value in definitions.items()),
            *([_vectors_of_doubles()] if single else []),
            _text("vectors.h"),
            _text("wide.h"),
            f"static const long LEVEL_PLACES[] = {{{levels}}};",
            *bodies,
            _text("driver.h"),
        ]
    )


class _Memory:
    """Places in the kernel's memory: the regions, then one for each value that passes between C functions.

    In single precision there is a second memory for the values in ``doubles``, with the same places for the regions.
    """

    def __init__(self, program: Program, doubles: set[tuple[int, int]]):
        self.places: dict[str, int] = {}
        size = 0
        for region, length in program.regions.items():
            self.places[region] = size
            size += length
        self.sizes = {False: size, True: size}
        self.slots: dict[tuple[int, int, bool], int] = {}
        self.doubles = doubles
        self.starting = {id(f.graph) for f in program.functions if f.name == "start"} if doubles else set()
        self.wanted = self._passed(program)

    def wide(self, graph: Graph, node: int) -> bool:
        """Whether a value is computed in double by a kernel in single precision."""
        return (id(graph), node) in self.doubles

    def reads(self, graph: Graph, node: int) -> set[tuple[int, bool]]:
        """The values that a value is computed from, each with whether it is read in double."""
        operands = [n for n in graph.operands(node) if graph.operations[n][0] not in ("const", "leaf")]
        return {(n, self.wide(graph, node) and self.wide(graph, n)) for n in operands}

    def _passed(self, program: Program) -> set[tuple[int, int, bool]]:
        # What a function leaves for later ones.
        found: set[tuple[int, int, bool]] = set()
        for f in program.functions:
            read = {r for node in _own(f) for r in self.reads(f.graph, node)}
            read |= {(node, False) for _, _, node in f.roots}
            leaves = ("const", "leaf")
            found |= {(id(f.graph), n, w) for n, w in read if n in f.given and f.graph.operations[n][0] not in leaves}
        return found

    def slot(self, graph: Graph, node: int, wide: bool = False) -> int:
        key = (id(graph), node, wide)
        if key not in self.slots:
            self.slots[key] = self.sizes[wide]
            self.sizes[wide] += 1
        return self.slots[key]

    def function(self, f: Function) -> str:
        """The text of a function, in pieces of bounded length that pass values through the memory."""
        own = _own(f)
        pieces = [own[k : k + LENGTH] for k in range(0, len(own), LENGTH)]
        piece_of = {node: k for k, piece in enumerate(pieces) for node in piece}
        passed = {(n, w) for n in own for w in (False, True) if (id(f.graph), n, w) in self.wanted}
        for node in own:
            passed |= {
                (n, w) for n, w in self.reads(f.graph, node) if piece_of.get(n, piece_of[node]) != piece_of[node]
            }
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
            texts.append(f"APART void {f.name}_{k}(V *restrict m, W *restrict w) {{\n" + "\n".join(lines) + "\n}")
        last = [f"    m[{place}] = {self._number(f.graph, node, set())};" for place, node in copies]
        if id(f.graph) in self.starting:
            last += [f"    w[{place}] = {self._wide_number(f.graph, node, set())};" for place, node in copies]
        calls = [f"    {f.name}_{k}(m, w);" for k in range(len(pieces))]
        body = "\n".join([*calls, *last, "    (void)m, (void)w;"])
        texts.append(f"static void {f.name}(V *m, W *w) {{\n{body}\n}}")
        return "\n".join(texts)

    def _lines(
        self, f: Function, node: int, here: set[int], passed: set[tuple[int, bool]], targets: list[int]
    ) -> list[str]:
        graph = f.graph
        mask = graph.is_mask(node)
        value = f"SEL(t{node}, SPLAT(1), SPLAT(0))" if mask else f"t{node}"
        if self.wide(graph, node):
            lines = [f"    const W d{node} = {self._wide_expression(graph, node, here)};"]
            lines.append(f"    const V t{node} = NARROW(d{node});")
        else:
            lines = [f"    const {'M' if mask else 'V'} t{node} = {self._expression(graph, node, here)};"]
        if (node, False) in passed:
            lines.append(f"    m[{self.slot(graph, node)}] = {value};")
        if (node, True) in passed:
            lines.append(f"    w[{self.slot(graph, node, True)}] = d{node};")
        if id(graph) in self.starting:
            wide = f"d{node}" if self.wide(graph, node) else f"WIDEN({value})"
            lines += [f"    w[{place}] = {wide};" for place in targets]
        return lines + [f"    m[{place}] = {value};" for place in targets]

    def _wide_expression(self, graph: Graph, node: int, here: set[int]) -> str:
        name, *operands = graph.operations[node]
        first = [self._mask(graph, operands.pop(0), here)] if name == "select" else []
        return f"{name}_w({', '.join([*first, *(self._wide_number(graph, n, here) for n in operands)])})"

    def _wide_number(self, graph: Graph, node: int, here: set[int]) -> str:
        operation = graph.operations[node]
        if operation[0] == "const":
            return _constant(operation[1], "splat_w")
        if operation[0] == "leaf" and (id(graph) in self.starting or operation[1] in _TWOFOLD):
            return f"w[{self.places[operation[1]] + operation[2]}]"
        if self.wide(graph, node):
            return f"d{node}" if node in here else f"w[{self.slot(graph, node, True)}]"
        return f"WIDEN({self._number(graph, node, here)})"

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


def _constant(value: float, splat: str = "SPLAT") -> str:
    if math.isnan(value):
        return f'{splat}(__builtin_nan(""))'
    if math.isinf(value):
        return f"{splat}({'-' if value < 0 else ''}__builtin_inf())"
    return f"{splat}({value.hex()})"
