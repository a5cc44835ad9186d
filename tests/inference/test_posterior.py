"""The posterior file: round trip, refusal of what another model made, honesty of the shipped one."""

import arviz
import numpy as np
import pytest
from scipy import stats

from contraflow import evidence
from contraflow.analysis.support import LITTLE_LEARNED
from contraflow.inference import priors
from contraflow.inference.posterior import Posterior, PosteriorError, fit_hash, load_posterior, shipped_path
from contraflow.system import model_parameters
from contraflow.system.latents import LATENT_PARAMETERS, LATENTS


@pytest.fixture(scope="module")
def shipped() -> Posterior:
    return load_posterior()


def test_the_shipped_posterior_was_made_by_this_model_and_says_how(shipped):
    assert shipped.attributes["model_hash"] == fit_hash()
    assert {"seed", "method", "made", "data_until"} <= set(shipped.attributes)
    assert not shipped.attributes["quick"]
    assert shipped.draws >= 500


def test_the_shipped_posterior_is_small():
    assert shipped_path().stat().st_size < 2.5e6


def test_arviz_reads_the_shipped_posterior():
    data = arviz.from_netcdf(str(shipped_path()))
    assert set(data.posterior.data_vars) == {*model_parameters(), *LATENT_PARAMETERS}
    assert data.posterior.sizes["draw"] >= 500


def test_saving_and_loading_keeps_draws_and_hash(shipped, tmp_path):
    shipped.save(tmp_path / "copy.nc")
    copy = load_posterior(tmp_path / "copy.nc")
    assert copy.hash == shipped.hash
    assert np.allclose(copy.parameters()["titration"], shipped.parameters()["titration"])
    assert not list(tmp_path.glob("*.partial"))


def test_a_posterior_of_another_model_is_refused_with_the_cure(shipped, tmp_path):
    foreign = {**shipped.attributes, "model_hash": "x"}
    other = Posterior(shipped.coordinates, shipped.innovations, shipped.discrepancy, foreign)
    other.save(tmp_path / "other.nc")
    with pytest.raises(PosteriorError, match="contraflow fit"):
        load_posterior(tmp_path / "other.nc")


@pytest.mark.parametrize("content", [b"", b"not a file of draws"])
def test_a_damaged_posterior_is_refused(content, tmp_path):
    (tmp_path / "bad.nc").write_bytes(content)
    with pytest.raises(PosteriorError, match="not a posterior"):
        load_posterior(tmp_path / "bad.nc")


def test_the_bayes_factor_is_the_ratio_of_densities_at_the_null():
    y = np.random.default_rng(1).normal(0.6, 0.4, 600)
    made = Posterior({"titration": y}, {}, {}, {})
    prior = evidence.load().parameters["titration"].prior
    for at in (-0.5, 0.3, 1.4):
        null = float(priors.value(prior, at))
        expected = stats.norm.pdf(at) / stats.gaussian_kde(y)(at)[0]
        assert made.bayes_factor("titration", null) == pytest.approx(expected, rel=1e-3)
    assert made.bayes_factor("titration", float(priors.value(prior, 5.0))) is None
    assert Posterior({"titration": np.zeros(8)}, {}, {}, {}).bayes_factor("titration", 0.5) is None, "held still"


def test_asking_for_more_draws_than_there_are_says_so(shipped):
    with pytest.raises(PosteriorError, match="draws"):
        shipped.thin(shipped.draws + 1)


#: Mechanisms of supply of which the first stage, which holds no deaths, does learn.
LEARNED_FROM_SUPPLY = {"adoption_cost_response", "investment_response", "iron_law"}


def test_effects_known_from_trials_keep_their_priors_but_for_what_supply_data_tell(shipped):
    for parameter in evidence.load().parameters.values():
        if parameter.block == "trials" and not parameter.prior.is_fixed and parameter.id not in LEARNED_FROM_SUPPLY:
            y = shipped.coordinates[parameter.id]
            assert abs(y.mean()) < 0.35, parameter.id
            assert 0.75 < y.std() < 1.25, parameter.id


def test_what_stage_1_hands_on_counts_as_learned_only_where_all_its_draws_say_so(shipped):
    handed_on = {p.id for p in evidence.load().parameters.values() if p.block == "trials"} & set(shipped.coordinates)
    assert {n for n in handed_on if shipped.contraction(n) >= LITTLE_LEARNED} == LEARNED_FROM_SUPPLY
    few = [1 - shipped.coordinates[n].var() for n in handed_on - LEARNED_FROM_SUPPLY]
    assert max(few) > LITTLE_LEARNED, "over the draws handed on alone, chance passes for what data taught"


def test_latents_run_to_the_end_of_projections(shipped):
    for name in LATENTS:
        path = shipped.latents(np.array([2024.9, 2035.9]))[name]
        assert np.isfinite(path).all()
        assert path[1].std() > 0


def test_points_lie_in_the_90_percent_band_and_not_because_it_is_everything(shipped):
    table = shipped.report["coverage"]
    points = sum(row["points"] for row in table)
    left_out = sum(row["points"] * row["inside_left_out"] for row in table) / points
    assert 0.85 <= left_out <= 0.95
    assert sum(not row["consistent"] for row in table) <= 1
    assert all(row["width"] < 3 for row in table)
    # With misses drawn anew: of series drawn from the model itself, more than one in a hundred have as few inside.
    assert all(row["as_few"] > 0.01 for row in table)
