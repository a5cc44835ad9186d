"""What an effect rests on: marked by where its spread and its size come from, and by nothing else."""

import numpy as np
import pytest

from contraflow import evidence
from contraflow.analysis.support import Learned, assumed, support, undecided
from contraflow.inference.posterior import Posterior
from contraflow.system import model_parameters
from contraflow.system.hypotheses import HYPOTHESES

DRAWS = 500
#: Two parameters that are in part assumed, one with published figures alone.
FIRST, SECOND, PUBLISHED = "conflict_scaling", "gun_lethality", "treatment_mortality"


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    rng = np.random.default_rng(2)
    known = evidence.load().parameters
    names = [n for n in model_parameters() if not known[n].prior.is_fixed]
    return Posterior({n: rng.standard_normal(DRAWS) for n in names}, {}, {}, {})


def judged(posterior, relative, taught=(), knocked=None, extensions=()):
    contraction = {n: 0.8 if n in taught else 0.0 for n in posterior.coordinates}
    return support(relative, posterior, frozenset(posterior.coordinates), contraction, knocked or {}, extensions)


def test_spread_that_data_did_not_narrow_marks_the_effect(posterior):
    x, z = posterior.coordinates[FIRST], posterior.coordinates[SECOND]
    found = judged(posterior, 2 * x + z, taught=[SECOND])
    assert found.from_assumption
    assert found.share("assumption") == pytest.approx(0.8, abs=0.07)
    assert not judged(posterior, x + 2 * z, taught=[SECOND]).from_assumption
    assert not judged(posterior, 2 * x + z, taught=[FIRST, SECOND]).from_assumption


def test_many_small_parts_count_as_much_as_one_large_one(posterior):
    """Six parameters that data left alone outweigh the one that data informed, though none is the strongest."""
    names = list(posterior.coordinates)[:6]
    small = sum(posterior.coordinates[n] for n in names)
    found = judged(posterior, small + 2 * posterior.coordinates[FIRST], taught=[FIRST])
    assert found.drivers[0].parameter == FIRST
    assert {*names, FIRST} <= {d.parameter for d in found.drivers} and found.from_assumption


def test_published_effects_and_assumptions_are_told_apart(posterior):
    found = judged(posterior, posterior.coordinates[PUBLISHED] + 1.0)
    assert found.share("published") == pytest.approx(1.0, abs=0.05)
    assert found.from_assumption  # these data did not inform it, whoever else did
    assert {d.origin for d in found.drivers} == {"published"}


def test_a_correlated_parameter_is_not_counted_twice(posterior):
    x = posterior.coordinates[FIRST]
    twin = x + 0.3 * posterior.coordinates[SECOND]
    both = Posterior({**posterior.coordinates, SECOND: twin}, {}, {}, {})
    found = judged(both, x)
    assert 0.9 < found.explained <= 1.0 + 1e-6


def test_an_effect_that_nothing_explains_is_not_marked_for_its_spread(posterior):
    found = judged(posterior, np.random.default_rng(9).standard_normal(DRAWS))
    assert found.share("data") is None and not found.from_assumption
    assert not judged(posterior, np.zeros(DRAWS)).drivers


def test_size_that_goes_with_an_unsupported_hypothesis_marks_the_effect(posterior):
    """A narrow prior may carry all of an effect and none of its spread."""
    relative = posterior.coordinates[SECOND]
    on = -np.ones(8)
    for left, marked in ((0.4, True), (0.6, False), (-0.2, True)):
        found = judged(posterior, relative, taught=[SECOND], knocked={"kingpin": (on, left * on)})
        assert found.from_assumption is marked
        assert found.removed is not None and found.removed.removes == pytest.approx(1 - left)
    larger = judged(posterior, relative, taught=[SECOND], knocked={"kingpin": (on, 3 * on)})
    assert not larger.from_assumption  # without the hypothesis the effect would be larger still


def test_an_extension_marks_whatever_it_drives(posterior):
    found = judged(posterior, posterior.coordinates[SECOND], taught=[SECOND], extensions=("ammunition",))
    assert found.reasons == ("extension ammunition",)
    assert found.to_dict()["from_assumption"] is True


@pytest.mark.parametrize(
    ("contraction", "factor", "expected"),
    [(0.1, 50.0, True), (0.5, 2.0, True), (0.5, 0.5, True), (0.5, 5.0, False), (0.5, 0.2, False), (0.5, None, False)],
)
def test_a_strength_needs_both_contraction_and_a_factor(contraction, factor, expected):
    assert undecided("titration", contraction, factor) is expected


def test_hypotheses_that_data_bear_out_are_not_switched_off(posterior):
    rng = np.random.default_rng(5)
    away = {**posterior.coordinates, "perceived_risk_effect": -3 + 0.2 * rng.standard_normal(DRAWS)}
    ids = {h.id for h in Learned(Posterior(away, {}, {}, {})).unsupported}
    assert "perceived_risk" not in ids and "kingpin" in ids
    assert not ids & {h.id for h in HYPOTHESES.values() if not h.can_be_off or h.strength == "latent"}


def test_what_no_data_can_tell_is_assumed_however_narrow_it_became(posterior):
    """A judgement that is fitted like a count narrows how long tolerance stays low; trends narrow the iron law."""
    assert assumed("low_tolerance_stay", 0.9) and undecided("iron_law", 0.9, 50.0)
    assert not assumed("heroin_overdose_rate", 0.9)
    narrow = 0.3 * posterior.coordinates[SECOND]
    away = {**posterior.coordinates, "iron_law": 2.0 + narrow, "perceived_risk_effect": -3 + narrow}
    ids = {h.id for h in Learned(Posterior(away, {}, {}, {})).unsupported}
    assert "iron_law" in ids and "perceived_risk" not in ids


def test_chance_names_no_driver(posterior):
    """Of many effects that nothing moves, with some 200 draws, about one in twenty names any parameter at all."""
    rng, few = np.random.default_rng(17), 200
    thin = Posterior({n: y[:few] for n, y in posterior.coordinates.items()}, {}, {}, {})
    reaching, known = frozenset(thin.coordinates), dict.fromkeys(thin.coordinates, 0.0)
    named = [bool(support(rng.standard_normal(few), thin, reaching, known, {}).drivers) for _ in range(100)]
    assert sum(named) <= 12  # 5 are due; three errors above
