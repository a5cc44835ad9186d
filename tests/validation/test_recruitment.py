"""The 150-group recruitment model of Science 381:1312 on this engine: its figures, its ledger, its counterfactual."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from contraflow import evidence
from contraflow.engine import ModelError, assemble
from contraflow.errors import ContraflowError, UnknownName
from contraflow.validation import recruitment, recruitment_groups, recruitment_model
from contraflow.validation.recruitment import comparison, published, run, trajectory


def four_digits(value: float):
    """Equal to four significant digits."""
    return pytest.approx(value, rel=5e-4)


def percent(value: float) -> float:
    return round(100 * value, 1)


def test_members_grow_from_115_000_to_173_837_without_a_draw_of_initial_sizes():
    status_quo = run()
    assert round(status_quo.start.members) == 115_000
    assert round(status_quo.present.members) == 173_837


def test_weekly_flows_of_2012_and_2022_are_those_of_the_authors_script():
    start, present = run().start, run().present
    assert run().recruits_a_week == four_digits(358.9)
    assert (start.recruits, present.recruits) == (pytest.approx(291, abs=0.5), pytest.approx(439, abs=0.5))
    assert (round(start.deaths, 1), round(present.deaths, 1)) == (67.2, 124.3)
    assert (round(start.dropouts, 1), round(present.dropouts, 1)) == (27.7, 64.1)
    assert (start.arrests, present.arrests) == (pytest.approx(110), pytest.approx(110))
    assert percent(run().killed_or_jailed_share) == 34.9
    assert [percent(share) for share in present.shares[:3]] == [16.5, 10.2, 6.1]


@pytest.mark.parametrize(
    ("policy", "deaths", "members"),
    [
        ("status-quo", 36.3, 23.0),
        ("doubled-incapacitation", 1.7, 5.9),
        ("halved-recruitment", -25.8, -9.9),
        ("no-recruitment", -60.8, -34.8),
    ],
)
def test_change_from_2022_to_2027_is_that_of_the_authors_script(policy, deaths, members):
    change = run(policy).against_2022
    assert (percent(change.deaths), percent(change.members)) == (deaths, members)


@pytest.mark.parametrize(
    ("policy", "deaths", "members", "fewer"),
    [
        ("status-quo", 0.0, 0.0, 0),
        ("doubled-incapacitation", -25.4, -13.9, 5_488),
        ("halved-recruitment", -45.5, -26.7, 10_159),
        ("halved-lethality", -35.5, 10.2, 16_186),
    ],
)
def test_change_against_the_models_own_status_quo_in_2027(policy, deaths, members, fewer):
    summary = run(policy)
    change = summary.against_status_quo
    assert (percent(change.deaths), percent(change.members)) == (deaths, members)
    assert round(summary.fewer_deaths) == fewer


def test_doubled_arrests_raise_deaths_against_2022_and_lower_them_against_doing_nothing():
    summary = run("doubled-incapacitation")
    assert summary.against_2022.deaths > 0 > summary.against_status_quo.deaths


def test_without_recruitment_deaths_are_back_at_those_of_2012_after_169_weeks():
    assert run("no-recruitment").years_to_deaths_of_2012 == pytest.approx(169 / 52)
    assert run().years_to_deaths_of_2012 is None


def test_the_published_status_quo_is_met_in_mid_2027():
    change = run(until=2027.5).against_2022
    assert (percent(change.deaths), percent(change.members)) == (40.4, 25.4)


@pytest.mark.parametrize("policy", recruitment.POLICIES)
def test_the_people_ledger_closes_and_nobody_is_lost(policy):
    flown = trajectory(policy)
    assert run(policy).ledger_error < 1e-12
    recruited = flown.values["recruits"].sum(axis=(0, 1)) / 52
    accounts = sum(flown.final[name].reshape(-1, 2).sum(axis=0) for name in ("killed", "jailed", "left", "members"))
    assert accounts == pytest.approx(115_000 + recruited, rel=1e-12)
    assert (flown.values["members"] > 0).all()


def test_the_engine_agrees_with_an_adaptive_solver_of_high_order():
    rank = np.array(list(recruitment_groups.ranks().values()))
    rivalry, alliance = (np.array(recruitment_groups.weights(kind)) for kind in ("rivalry", "alliance"))
    contact = (rivalry + 1) / (alliance.sum(axis=1)[:, None] + 1)
    np.fill_diagonal(contact, 0)
    sizes = 115_000 / rank / (1 / np.arange(1, 151)).sum()
    for weeks, factor in ((520, 1.0), (260, 0.5)):
        solved = solve_ivp(
            lambda t, c, k: 2.527474e-3 * k * c - 110 * c / c.sum() - 1.549231e-8 * c * (contact @ c) - 4e-8 * c**2,
            (0, weeks), sizes, method="DOP853", rtol=1e-11, atol=1e-9, args=(factor,),
        )  # fmt: skip
        sizes = solved.y[:, -1]
    assert trajectory("halved-recruitment").final["members"][:, 1] == pytest.approx(sizes, rel=5e-6)


def test_one_step_a_week_has_converged_to_six_digits():
    coarse, fine = (trajectory("halved-recruitment", substeps=n).final["members"].sum(axis=0) for n in (1, 4))
    assert coarse == pytest.approx(fine, rel=1e-6)


def test_the_network_has_the_groups_and_pairs_of_the_study():
    rivalry, alliance = (np.array(recruitment_groups.weights(kind)) for kind in ("rivalry", "alliance"))
    assert len(recruitment_groups.labels()) == 150
    for weight, pairs, total in ((rivalry, 92, 179), (alliance, 91, 163)):
        assert (weight == weight.T).all() and not weight.diagonal().any()
        assert ((weight > 0).sum() / 2, weight.sum() / 2) == (pairs, total)
    assert ((rivalry > 0) & (alliance > 0)).sum() / 2 == 5
    assert ((rivalry + alliance).sum(axis=1) == 0).sum() == 36


def test_contact_is_deadlier_between_rivals_and_milder_for_a_group_with_allies():
    contact = np.array(recruitment_groups.contact_weights())
    rivalry, alliance = (np.array(recruitment_groups.weights(kind)) for kind in ("rivalry", "alliance"))
    assert not contact.diagonal().any()
    i, j = np.argwhere((rivalry > 0) & (alliance.sum(axis=1)[:, None] > 0))[0]
    assert contact[i, j] == (rivalry[i, j] + 1) / (alliance[i].sum() + 1)
    assert not np.allclose(contact, contact.T)


def test_a_rate_in_a_wrong_unit_is_refused():
    units = {row["parameter"]: row["unit"] for row in recruitment_groups.table("parameters")}
    with pytest.raises(ModelError, match=r"killings .*declared person/year"):
        assemble([recruitment_model], units | {"lethality": "1/week"}, axes=[recruitment_model.group])


def test_every_published_figure_stands_beside_a_reproduced_one_and_says_how_it_was_seen():
    rows = comparison()
    assert [row.published for row in rows] == published()
    for row in rows:
        assert row.published.mark in ("abstract", "press", "sign") and row.published.where
        assert row.reproduced is not None
        assert (row.against_status_quo is not None) == row.published.quantity.endswith("_change")
        if row.published.quantity.endswith("_change"):
            assert np.sign(row.reproduced) == np.sign(row.published.low)


def test_every_table_cites_a_source_of_the_evidence_base():
    cited = {row["source"] for name in ("groups", "pairs", "parameters", "published")
             for row in recruitment_groups.table(name)}  # fmt: skip
    assert cited <= set(evidence.load().sources)


def test_an_unknown_policy_and_an_end_before_the_policies_are_refused():
    with pytest.raises(UnknownName, match="halved-recruitment"):
        run("halved-recruitmnt")
    with pytest.raises(ContraflowError, match="2022"):
        run("status-quo", 2020.0)
