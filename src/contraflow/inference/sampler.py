"""The No-U-Turn sampler over many chains at once, in coordinates whitened by the mean curvature of the target.

Every chain may hold some coordinates at values of its own (the two-stage fit needs that) and may see data of its own
(simulation-based calibration needs that), so the target may differ by chain; all chains take a step together, one
lane of the kernel each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.inference.checkpoint import Checkpoint

Array = Any
P, T = ParamSpec("P"), TypeVar("T")

#: Transitions between two checkpoints, two lines of the log, and two looks for frozen chains: draws depend on it.
SAVE_EVERY = 20
#: Doublings of a trajectory at most, unless told otherwise: 2^n - 1 leapfrogs.
DOUBLINGS = 5
#: Log density below the best chain from which a chain counts as astray.
STRAY = 200.0
#: Mean acceptance that the warm-up tunes each chain's step to.
ACCEPTANCE = 0.93
#: Variance of whitened draws above which a direction is widened: less may be chance in 960 draws of 430 coordinates.
WIDE = 3.0
#: Mean acceptance over the last transitions below which a chain is frozen, and how much shorter its steps are then.
FROZEN, EASED = 0.1, 0.25
#: Mean squared step, against that of the median chain, below which a chain hardly moves.
STUCK = 0.1


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


def usual_leapfrogs(doublings: int) -> int:
    """Leapfrogs of a usual trajectory of so many doublings at most: nearly every one here is that long."""
    return 2**doublings - 2


@dataclass(frozen=True, eq=False)
class Sampler:
    """A target over y (size, chains): ``log_density(y, given)`` → (chains,); ``given`` is any tree of arrays.

    ``advance`` is told of work as it is done, in evaluations of the gradient. ``stray``: log density below the best
    chain from which a chain counts as astray; infinite where chains see data of their own and cannot be compared.
    ``doublings``: of a trajectory at most.
    """

    size: int
    gradient: Callable[[Array, Any], tuple[Array, Array]]
    transition: Callable[..., tuple[Any, Any]]
    advance: Callable[[int], None] = _unheard
    stray: float = STRAY
    doublings: int = DOUBLINGS

    @property
    def usual_leapfrogs(self) -> int:
        """Evaluations of the gradient that a transition counts for in progress; the true number varies."""
        return usual_leapfrogs(self.doublings)

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
) -> Sampler:
    """Compile gradient and transition of a target; numbers of chains and of free coordinates may vary by call."""
    from blackjax.mcmc import nuts  # takes a second to import: only a fit needs it

    def total(y: Array, given: Any) -> tuple[Array, Array]:
        value = log_density(y, given)
        return jnp.sum(value), value

    def gradient(y: Array, given: Any) -> tuple[Array, Array]:
        (_, value), slope = jax.value_and_grad(total, has_aux=True)(y, given)
        return value, slope

    kernel, density = nuts.build_kernel(), _whitened(gradient)

    def transitions(state: Any, base: Array, factor: Array, given: Any, step: Array, keys: Array) -> tuple[Any, Any]:
        def of_one_chain(key: Array, own: Any, held: Array, size_of_step: Array) -> tuple[Any, Any]:
            metric = jnp.ones(factor.shape[1])
            moved, info = kernel(key, own, lambda z: density(z, held, factor, given), size_of_step, metric, doublings)
            return moved, (info.acceptance_rate, info.is_divergent, info.num_integration_steps)

        return jax.vmap(of_one_chain)(keys, state, base, step)

    return Sampler(size, jax.jit(gradient), jax.jit(transitions), advance, stray, doublings)


def _whitened(gradient: Callable[[Array, Any], tuple[Array, Array]]) -> Callable[..., Array]:
    """Log density of one chain at ``base + factor z``, which under ``vmap`` is one call for all chains."""

    @jax.custom_batching.custom_vmap
    def both(z: Array, base: Array, factor: Array, given: Any) -> tuple[Array, Array]:
        value, slope = gradient((base + factor @ z)[:, None], given)
        return value[0], factor.T @ slope[:, 0]

    @both.def_vmap
    def _(_count: int, _mapped: Any, z: Array, base: Array, factor: Array, given: Any) -> Any:
        value, slope = gradient(base.T + factor @ z.T, given)
        return (value, (factor.T @ slope).T), (True, True)

    @jax.custom_vjp
    def density(z: Array, base: Array, factor: Array, given: Any) -> Array:
        return both(z, base, factor, given)[0]

    density.defvjp(both, lambda slope, bar: (bar * slope, None, None, None))
    return density


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

    Their mean squared step, whitened by the factor, is under ``STUCK`` of the median chain's.
    """
    step = np.mean([((_inverse(factor) @ (b - a)) ** 2).sum(axis=0) for a, b in pairwise(draws)], axis=0)
    return np.asarray(step < STUCK * np.median(step))


