"""Many chains of the No-U-Turn sampler at once, in coordinates whitened by the mean curvature of the target.

Every chain may hold some coordinates at values of its own (the two-stage fit needs that) and may see data of its own
(simulation-based calibration needs that), so the target may differ by chain; all chains are evaluated together, one
lane of the kernel each.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.inference import nuts
from contraflow.inference.checkpoint import Checkpoint

Array = Any
P, T = ParamSpec("P"), TypeVar("T")
OfChains = Callable[[Any, np.ndarray], Any]

#: Seconds between two checkpoints, and two lines of the log.
SAVE_SECONDS = 60.0
#: Raised with every change to draws of the same seed: saved work of another version is not gone on from.
DRAWS_VERSION = 3
#: Doublings of a trajectory at most, unless told otherwise: 2^n - 1 steps.
DOUBLINGS = 5
#: Log density below the best chain from which a chain counts as astray.
STRAY = 200.0
#: Mean acceptance that the warm-up tunes each chain's step to.
ACCEPTANCE = 0.85
#: Variance of whitened draws above which a direction is widened: less may be chance in 960 draws of 430 coordinates.
WIDE = 3.0
#: Power of the variance that a direction is widened by. All the way (1) is best for chains that share a target. Of the
#: shipped fit's last stage, where each chain has its own, widest deviation times steepest curvature, which trajectories
#: have to be as long as, is least near 0.6: two thirds of that at 1 for the median chain, two fifths for the worst.
WIDENING = 0.6
#: Step that the warm-up begins with, and its bounds.
STEP, STEPS = 0.1, (0.005, 1.0)
#: Transitions that the slowest chain must have left, times lanes, for fewer of these to be worth their compilation.
WORTH_NARROWING = 1600
#: Mean acceptance below which a chain is stuck.
STUCK = 0.1
#: Mean squared step, against that of the median chain, below which a chain hardly moves.
HARDLY = 0.1


def one_thread(work: Callable[P, T]) -> Callable[P, T]:
    """BLAS on one thread during this work, so that modes and whitening are the same on any number of cores.

    Transitions are not quite: compiled sums are divided over the cores, and chains amplify the rounding.
    """

    @functools.wraps(work)
    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        from threadpoolctl import threadpool_limits  # an extra that only a fit needs

        with threadpool_limits(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return limited


def _unheard(_: int) -> None:
    return None


@dataclass(frozen=True)
class Sampled:
    """Draws (kept, size, chains); the divergent transitions (kept, chains) that led to each; how the sampling went."""

    draws: np.ndarray
    divergent: np.ndarray
    went: dict[str, float]


def longest_trajectory(doublings: int) -> int:
    """Steps of a trajectory of so many doublings: what a transition counts for in progress."""
    return 2**doublings - 1


@dataclass(frozen=True, eq=False)
class Sampler:
    """A target over y (size, chains): ``log_density(y, given)`` → (chains,); ``given`` is any tree of arrays.

    ``gradient(y, given)``: log density (chains,) and its slope (size, chains). ``whitened(z, base, factor, given)``:
    the same at ``base + factor z``, by z (free, chains).

    ``advance`` is told of work as it is done, in evaluations of the gradient. ``stray``: log density below the best
    chain from which a chain counts as astray; infinite where chains see data of their own and cannot be compared.
    ``doublings``: of a trajectory at most. ``of_chains``: what of ``given`` is that of some chains (chains,), so that a
    few that are behind can go on without the others; None where all are always evaluated together.
    """

    size: int
    gradient: Callable[[Array, Any], tuple[Array, Array]]
    whitened: Callable[[Array, Array, Array, Any], tuple[Array, Array]]
    advance: Callable[[int], None] = _unheard
    stray: float = STRAY
    doublings: int = DOUBLINGS
    of_chains: OfChains | None = None

    @property
    def longest_trajectory(self) -> int:
        """Evaluations of the gradient that a transition counts for in progress; the true number is another."""
        return longest_trajectory(self.doublings)

    def curvature(self, y: np.ndarray, given: Any, free: np.ndarray, step: float = 1e-3) -> np.ndarray:
        """Hessian (free, free) of minus the log density, its mean over the chains' points y (size, chains).

        Chains that are astray are left out: they have not arrived, and their curvature is no guide.
        """
        at = jnp.asarray(y)
        value, slope = (np.asarray(a) for a in self.gradient(at, given))
        places = np.flatnonzero(free)
        sound = np.isfinite(slope).all(axis=0) & (value > np.nanmax(value) - self.stray)
        columns = []
        for place in places:
            moved = np.asarray(self.gradient(at.at[place].add(step), given)[1])
            change = (slope[places] - moved[places]) / step
            sound &= np.isfinite(change).all(axis=0)
            columns.append(change)
            self.advance(1)
        hessian = np.stack(columns)[:, :, sound].mean(axis=2)
        return 0.5 * (hessian + hessian.T)


def sampler(
    log_density: Callable[[Array, Any], Array],
    size: int,
    advance: Callable[[int], None] = _unheard,
    stray: float = STRAY,
    doublings: int = DOUBLINGS,
    of_chains: OfChains | None = None,
) -> Sampler:
    """Compile the gradient of a target; numbers of chains and of free coordinates may vary by call."""

    def total(y: Array, given: Any) -> tuple[Array, Array]:
        value = log_density(y, given)
        return jnp.sum(value), value

    def gradient(y: Array, given: Any) -> tuple[Array, Array]:
        (_, value), slope = jax.value_and_grad(total, has_aux=True)(y, given)
        return value, slope

    def whitened(z: Array, base: Array, factor: Array, given: Any) -> tuple[Array, Array]:
        value, slope = gradient(base + factor @ z, given)
        return value, factor.T @ slope

    return Sampler(size, jax.jit(gradient), jax.jit(whitened), advance, stray, doublings, of_chains)


def whitening(hessian: np.ndarray, free: np.ndarray) -> np.ndarray:
    """A factor F (size, free) with F Fᵀ the inverse of |Hessian| on the free block, zero elsewhere.

    Eigenvalues below 1/3 in size count as 1/3: no direction is wider than a prior widened by √3.
    """
    eigenvalues, vectors = np.linalg.eigh(hessian)
    factor = np.zeros((len(free), int(free.sum())))
    factor[np.flatnonzero(free)] = vectors / np.sqrt(np.maximum(np.abs(eigenvalues), 1 / 3))
    return factor


def _inverse(factor: np.ndarray) -> np.ndarray:
    """The map (free, size) from coordinates to whitened ones."""
    try:
        return np.asarray(np.linalg.pinv(factor))
    except np.linalg.LinAlgError:  # its divide and conquer does not converge on a rare matrix
        q, r = np.linalg.qr(factor)
        return np.asarray(np.linalg.solve(r, q.T))


def hardly_moving(factor: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Which chains (chains,) hardly move from one of the draws (kept, size, chains) to the next.

    Their mean squared step, whitened by the factor, is under ``HARDLY`` of the median chain's.
    """
    inverse = _inverse(factor)
    step = np.mean([((inverse @ (b - a)) ** 2).sum(axis=0) for a, b in pairwise(draws)], axis=0)
    return np.asarray(step < HARDLY * np.median(step))


