"""Which values a kernel in single precision keeps in double, so that its results have five digits.

Sums over many small steps lose digits, and so do differences of nearly equal numbers, among them one less a share, time
since a date, and the logarithm of a ratio near one. So states are accumulated in double (``driver.h``); what is
computed once a trajectory is computed in double; and so are such differences and logarithms, with what leads to them.
The rule looks at operations, not at values: the same model gives the same kernel, whatever its parameters.
"""

from __future__ import annotations

from contraflow.engine.native.graph import CONSTANT, ONCE, Graph
from contraflow.engine.native.program import Program

#: Operations in a row, back from a difference or logarithm, that are computed in double.
REACH = 8
#: A difference of two values that change alike is computed in double where this many operations lead to it, or fewer.
SHORT = 4
#: Functions that damp an error of their argument where their value is near a limit: back from a difference, the last.
_DAMPING = {"logistic", "tanh", "erf", "erfc", "erf_inv", "exp", "expm1", "log", "log1p", "power", "sqrt"}


def doubles(program: Program) -> set[tuple[int, int]]:
    """The values computed in double, as (identity of the graph, node)."""
    found = set()
    graphs = {id(f.graph): f.graph for f in program.functions}
    starting = {id(f.graph) for f in program.functions if f.name == "start"}
    for key, graph in graphs.items():
        found |= {(key, n) for n in (_numbers(graph) if key in starting else _stepping(graph))}
    return found


def _numbers(graph: Graph) -> set[int]:
    return {n for n, o in enumerate(graph.operations) if o[0] not in ("const", "leaf") and not graph.is_mask(n)}


def _stepping(graph: Graph) -> set[int]:
    numbers = _numbers(graph)
    found = {n for n in numbers if graph.rates[n] in (CONSTANT, ONCE)}
    powers = _powers(graph)
    for n in sorted(numbers - powers):
        name, *operands = graph.operations[n]
        if name == "log":
            found |= {n, *_behind(graph, operands, numbers, set())}
        elif name == "sub" or (name == "add" and _is_negative(graph, operands)):
            behind = _behind(graph, [n], numbers, _DAMPING)
            differ = len({graph.rates[i] for i in operands}) > 1
            found |= behind if differ or len(behind) <= SHORT else set()
    return found


def _powers(graph: Graph) -> set[int]:
    # Logarithms that only serve powers, exp(b ln a): an error of theirs is one of the same size in the power.
    read: dict[int, set[int]] = {}
    for n in range(len(graph.operations)):
        for i in graph.operands(n):
            read.setdefault(i, set()).add(n)

    def all_are(nodes: set[int], name: str) -> bool:
        return bool(nodes) and all(graph.operations[n][0] == name for n in nodes)

    logs = [n for n, o in enumerate(graph.operations) if o[0] == "log"]
    return {
        n
        for n in logs
        if all_are(read.get(n, set()), "mul") and all(all_are(read.get(k, set()), "exp") for k in read[n])
    }


def _is_negative(graph: Graph, operands: list[int]) -> bool:
    return any(graph.operations[i][0] == "const" and graph.operations[i][1] < 0 for i in operands)


def _behind(graph: Graph, nodes: list[int], numbers: set[int], ends: set[str]) -> set[int]:
    found: set[int] = set()
    for _ in range(REACH):
        here = [n for n in nodes if n in numbers and n not in found and graph.rates[n] > ONCE]
        found.update(here)
        nodes = [i for n in here if graph.operations[n][0] not in ends for i in graph.operands(n)]
    return found
