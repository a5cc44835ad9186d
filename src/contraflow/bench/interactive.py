"""What a person waits for: an answer of the reference model in a running process, and a command from a cold start."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import orjson

from contraflow.bench import cases
from contraflow.bench.contest import RefusedError

DRAWS = 500
LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
COMMAND = ("run", "gun-flow", "--json")


def answer_ms(draws: int = DRAWS, periods: int | None = None, rounds: int = 7) -> tuple[float, bytes]:
    """Least CPU time in milliseconds of a scenario's run in single precision, quantiles by month, and JSON; the JSON.

    Parameters and latent paths of the draws are at hand, as in a process that has answered before.
    """
    from contraflow.engine import native
    from contraflow.inference.posterior import load_posterior
    from contraflow.policy import Scenario
    from contraflow.policy.inputs import build_inputs
    from contraflow.system.outcomes import OUTCOMES

    case = cases.reference(draws, periods)
    chosen = load_posterior(check=False)
    latents = chosen.take(np.arange(draws) % chosen.draws).latents(case.grid.step_times)
    scenario = Scenario.load("gun-flow")
    places = [min(round(level * (draws - 1)), draws - 1) for level in LEVELS]

    def answer() -> bytes:
        inputs = build_inputs(case.grid, scenario, latents)
        run = native.simulate(case.model, case.parameters, inputs, case.grid, case.record, single=True)
        found = {}
        for name, outcome in OUTCOMES.items():
            values = run.values[outcome.variable].astype(np.float32).reshape(case.grid.periods, draws)
            found[name] = np.take(np.sort(values, axis=-1), places, axis=-1) * np.float32(outcome.scale)
        return orjson.dumps({"levels": LEVELS, "outcomes": found}, option=orjson.OPT_SERIALIZE_NUMPY)

    text = answer()
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        answer()
        best = min(best, time.process_time() - begin)
    return 1e3 * best, text


def cold_start_seconds(rounds: int = 3) -> float:
    """Least wall time of ``contraflow run gun-flow --json`` as a new process, after one run that fills the caches.

    Raises ``RefusedError`` where the command fails.
    """
    best = float("inf")
    for turn in range(rounds + 1):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "contraflow.cli", *COMMAND], capture_output=True, text=True, check=False
        )
        taken = time.perf_counter() - begin
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RefusedError(f"`contraflow {' '.join(COMMAND)}` fails: {last[:200]}")
        if turn:
            best = min(best, taken)
    return best