def widened(factor: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """A whitening factor, stretched where draws (kept, size, chains) spread further than the curvature lets expect.

    In a curved valley the mean curvature over points exceeds the inverse of the variance, by up to a hundredfold here,
    and trajectories would fall short. Spread is taken within chains, for chains may have targets of their own. Beyond
    ``WIDE`` it is brought down by its power ``WIDENING``: where a valley turns, or lies elsewhere for each chain, a
    wider step along it is a step into its wall. Below it is left to the curvature.
    """
    whitened = _inverse(factor) @ np.concatenate(list(draws - draws.mean(axis=0)), axis=1)
    variance, vectors = np.linalg.eigh(whitened @ whitened.T / ((len(draws) - 1) * draws.shape[2]))
    return np.asarray(factor @ (vectors * np.maximum(variance / WIDE, 1.0) ** (WIDENING / 2)))


def descend(target: Sampler, y: np.ndarray, factor: np.ndarray, given: Any, steps: int) -> np.ndarray:
    """Move every chain towards its own mode by damped Newton steps, keeping the best point of each."""
    chains = y.shape[1]
    best, best_value = np.array(y), np.full(chains, -np.inf)
    point, size = np.array(y), np.full(chains, 0.5)
    direction = np.zeros_like(best)
    for _ in range(steps):
        value, slope = (np.asarray(a) for a in target.gradient(jnp.asarray(point), given))
        better = np.isfinite(value) & (value > best_value)
        best, best_value = np.where(better, point, best), np.where(better, value, best_value)
        newton = factor @ (factor.T @ np.nan_to_num(slope))
        newton *= np.minimum(1.0, 3.0 / np.maximum(np.sqrt((newton**2).sum(axis=0)), 1e-9))
        direction = np.where(better, newton, direction)
        size = np.where(better, np.minimum(size * 1.5, 1.0), size * 0.3)
        point = best + size * direction
        target.advance(1)
    return best


def sample(
    target: Sampler,
    y: np.ndarray,
    factor: np.ndarray,
    given: Any,
    *,
    warmup: int,
    kept: int,
    thin: int,
    seed: int | list[int],
    log: Callable[[str], None],
    saved: Checkpoint | None = None,
) -> Sampled:
    """Draws after ``warmup`` transitions, every ``thin``-th kept; and how the sampling went.

    Each chain's step is tuned to an acceptance of ``ACCEPTANCE`` during the warm-up and jittered by 10 %. After it all
    take the same, the median over chains of the mean of their steps (of their logarithms, in the second half of the
    warm-up), so that none keeps the others waiting; steps are made finer where they must be. With ``saved``, the work
    is saved as it goes, and goes on from what was saved: the draws are those of a run without a stop, but for the
    rounding of lanes that are left out at other times.
    """
    begun = (saved.load() if saved else None) or _beginning(target, y, factor, given, kept, warmup + kept * thin)
    work = _Sampling(target, factor, given, warmup, thin, np.atleast_1d(seed).tolist(), log, saved, begun)
    work.run(warmup, None)
    work.run(len(begun["recorded"]), work.tuned())
    return work.sampled()


#: What is recorded of every transition, in order.
_RECORDED = ("acceptance", "divergent", "one_way", "steps", "finer", "evaluations")


@dataclass
class _Sampling:
    """A sampling under way; ``state`` is what of it is saved.

    Its arrays: ``done`` (chains,) transitions; ``base`` (size, chains), where chains began; ``z`` (chains, free), where
    they are from there in whitened coordinates, ``value`` and ``slope`` of the log density there; ``step`` (chains,),
    and ``log_steps``, the sum of its logarithms in the second half of the warm-up; ``recorded`` (transitions, what,
    chains); ``draws`` (kept, size, chains).
    """

    target: Sampler
    factor: np.ndarray
    given: Any
    warmup: int
    thin: int
    seed: list[int]
    log: Callable[[str], None]
    saved: Checkpoint | None
    state: dict[str, np.ndarray]
    counted: int = 0
    saved_at: float = field(default_factory=time.monotonic)

    def run(self, last: int, step: float | None) -> None:
        """Every chain to its ``last`` transition, with steps of this length, or tuned on the way."""
        factor, base, of_chains = jnp.asarray(self.factor), self.state["base"], self.target.of_chains
        lanes, given = np.arange(base.shape[1]), self.given

        def answer(z: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            nonlocal lanes, given
            if of_chains and not np.array_equal(of, lanes):
                lanes, given = of, of_chains(self.given, of)
            value, slope = self.target.whitened(z, base[:, of], factor, given)
            return np.asarray(value), np.asarray(slope)

        def worth_narrowing(lanes: int) -> bool:
            left = last - int(self.state["done"].min())
            return of_chains is not None and left * lanes > WORTH_NARROWING

        self._tell()
        chains = [self._chain(k, last, step) for k in range(base.shape[1])]
        nuts.together(chains, answer, factor.shape[1], self._answered, worth_narrowing)

    def tuned(self) -> float:
        """The step of all chains after the warm-up."""
        tried = self.warmup - self.warmup // 2
        return float(np.median(np.exp(self.state["log_steps"] / tried))) if tried else STEP

    def _chain(self, k: int, last: int, step: float | None) -> nuts.Asking[None]:
        s = self.state
        at = nuts.Place(s["z"][k], float(s["value"][k]), s["slope"][k])
        for i in range(s["done"][k], last):
            # Random numbers of their own for each transition, so that none depends on where a run was stopped.
            rng = np.random.default_rng([*self.seed, i + 1, k])
            jittered = (step or s["step"][k]) * rng.uniform(0.9, 1.1)
            at, went = yield from nuts.transition(at, jittered, rng, self.target.doublings)
            s["z"][k], s["value"][k], s["slope"][k] = at
            s["recorded"][i, :, k] = [getattr(went, name) for name in _RECORDED]
            if step is None:
                tuned = s["step"][k] * np.exp(0.8 * (went.acceptance - ACCEPTANCE) / (1 + i / 8) ** 0.6)
                s["step"][k] = np.clip(tuned, *STEPS)
                s["log_steps"][k] += np.log(s["step"][k]) if i >= self.warmup // 2 else 0.0
            elif (i - self.warmup + 1) % self.thin == 0:
                s["draws"][(i - self.warmup) // self.thin, :, k] = s["base"][:, k] + self.factor @ at.position
            s["done"][k] = i + 1

    def _answered(self) -> None:
        """Save, log and tell of work, where it is time."""
        if (
            time.monotonic() >= self.saved_at + SAVE_SECONDS
            or (self.state["done"] == len(self.state["recorded"])).all()
        ):
            if self.saved:
                self.saved.save(**self.state)
            self.log(self._line())
            self.saved_at = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        now = int(self.state["done"].sum()) * self.target.longest_trajectory // len(self.state["done"])
        before, self.counted = self.counted, now
        if now > before:
            self.target.advance(now - before)

    def _line(self) -> str:
        value, done = self.state["value"], self.state["done"]
        last = np.array([self.state["recorded"][max(n - 1, 0), :, k] for k, n in enumerate(done)]).mean(axis=0)
        acceptance, steps, evaluations = (last[_RECORDED.index(n)] for n in ("acceptance", "steps", "evaluations"))
        return (
            f"  transition {done.min()} to {done.max()} of {len(self.state['recorded'])}, acceptance {acceptance:.2f}, "
            f"{steps:.0f} steps by {evaluations:.0f} evaluations, log density {np.median(value):.0f} "
            f"({np.quantile(value, 0.05):.0f} to {np.quantile(value, 0.95):.0f})"
        )

    def sampled(self) -> Sampled:
        """What was drawn, and how it went."""
        draws, after = self.state["draws"], self.state["recorded"][self.warmup :]
        went = {name: after[:, n] for n, name in enumerate(_RECORDED)}
        divergent = went["divergent"].reshape(len(draws), self.thin, -1).sum(axis=1).astype(int)
        summary = {
            "chains": draws.shape[2],
            "transitions": len(self.state["recorded"]),
            "acceptance": went["acceptance"].mean(),
            "stuck_chains": np.mean(went["acceptance"].mean(axis=0) < STUCK),
            "divergence_share": went["divergent"].mean(),
            "one_way_share": went["one_way"].mean(),
            "finer_share": went["finer"].sum() / went["steps"].sum(),
            "step": self.tuned(),
            "steps": went["steps"].mean(),
            "evaluations": went["evaluations"].mean(),
            "longest_share": np.mean(went["steps"] >= self.target.longest_trajectory),
        }
        return Sampled(draws, divergent, {name: float(value) for name, value in summary.items()})


def _beginning(
    target: Sampler, y: np.ndarray, factor: np.ndarray, given: Any, kept: int, transitions: int
) -> dict[str, np.ndarray]:
    value, slope = (np.asarray(a) for a in target.gradient(jnp.asarray(y), given))
    chains = y.shape[1]
    return {
        "done": np.zeros(chains, dtype=int),
        "base": np.array(y),
        "z": np.zeros((chains, factor.shape[1])),
        "value": np.array(value),
        "slope": (factor.T @ slope).T,
        "step": np.full(chains, STEP),
        "log_steps": np.zeros(chains),
        "recorded": np.zeros((transitions, len(_RECORDED), chains)),
        "draws": np.zeros((kept, target.size, chains)),
    }
