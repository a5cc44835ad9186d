"""What a trajectory costs at least on this machine: its operations, each at the speed the machine was measured to have.

Operations are counted in the kernel's own program, so what it computes once a trajectory or once a step counts once.
Speeds come from a small C program of the kernel's own vectors and functions, each run many times on data in the
nearest cache, independent of one another. The times are added, as if nothing overlapped; additions and multiplications
count as if all were fused in pairs.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from contraflow.bench.cases import Case
from contraflow.bench.contest import RefusedError
from contraflow.engine.native.build import FLAGS, PROCESSOR
from contraflow.engine.native.program import Program, program

#: Operations that cost about as much as half a fused multiplication and addition.
_ARITHMETIC = {"add", "sub", "mul", "neg", "abs"}
#: Those that are one comparison or choice; the pair is measured.
_CHOICES = {"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "select", "sign"}
#: In registers, on sixteen independent values (v), with two that change nothing (one, zero).
_IN_REGISTERS = {
    "arithmetic": "v * one + zero",
    "choice": "SEL(LT(v, one), v, zero)",
    "max": "MAX(v, zero)",
    "min": "MIN(v, one)",
    "max of a number": "MAXC(v, SPLAT(0))",
    "min of a number": "MINC(v, SPLAT(1))",
}
#: In the nearest cache, on arrays of ordinary numbers between 0 and 1 (x; y = 1 − x², z = xʸ).
_IN_CACHE = {
    "div": "x[j] / y[j]",
    "power": "power_v(x[j], y[j], z[j])",
    "erf_inv": "erf_inv_v(x[j], y[j])",
    **{f: f"{f}_v(x[j])" for f in ("sqrt", "exp", "log", "log1p", "expm1", "tanh", "logistic", "erf", "erfc")},
}
_CHAINS, _LENGTH = 16, 64
_SECONDS = 0.02


def operations(made: Program, steps: int) -> Counter[str]:
    """How many vector operations of each kind a trajectory of this many steps takes."""
    times = {"start": 1, "once": 1, "each": steps, "rates": 2 * steps, "record": steps}
    found: Counter[str] = Counter()
    for f in made.functions:
        for node in f.graph.needed(n for _, _, n in f.roots) - f.given:
            name = f.graph.operations[node][0]
            if name in ("max", "min") and any(f.graph.operations[n][0] == "const" for n in f.graph.operands(node)):
                name += " of a number"
            found[name] += times[f.name]
    found["mul"] += steps * 2 * made.regions["states"]  # to the middle of the step, and to its end
    found["add"] += steps * (2 * made.regions["states"] + made.regions["averages"])
    return found


def seconds(case: Case, speeds: Mapping[str, float]) -> float:
    """Least time of a trajectory, all of it in the precision of the machine's ``speeds``."""
    counted = operations(program(case.model, case.record), case.grid.periods * case.grid.substeps)
    total = 0.0
    for name, count in counted.items():
        if name in _ARITHMETIC:
            total += count * speeds["arithmetic"] / 2
        elif name in _CHOICES:
            total += count * speeds["choice"] / 2
        elif name not in ("const", "leaf"):
            total += count * speeds[name]
    return total


def measured_speeds(*, single: bool) -> dict[str, float]:
    """Seconds an operation takes for one lane in single or double precision, the best of several rounds.

    Raises ``RefusedError`` where no C compiler builds the program.
    """
    with tempfile.TemporaryDirectory() as folder:
        code = _built(Path(folder), single)
        names = [*_IN_REGISTERS, *_IN_CACHE]
        each = [_CHAINS] * len(_IN_REGISTERS) + [_LENGTH] * len(_IN_CACHE)
        lanes = code.lanes()
        return {name: _best(code, k, count * lanes) for k, (name, count) in enumerate(zip(names, each, strict=True))}


def _best(code: ctypes.CDLL, which: int, lanes: int) -> float:
    repeats, best = 100, float("inf")
    for _ in range(30):
        begin = time.process_time()
        code.repeat(which, ctypes.c_long(repeats))
        used = time.process_time() - begin
        best = min(best, used / (repeats * lanes)) if used > _SECONDS / 2 else best
        if used < _SECONDS:
            repeats *= 2
    return best


def _built(folder: Path, single: bool) -> ctypes.CDLL:
    compiler = os.environ.get("CC", "").split() or ["cc"]
    if shutil.which(compiler[0]) is None:
        raise RefusedError("there is no C compiler")
    (folder / "speeds.c").write_text(_text(single), encoding="utf-8")
    line = [*compiler, PROCESSOR, *FLAGS, "speeds.c", "-o", "speeds.so"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"the C compiler failed: {done.stderr[:200]}")
    return ctypes.CDLL(str(folder / "speeds.so"))


def _text(single: bool) -> str:
    vectors = resources.files("contraflow.engine.native").joinpath("vectors.h").read_text(encoding="utf-8")
    cases = []
    for k, expression in enumerate(_IN_REGISTERS.values()):
        chains = "".join(f"{{V v = v{i}; v{i} = {expression};}} KEEP(v{i}) " for i in range(_CHAINS))
        cases.append(f"case {k}: for (long i = 0; i < n; i++) {{ {chains} }} break;")
    for k, expression in enumerate(_IN_CACHE.values(), start=len(_IN_REGISTERS)):
        loop = f"for (int j = 0; j < {_LENGTH}; j++) r[j] = {expression};"
        cases.append(f'case {k}: for (long i = 0; i < n; i++) {{ {loop} __asm__ volatile("" ::: "memory"); }} break;')
    registers = "\n".join(f"V v{i} = SPLAT({0.5 + i / 100}); KEEP(v{i})" for i in range(_CHAINS))
    precision = "#define REAL float\n#define SINGLE 1" if single else "#define REAL double"
    return f"""{precision}
{vectors}
#define KEEP(v) __asm__ volatile("" : "+v"(v));
V x[{_LENGTH}], y[{_LENGTH}], z[{_LENGTH}], r[{_LENGTH}]; /* seen from outside, so no loop is left out */
int lanes(void) {{ return LANES; }}
void repeat(int which, long n) {{
    V one = SPLAT(1), zero = SPLAT(0);
    KEEP(one) KEEP(zero)
    {registers}
    for (int j = 0; j < {_LENGTH}; j++) {{
        x[j] = SPLAT(0.1 + 0.8 * j / {_LENGTH});
        y[j] = SPLAT(1) - x[j] * x[j];
        z[j] = exp_v(y[j] * log_v(x[j]));
    }}
    switch (which) {{
    {chr(10).join(cases)}
    }}
}}
"""
