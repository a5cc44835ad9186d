"""Transitions are exact where steps suit the surface and where they must be made finer, and steps lead back."""

import numpy as np
import pytest
from scipy.stats import chisquare, gamma

from contraflow.inference.nuts import HALVINGS, TOLERANCE, Phase, Place, Went, _phase, _step, together, transition


def funnel(q):
    """Neal's funnel: v ~ N(0, 2²), the rest N(0, eᵛ) given it; value (chains,) and slope of q (11, chains)."""
    v, rest = q[0], q[1:]
    value = -(v**2) / 8 - 0.5 * (rest**2).sum(axis=0) * np.exp(-v) - 5 * v
    return value, np.vstack([-v / 4 + 0.5 * (rest**2).sum(axis=0) * np.exp(-v) - 5, -rest * np.exp(-v)])


def of_the_funnel(chains, seed):
    rng = np.random.default_rng(seed)
    v = 2 * rng.standard_normal(chains)
    return np.vstack([v, np.exp(v / 2) * rng.standard_normal((10, chains))])


def placed(surface, q):
    value, slope = surface(q[:, None])
    return Place(q, float(value[0]), slope[:, 0])


def ended(asking, surface):
    """What a generator returns, on this surface, and how often it asked."""
    asked, place = 0, next(asking)
    while True:
        try:
            asked += 1
            at = placed(surface, place)
            place = asking.send((at.value, at.slope))
        except StopIteration as end:
            return end.value, asked


def sampled(surface, start, step, transitions, seed=0, doublings=6):
    """Draws (transitions, dimensions, chains), and how each transition went."""
    draws = np.zeros((transitions, *start.shape))
    went = []

    def chain(k):
        at = placed(surface, start[:, k])
        for i in range(transitions):
            at, how = yield from transition(at, step, np.random.default_rng([seed, k, i]), doublings)
            draws[i, :, k] = at.position
            went.append(how)

    together([chain(k) for k in range(start.shape[1])], lambda q, _: surface(q), len(start), lambda: None)
    return draws, went


def test_draws_are_exact_where_one_length_of_step_suits_no_place():
    draws, went = sampled(funnel, of_the_funnel(60, 0), 0.3, 150)
    v = draws[:, 0]
    assert v.mean() == pytest.approx(0, abs=0.25) and v.std() == pytest.approx(2, abs=0.15)
    assert np.quantile(v, 0.1) == pytest.approx(-2.56, abs=0.35)
    assert np.mean([w.divergent for w in went]) < 0.001 and 0 < np.mean([w.one_way for w in went]) < 0.2
    assert all(w.finer <= w.steps <= 63 and w.evaluations >= w.steps for w in went)


@pytest.mark.parametrize(("step", "transitions", "finer"), [(1.2, 3, True), (0.6, 1, False)])
def test_transitions_leave_the_target_as_it_is(step, transitions, finer):
    """The logarithm of a Gamma(2): from exact and independent starts, where a wrong weight, turn or way back tells."""
    surface = lambda q: ((2 * q - np.exp(q))[0], 2 - np.exp(q))  # noqa: E731
    start = np.log(np.random.default_rng(1).gamma(2.0, size=(1, 12000)))
    draws, went = sampled(surface, start, step, transitions, seed=2, doublings=3)
    counts = np.histogram(gamma(2.0).cdf(np.exp(draws[-1, 0])), bins=20, range=(0, 1))[0]
    assert chisquare(counts).pvalue > 1e-3
    assert (np.mean([w.finer > 0 for w in went]) > 0.2) == finer


@pytest.mark.parametrize(
    ("value", "slope"),
    [(-np.inf, 1.0), (np.nan, 1.0), (np.inf, 1.0), (0.0, np.nan)],
    ids=["low", "nan", "high", "slope"],
)
def test_a_place_without_a_density_is_not_left_and_not_followed(value, slope):
    surface = lambda q: (np.full(q.shape[1], value), np.full_like(q, slope))  # noqa: E731
    at = placed(surface, np.array([1.0]))
    (to, went), _ = ended(transition(at, 0.1, np.random.default_rng(0), 4), surface)
    assert to is at and went.divergent and went.acceptance == 0


def test_a_step_keeps_the_energy_and_leads_back():
    rng = np.random.default_rng(2)
    ends = {"as it is": 0, "finer": 0, "none": 0}
    for q in of_the_funnel(300, 3).T:
        start, went = _phase(placed(funnel, q), rng.standard_normal(11)), Went()
        end, asked = ended(_step(start, 0.5, went), funnel)
        assert asked == went.evaluations
        if end is None:
            assert went.one_way != went.divergent
            ends["none"] += 1
            continue
        assert abs(end.energy - start.energy) <= TOLERANCE
        back, _ = ended(_step(end, -0.5, Went()), funnel)
        assert np.allclose(back.place.position, q, atol=1e-8) and np.allclose(back.momentum, start.momentum, atol=1e-8)
        ends["finer" if went.finer else "as it is"] += 1
    assert min(ends.values()) > 5


def test_a_step_that_no_halving_makes_fine_enough_is_divergent():
    wall = lambda q: (np.where(np.abs(q[0]) < 1, 0.0, -np.inf), 0 * q)  # noqa: E731
    went = Went()
    end, asked = ended(_step(Phase(placed(wall, np.array([0.99])), np.array([5.0]), 12.5), 1.0, went), wall)
    assert end is None and went.divergent and not went.one_way and asked <= 1 + HALVINGS


def test_a_trajectory_turns_after_about_half_a_period():
    start = np.random.default_rng(4).standard_normal((1, 200))
    _, went = sampled(lambda q: (-0.5 * (q**2).sum(axis=0), -q), start, 0.1, 5, doublings=9)
    assert 16 < np.mean([w.steps for w in went]) < 64  # half a period is 31 steps; trajectories double
    assert all(w.steps <= 3 for w in sampled(lambda q: (-0.5 * (q**2).sum(axis=0), -q), start, 0.01, 5, 0, 2)[1])


def test_a_lane_keeps_its_chain_when_others_have_ended():
    seen, counted = [], []

    def chain(k):
        for i in range(k):
            value, slope = yield np.array([10.0 * k + i])
            assert value == slope[0] == 10 * k + i

    def answer(q, of):
        seen.append(q[0].tolist())
        return q[0], q

    together([chain(k) for k in range(4)], answer, 1, lambda: counted.append(1))
    assert seen == [[0, 10, 20, 30], [0, 10, 21, 31], [0, 10, 21, 32]] and len(counted) == 3


def test_chains_that_are_behind_go_on_in_fewer_lanes():
    asked_of, sent = [], {k: [] for k in range(16)}

    def chain(k):
        for i in range(1 + 10 * (k == 9) + 5 * (k > 6)):
            value, slope = yield np.array([100.0 * k + i])
            sent[k].append(value)
            assert value == slope[0] == 100 * k + i

    def answer(q, of):
        asked_of.append(of.tolist())
        assert (q[0] // 100 == of).all()
        return q[0], q

    together([chain(k) for k in range(16)], answer, 1, lambda: None, lambda lanes: len(asked_of) > 3)
    assert [len(of) for of in asked_of] == [16] * 6 + [4] * 10
    assert all(9 in of for of in asked_of)
    assert [len(values) for values in sent.values()] == [1] * 7 + [6, 6, 16] + [6] * 6
