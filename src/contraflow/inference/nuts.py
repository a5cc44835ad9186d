"""The No-U-Turn sampler of one chain, as a generator that asks for the log density where it needs it.

A chain yields a place and is sent the log density there and its slope. So many chains can be asked at once, one lane of
the kernel each, and none waits for the trajectory of another to end (``together``).

One length of step does not suit every place: where the surface is narrow, a trajectory of steps that suit the rest
gains energy without bound and is lost (it diverges), and a chain seldom gets in, or out. Here a step is made of halves,
quarters and so on until the energy varies by ``TOLERANCE`` at most over it: the step of WALNUTS (Bou-Rabee, Carpenter,
Kleppe and Liu, arXiv 2506.18746) without its random choice of parts. It must be the step that leads back: where a
coarser one would do from its end, the trajectory stops before it, as at a divergence, so that draws stay exact.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log, log1p
from typing import NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")
Answer = tuple[float, np.ndarray]
Asking = Generator[np.ndarray, Answer, T]

#: Range of the energy over one step above which it is made finer.
TOLERANCE = 2.0
#: Halvings of a step at most: a sixteenth.
HALVINGS = 4
#: Lanes that a processor computes at once: fewer cost as much.
LANES = 4


class Place(NamedTuple):
    """Where a chain is (dimensions,), the log density there, and its slope (dimensions,)."""

    position: np.ndarray
    value: float
    slope: np.ndarray


class Phase(NamedTuple):
    """A place, a momentum (dimensions,), and the energy of both."""

    place: Place
    momentum: np.ndarray
    energy: float


class Tree(NamedTuple):
    """Phases of a trajectory: its ends in time, the sum of momenta, the log of the sum of weights, and one chosen."""

    first: Phase
    last: Phase
    momenta: np.ndarray
    log_weight: float
    chosen: Phase


@dataclass
class Went:
    """How a transition went: evaluations of the slope, steps, those made finer, the sum of acceptances over steps.

    How it ended: ``divergent``, at a step that no halving made fine enough; ``one_way``, at one that would not have led
    back; or neither.
    """

    evaluations: int = 0
    steps: int = 0
    finer: int = 0
    accepted: float = 0.0
    divergent: bool = False
    one_way: bool = False

    @property
    def acceptance(self) -> float:
        """Mean acceptance over the steps."""
        return self.accepted / self.steps


def transition(at: Place, step: float, rng: np.random.Generator, doublings: int) -> Asking[tuple[Place, Went]]:
    """A draw from the trajectory through a place with a new momentum, of 2^doublings − 1 steps at most."""
    start = _phase(at, rng.standard_normal(len(at.position)))
    tree, went = _leaf(start), Went()
    for depth in range(doublings):
        forward = rng.random() < 0.5
        edge = tree.last if forward else tree.first
        new = yield from _subtree(edge, step if forward else -step, depth, start.energy, rng, went)
        if new is None:
            break
        chosen = new.chosen if log(1 - rng.random()) < new.log_weight - tree.log_weight else tree.chosen
        tree = _joined(tree, new, forward, chosen)
        if _turns(tree):
            break
    return tree.chosen.place, went


def together(
    chains: Sequence[Asking[None]],
    answer: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    dimensions: int,
    asked: Callable[[], None],
    worth_narrowing: Callable[[int], bool] = lambda lanes: False,
) -> None:
    """Run chains to their ends.

    ``answer``: places (dimensions, lanes), and which chains they are of (lanes,) → values (lanes,), slopes (…, lanes).
    ``asked`` is called after each answer.

    A lane keeps its chain: the last place of one that has ended is asked on, or zero where it asked nothing. Where the
    chains under way fit into half of the lanes, a multiple of ``LANES``, and with so many it is worth another
    compilation, that half goes on.
    """
    places = np.zeros((dimensions, len(chains)))
    under_way = {}
    for k, chain in enumerate(chains):
        if (place := next(chain, None)) is not None:
            places[:, k], under_way[k] = place, chain
    lanes = np.arange(len(chains))
    while under_way:
        width = len(lanes)
        while len(under_way) <= (fewer := LANES * -(-width // (2 * LANES))) < width and worth_narrowing(width):
            width = fewer
        if width < len(lanes):
            ended = [k for k in lanes if k not in under_way]
            lanes = np.sort([*under_way, *ended[: width - len(under_way)]])
        values, slopes = answer(places[:, lanes], lanes)
        for lane, k in enumerate(lanes):
            if k in under_way:
                try:
                    places[:, k] = under_way[k].send((float(values[lane]), slopes[:, lane].copy()))
                except StopIteration:
                    del under_way[k]
        asked()


def _phase(at: Place, momentum: np.ndarray) -> Phase:
    energy = 0.5 * float(momentum @ momentum) - at.value
    return Phase(at, momentum, energy if isfinite(energy) else inf)


def _leaf(one: Phase) -> Tree:
    return Tree(one, one, one.momentum, -one.energy, one)


def _joined(old: Tree, new: Tree, forward: bool, chosen: Phase) -> Tree:
    ends = (old.first, new.last) if forward else (new.first, old.last)
    high, low = max(old.log_weight, new.log_weight), min(old.log_weight, new.log_weight)
    return Tree(*ends, old.momenta + new.momenta, high + log1p(exp(low - high)), chosen)


def _turns(tree: Tree) -> bool:
    """Whether a trajectory begins to come back, by the sum of momenta that stands for its length."""
    across = tree.momenta - 0.5 * (tree.first.momentum + tree.last.momentum)
    return bool(across @ tree.first.momentum <= 0 or across @ tree.last.momentum <= 0)


def _subtree(
    edge: Phase, step: float, depth: int, energy: float, rng: np.random.Generator, went: Went
) -> Asking[Tree | None]:
    """2^depth steps on from an edge of the trajectory; None where they end it, or turn within themselves."""
    if depth == 0:
        end = yield from _step(edge, step, went)
        went.steps += 1
        if end is None:
            return None
        went.accepted += exp(min(energy - end.energy, 0.0))
        return _leaf(end)
    forward = step > 0
    near = yield from _subtree(edge, step, depth - 1, energy, rng, went)
    if near is None:
        return None
    far = yield from _subtree(near.last if forward else near.first, step, depth - 1, energy, rng, went)
    if far is None:
        return None
    both = _joined(near, far, forward, near.chosen)
    if _turns(both):
        return None
    return both._replace(chosen=far.chosen) if log(1 - rng.random()) < far.log_weight - both.log_weight else both


def _step(start: Phase, step: float, went: Went) -> Asking[Phase | None]:
    """One step, as fine as it must be; None, with the reason in ``went``, where the trajectory ends."""
    for halvings in range(HALVINGS + 1):
        end = yield from _leaps(start, step, halvings, went)
        if end is None:
            continue
        went.finer += halvings > 0
        for coarser in range(halvings):
            if (yield from _leaps(end, -step, coarser, went)) is not None:
                went.one_way = True
                return None
        return end
    went.divergent = True
    return None


def _leaps(at: Phase, step: float, halvings: int, went: Went) -> Asking[Phase | None]:
    """A step in 2^halvings leapfrogs; None as soon as the energy varies by more than the tolerance."""
    parts = 2**halvings
    low = high = at.energy
    for _ in range(parts):
        half = at.momentum + 0.5 * step / parts * at.place.slope
        position = at.place.position + step / parts * half
        value, slope = yield position
        went.evaluations += 1
        at = _phase(Place(position, value, slope), half + 0.5 * step / parts * slope)
        low, high = min(low, at.energy), max(high, at.energy)
        if not high - low <= TOLERANCE:  # also where both are infinite
            return None
    return at