def widened(factor: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """A whitening factor, stretched where draws (kept, size, chains) spread further than the curvature lets expect.

    In a curved valley the mean curvature over points exceeds the inverse of the variance, by up to a hundredfold here,
    and trajectories would fall short. Spread is taken within chains, for chains may have targets of their own, and is
    brought down to ``WIDE``: below it, it is left to the curvature.
    """
    whitened = _inverse(factor) @ np.concatenate(list(draws - draws.mean(axis=0)), axis=1)
    variance, vectors = np.linalg.eigh(whitened @ whitened.T / ((len(draws) - 1) * draws.shape[2]))
    return np.asarray(factor @ (vectors * np.sqrt(np.maximum(variance / WIDE, 1.0))))


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

    Each chain's step is tuned to an acceptance of ``ACCEPTANCE`` during the warm-up and jittered by 10 %. After it a
    chain takes the mean of its steps (of their logarithms, in the second half of the warm-up), but none takes a longer
    step than the median chain: long steps that were found by luck are where trajectories diverge. A chain that accepts
    hardly anything over ``SAVE_EVERY`` transitions is in a place too narrow for its step: it takes shorter ones, and
    shorter again, until it has moved for as long. With ``saved``, the work is saved as it goes, and goes on from what
    was saved: the draws are those of a run without a stop.
    """
    from blackjax.mcmc.hmc import HMCState

    f, chains = jnp.asarray(factor), y.shape[1]
    state = (saved.load() if saved else None) or _beginning(target, y, factor, given)
    base, at = jnp.asarray(state["base"]), HMCState(*(jnp.asarray(state[k]) for k in ("z", "value", "slope")))
    step, tried, eased, draws = state["step"], state["tried"], state["eased"], list(state["draws"])
    chances, divergent, leapfrogs = (list(state[k]) for k in ("chances", "divergent", "leapfrogs"))
    ever = state["ever"]
    done, transitions = int(state["done"]), warmup + kept * thin
    target.advance(done * target.usual_leapfrogs)
    for i in range(done, transitions):
        # Random numbers of their own for each transition, so that none depends on where a run was stopped.
        rng = np.random.default_rng([*np.atleast_1d(seed), i + 1])
        keys = jax.random.split(jax.random.PRNGKey(int(rng.integers(2**31))), chains)
        jittered = jnp.asarray(step * eased * rng.uniform(0.9, 1.1, chains))
        at, (chance, split, moves) = target.transition(at, base, f, given, jittered, keys)
        if i < warmup:
            step = np.clip(step * np.exp(0.8 * (np.asarray(chance) - ACCEPTANCE) / (1 + i / 8) ** 0.6), 0.005, 1.0)
            if i >= warmup // 2:
                tried = tried + np.log(step)
            if i + 1 == warmup:
                step = np.exp(tried / (warmup - warmup // 2))
                step = np.minimum(step, np.median(step))
        else:
            chances.append(np.asarray(chance))
            divergent.append(np.asarray(split))
            leapfrogs.append(np.asarray(moves))
            if (i - warmup + 1) % thin == 0:
                draws.append(np.asarray(base).T + factor @ np.asarray(at.position).T)
            if (i + 1) % SAVE_EVERY == 0:
                frozen = np.mean(chances[-SAVE_EVERY:], axis=0) < FROZEN
                eased = np.where(frozen, EASED * eased, 1.0)
                ever |= frozen
        target.advance(target.usual_leapfrogs)
        last = i + 1 == transitions
        if (i + 1) % SAVE_EVERY == 0 or last:
            value = np.asarray(at.logdensity)
            log(
                f"  transition {i + 1} of {transitions}, acceptance {float(np.mean(chance)):.2f}, "
                f"step {np.median(step):.3f}, {float(np.mean(moves)):.0f} leapfrogs, "
                f"log density {np.median(value):.0f} ({np.quantile(value, 0.05):.0f} to {np.quantile(value, 0.95):.0f})"
            )
        if saved and ((i + 1) % SAVE_EVERY == 0 or last):
            saved.save(
                done=i + 1,
                base=base,
                z=at.position,
                value=at.logdensity,
                slope=at.logdensity_grad,
                step=step,
                tried=tried,
                eased=eased,
                ever=ever,
                chances=np.reshape(chances, (-1, chains)),
                divergent=np.reshape(divergent, (-1, chains)),
                leapfrogs=np.reshape(leapfrogs, (-1, chains)),
                draws=np.reshape(draws, (-1, target.size, chains)),
            )
    by_chain = np.mean(chances, axis=0)
    went = {
        "chains": chains,
        "transitions": transitions,
        "acceptance": float(by_chain.mean()),
        "stuck_chains": float(np.mean(by_chain < FROZEN)),
        "frozen_chains": float(np.mean(ever)),
        "divergence_share": float(np.mean(divergent)),
        "step": float(np.median(step)),
        "leapfrogs": float(np.mean(leapfrogs)),
        "longest_share": float(np.mean(np.asarray(leapfrogs) >= 2**target.doublings - 1)),
    }
    return Sampled(np.stack(draws), np.reshape(divergent, (kept, thin, chains)).sum(axis=1), went)


def _beginning(target: Sampler, y: np.ndarray, factor: np.ndarray, given: Any) -> dict[str, Any]:
    """The state of a sampling that has not begun, under the names in which it is saved."""
    value, slope = (np.asarray(a) for a in target.gradient(jnp.asarray(y), given))
    chains = y.shape[1]
    return {
        "done": 0,
        "base": y.T,
        "z": np.zeros((chains, factor.shape[1])),
        "value": value,
        "slope": (factor.T @ slope).T,
        "step": np.full(chains, 0.2),
        "tried": np.zeros(chains),
        "eased": np.ones(chains),
        "ever": np.zeros(chains, dtype=bool),
        "chances": (),
        "divergent": (),
        "leapfrogs": (),
        "draws": (),
    }
