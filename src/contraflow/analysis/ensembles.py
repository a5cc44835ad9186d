"""Ensembles outside a plain run: posteriors stacked end to end, and simulated in chunks that a reducer shrinks."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from contraflow.engine import Grid, NonFiniteError
from contraflow.engine.model import Model as Equations
from contraflow.engine.native import cores, simulate
from contraflow.errors import ContraflowError
from contraflow.inference.posterior import Posterior
from contraflow.policy import Scenario
from contraflow.policy.inputs import build_inputs

#: Most draws in one call of the simulator.
CHUNK = 250
FAILURES = Path("contraflow-failure.json")


class BrokenRun(ContraflowError):
    """A trajectory that left the numbers; the draw's parameters are saved where the text says."""

    exit_code = 3


def stacked(parts: Sequence[Posterior]) -> Posterior:
    """The draws of all parts, one after another."""

    def joined(tables: list[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {k: np.concatenate([t[k] for t in tables], axis=-1) for k in tables[0]}

    return Posterior(
        joined([p.coordinates for p in parts]),
        joined([p.innovations for p in parts]),
        joined([p.discrepancy for p in parts]),
        parts[0].attributes,
    )


def chunks(
    equations: Equations,
    posterior: Posterior,
    imposed: Mapping[str, np.ndarray],
    grid: Grid,
    policies: Sequence[Scenario | None],
    record: Sequence[str],
    progress: Callable[[int], None] | None = None,
    failures: Path = FAILURES,
) -> Iterator[tuple[slice, list[dict[str, np.ndarray]]]]:
    """Simulate every draw under each policy (None: without), in chunks of draws, as many at once as there are cores.

    Args:
        imposed: parameter → (draws,), in place of the posterior's value.
        policies: what to run each chunk under; one result a policy.
        record: variables to keep.
        progress: told how many trajectories are done after each simulation, from any thread.
        failures: file for the parameters of a draw that breaks.

    Yields:
        The chunk's place among the draws, and for each policy its arrays (periods, ..., chunk) by variable. Chunks
        are padded to one length, so that a model is compiled once.

    Raises:
        BrokenRun: a trajectory left the numbers.
    """
    workers = cores()
    width = min(CHUNK, -(-posterior.draws // workers))

    def simulated(first: int) -> tuple[slice, list[dict[str, np.ndarray]]]:
        chosen = np.arange(first, min(first + width, posterior.draws))
        size = len(chosen)
        padded = np.concatenate([chosen, np.repeat(chosen[:1], width - size)])
        part = posterior.take(padded)
        parameters = {**part.parameters(), **{k: v[padded] for k, v in imposed.items()}}
        latents = part.latents(grid.step_times)
        results = []
        for policy in policies:
            try:
                trajectory = simulate(equations, parameters, build_inputs(grid, policy, latents), grid, record)
            except NonFiniteError as error:
                raise NonFiniteError(error.variable, error.time, first + error.draw, error.parameters) from None
            results.append({k: np.asarray(v)[..., :size] for k, v in trajectory.values.items()})
            if progress:
                progress(size)
        return slice(first, first + size), results

    def finished() -> tuple[slice, list[dict[str, np.ndarray]]]:
        try:
            return running.popleft().result()
        except NonFiniteError as error:  # told here and not in its thread, so that error and file are of one draw
            raise _broken(error, failures) from None

    running: deque[Future[tuple[slice, list[dict[str, np.ndarray]]]]] = deque()
    with ThreadPoolExecutor(workers) as pool:  # threads, for the kernel runs without Python's lock
        for first in range(0, posterior.draws, width):
            running.append(pool.submit(simulated, first))
            if len(running) == workers:
                yield finished()
        while running:
            yield finished()


def _broken(error: NonFiniteError, failures: Path) -> BrokenRun:
    content = {
        "variable": error.variable,
        "date": error.time,
        "draw": error.draw,
        "parameters": error.parameters,
    }
    try:
        failures.write_text(json.dumps(content, indent=2), encoding="utf-8")
        return BrokenRun(f"{error}; the draw's parameters are in {failures}")
    except OSError:
        return BrokenRun(f"{error}; the draw's parameters could not be saved to {failures}: {error.parameters}")
