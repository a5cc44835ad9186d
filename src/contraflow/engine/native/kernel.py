"""A model's kernel, called with arrays: from NumPy, and as an XLA custom call with its adjoint."""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.engine import cache
from contraflow.engine.model import Model
from contraflow.engine.native import build
from contraflow.engine.native.emission import c_text
from contraflow.engine.native.program import Interface, interface, program
from contraflow.engine.simulate import Grid

#: Memory for the states that the adjoint of one vector of trajectories needs; above it, stretches are run again.
TAPE_BYTES = 256 * 2**20
_VECTOR_BYTES = 128  # in double, also of the widest vector in single precision

_making = threading.RLock()


@dataclass(frozen=True)
class Arguments:
    """What a kernel is called with, but for the numbers: see ``driver.h``.

    ``shared`` and ``own`` name the inputs that are one for all draws and those with one column a draw.
    """

    rows: np.ndarray
    settings: np.ndarray
    shared: tuple[str, ...]
    own: tuple[str, ...]

    def without_shared(self) -> Arguments:
        """The same when the shared inputs follow the own ones, with one column a draw."""
        rows = np.where(self.rows < 0, len(self.own) + ~self.rows, self.rows).astype(np.int32)
        return Arguments(rows, self.settings, (), (*self.own, *self.shared))


@dataclass(frozen=True)
class Kernel:
    """A built program: ``program`` says what it reads and records."""

    program: Interface
    library: build.Library

    def arguments(self, grid: Grid, own: Iterable[str], threads: int = 1) -> Arguments:
        """How inputs are laid out when these have one column a draw; blocks of draws are divided over ``threads``."""
        columns = tuple(n for n in self.program.inputs if n in set(own))
        shared = tuple(n for n in self.program.inputs if n not in columns)
        rows = [columns.index(n) if n in columns else ~shared.index(n) for n in self.program.inputs]
        states = sum(math.prod(s) for s in self.program.states.values())
        settings = [grid.substeps, grid.step, _span(grid.periods * grid.substeps, states), threads]
        return Arguments(np.array([*rows, 0], dtype=np.int32), np.array(settings, dtype=float), shared, columns)

    def run(self, arguments: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]], periods: int) -> list[np.ndarray]:
        """Call the kernel with NumPy arrays, in the order of ``driver.h``; results have these shapes."""
        given = [np.ascontiguousarray(a) for a in arguments]
        results = [np.empty(s) for s in shapes]
        code = self.library.code.contraflow_run(
            (ctypes.c_void_p * 8)(*(a.ctypes.data for a in given)),
            (ctypes.c_void_p * 2)(*(r.ctypes.data for r in results)),
            ctypes.c_int64(given[0].shape[1]),
            ctypes.c_int64(periods),
        )
        if code:
            raise MemoryError("not enough memory for the native kernel")
        return results

    def call(self, layout: Arguments, arguments: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> tuple[Any, ...]:
        """The same under ``jax.jit``, on the processor; ``arguments`` are those of ``driver.h`` but for the layout.

        Under ``jax.vmap`` the mapped axis becomes more draws of one call: parameters, own inputs, bars and results all
        end with the axis of draws. An input shared by the draws of each call is then one with a column a draw.
        """

        @jax.custom_batching.custom_vmap
        def called(parameters: Any, shared: Any, own: Any, *bars: Any) -> tuple[Any, ...]:
            results = [jax.ShapeDtypeStruct(s, np.float64) for s in shapes]
            given = (parameters, shared, own, layout.rows, layout.settings, *bars)
            return tuple(jax.ffi.ffi_call(self.library.target, results)(*given))

        @called.def_vmap
        def mapped(
            size: int, is_mapped: Sequence[Any], parameters: Any, shared: Any, own: Any, *bars: Any
        ) -> tuple[Any, Any]:
            def merged(value: Any, is_mapped: bool) -> Any:
                value = value if is_mapped else jnp.broadcast_to(value, (size, *value.shape))
                return jnp.moveaxis(value, 0, -2).reshape(*value.shape[1:-1], -1)

            wide, columns = layout, merged(own, is_mapped[2])
            if is_mapped[1]:
                wide = layout.without_shared()
                rows = merged(jnp.broadcast_to(shared[..., None], (*shared.shape, parameters.shape[-1])), True)
                columns = jnp.concatenate([columns, rows]) if layout.own else rows
                shared = shared[0]
            found = self.call(
                wide,
                [merged(parameters, is_mapped[0]), shared, columns, *map(merged, bars, is_mapped[3:])],
                [(*s[:-1], size * s[-1]) for s in shapes],
            )
            split = [jnp.moveaxis(f.reshape(*s[:-1], size, s[-1]), -2, 0) for f, s in zip(found, shapes, strict=True)]
            return tuple(split), (True,) * len(split)

        return tuple(called(*arguments))

    def rows_of(self, recorded: Any) -> dict[str, Any]:
        """Recorded values by variable, from the kernel's array (periods, rows, draws)."""
        return _parts(recorded, {**self.program.levels, **self.program.averages}, 1)

    def states_of(self, final: Any) -> dict[str, Any]:
        """The last state by variable, from the kernel's array (rows, draws)."""
        return _parts(final, self.program.states, 0)

    def shapes(self, periods: int, draws: int) -> list[tuple[int, ...]]:
        """Shapes of what the forward kernel records, and of the last state."""
        recorded = [*self.program.levels.values(), *self.program.averages.values()]
        return [
            (periods, sum(math.prod(s) for s in recorded), draws),
            (sum(math.prod(s) for s in self.program.states.values()), draws),
        ]


def kernel(
    model: Model, record: Sequence[str], columns: Iterable[str] = (), *, gradient: bool = False, single: bool = False
) -> Kernel:
    """The kernel that records these variables, built once; or that of its gradient.

    Raises ``UnsupportedError`` or ``UnavailableError`` where only the reference simulator can run.
    """
    key = ("native", tuple(record), tuple(columns), gradient, single)
    with _making:  # the threads of a run ask for the same kernel at once
        if key not in model.compiled:
            text = cache.kept(
                "kernels",
                model.cache_key(key),
                lambda: c_text(program(model, record, columns, gradient=gradient), single=single).encode(),
            )
            model.compiled[key] = Kernel(interface(model, record, columns), build.library(text.decode()))
        return model.compiled[key]


def _span(steps: int, states: int) -> int:
    """Steps whose states are on the tape at once: all, or what the memory allows, but not fewer than needed."""
    most = TAPE_BYTES // (2 * max(states, 1) * _VECTOR_BYTES)
    return max(1, min(steps, max(most, math.isqrt(steps))))


def _parts(array: Any, shapes: Mapping[str, tuple[int, ...]], axis: int) -> dict[str, Any]:
    found = {}
    first = 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        part = array[(slice(None),) * axis + (slice(first, first + size),)]
        found[name] = part.reshape((*array.shape[:axis], *shape[:-1], array.shape[-1]))
        first += size
    return found
