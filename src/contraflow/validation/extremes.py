"""What the reference model must do when something is taken to its extreme: each function is one sentence.

A check yields the truth of each of its claims, over the prior medians and a few prior draws, all extensions on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from contraflow import evidence
from contraflow.analysis.check import LEDGER_TOLERANCE
from contraflow.policy import Scenario
from contraflow.validation.conditions import Condition, ConditionRun, Runs, between, since

Check = Callable[[Runs], Iterator[bool]]

#: Stocks that are logarithms, and so may be negative.
SIGNED = {"adoption", "succession_shock"}

CONDITIONS: dict[str, Condition] = {"base": {}}
CHECKS: dict[str, Check] = {}


def under(**conditions: Condition) -> Callable[[Check], Check]:
    """The conditions of a check by name; it may use those of other checks too."""

    def registered(check: Check) -> Check:
        if set(conditions) & set(CONDITIONS) or check.__name__ in CHECKS:
            raise ValueError(f"{check.__name__}: its name or one of its conditions is taken")
        CONDITIONS.update(conditions)
        CHECKS[check.__name__] = check
        return check

    return registered


def given(*, inputs: dict[str, Any] | None = None, policy: Scenario | None = None, **parameters: float) -> Condition:
    """A condition: parameters by keyword, inputs, and a policy."""
    return {"parameters": parameters, "inputs": inputs or {}, "policy": policy}


def stays_a_number(run: ConditionRun) -> Iterator[bool]:
    """No extreme leaves the numbers, makes a stock negative or opens a ledger."""
    for stock in run.model.of_kind("stock"):
        values = np.asarray(run.trajectory.values[stock.name])
        yield bool(np.isfinite(values).all())
        yield stock.name in SIGNED or bool(values.min() >= 0)
    yield max(run.closure().values()) < LEDGER_TOLERANCE


def _close(found: np.ndarray, expected: np.ndarray | float, rel: float = 1e-9) -> bool:
    return bool(np.allclose(found, expected, rtol=rel, atol=0.0))


# Demand


@under(
    nobody_uses=given(
        illicit_users_2000=1.0, direct_illicit_initiation=1e-6, misuse_to_illicit_rate=1e-12,
        disorder_to_illicit_rate=1e-12,
        inputs={"methadone_places": 1e-6, "methamphetamine_demand": 1e-6, "cocaine_demand": 1e-6},
    )
)  # fmt: skip
def no_demand(runs: Runs) -> Iterator[bool]:
    """Where nobody uses, nothing is exported, and groups live on what is not drugs."""
    none, base = runs["nobody_uses"], runs["base"]
    yield (none.yearly("exports", 2023) < 1e-4 * base.yearly("exports", 2023)).all()
    yield (none.yearly("drug_revenue", 2023) < 1e-4 * base.yearly("drug_revenue", 2023)).all()
    yield (base.yearly("drug_revenue", 2023) > 1e9).any()
    yield (none.yearly("other_income", 2023) > 0.9 * none.yearly("mx_cartel_revenue", 2023)).all()


@under(no_price_response=given(demand_elasticity=1e-12, participation_elasticity=1e-12, titration=1.0))
def no_price_response(runs: Runs) -> Iterator[bool]:
    """Without elasticities, and with the dose offset, a changing price moves neither participation nor amount."""
    none, base = runs["no_price_response"], runs["base"]
    yield _close(none.path("wanted"), none.path("wanted_at_reference"))
    yield np.ptp(none.path("retail_price_ratio", drug="fentanyl"), axis=0).max() > 0.05
    yield np.abs(base.path("wanted") / base.path("wanted_at_reference") - 1).max() > 0.01


def _legal(substitution: float) -> Condition:
    return given(
        legal_substitution=substitution, legal_initiation=0.0, inputs={"market_legal_regulation": since(2026, 1 - 1e-9)}
    )


@under(all_legal=_legal(1 - 1e-9), legal_beside=_legal(0.0))
def total_legal_supply(runs: Runs) -> Iterator[bool]:
    """Legal sale that replaces every illicit use ends the illicit trade; legal sale that replaces none leaves it."""
    legal, beside, base = (runs[n] for n in ("all_legal", "legal_beside", "base"))
    yield (legal.yearly("wanted", 2034) < 1e-6 * base.yearly("wanted", 2034)).all()
    yield (legal.yearly("drug_revenue", 2034) < 1e-3 * base.yearly("drug_revenue", 2034)).all()
    yield _close(beside.yearly("drug_revenue", 2034), base.yearly("drug_revenue", 2034))


# Overdose and care


@under(harmless=given(heroin_fatality=0.0, fentanyl_fatality=0.0))
def no_lethality(runs: Runs) -> Iterator[bool]:
    """Where no overdose kills, illicit users die of none."""
    yield (runs["harmless"].yearly("illicit_user_deaths", 2023) == 0.0).all()
    yield (runs["base"].yearly("illicit_user_deaths", 2023) > 1000).all()


@under(
    all_rescued=given(
        witnessed_share=1 - 1e-9, emergency_benefit=0.0, naloxone_effect=1e3, inputs={"naloxone_kits": 1e9}
    )
)
def everyone_rescued(runs: Runs) -> Iterator[bool]:
    """With every overdose witnessed and naloxone everywhere, hardly anyone dies."""
    saved, base = (runs[n].yearly("illicit_user_deaths", 2023) for n in ("all_rescued", "base"))
    yield (saved < 1e-3 * base).all()


@under(
    kits_everywhere=given(naloxone_effect=1e3, inputs={"naloxone_kits": 1e12}),
    no_kits=given(inputs={"naloxone_kits": 1e-6}),
)
def unlimited_naloxone(runs: Runs) -> Iterator[bool]:
    """Unlimited naloxone saves those with a witness and no more: deaths fall to that floor and never below zero."""
    many, none = runs["kits_everywhere"], runs["no_kits"]
    yield (many.path("us_overdose_deaths") > 0).all()
    witnessed, benefit = (many.parameter(n) for n in ("witnessed_share", "emergency_benefit"))
    yield _close(many.yearly("rescue_multiplier", 2030), (1 - witnessed) / (1 - witnessed * benefit))
    yield _close(none.yearly("rescue_multiplier", 2030), 1.0, rel=1e-6)


@under(
    naloxone_backfires=given(naloxone_effect=-0.3, compensation=0.5, inputs={"us_health_naloxone": since(2026, 2000.0)})
)
def naloxone_that_backfires(runs: Runs) -> Iterator[bool]:
    """Where naloxone harms, it harms at most everyone who has it: coverage stays between -1 and 1."""
    yield (np.abs(runs["naloxone_backfires"].path("naloxone_coverage")) <= 1).all()
    yield (runs["naloxone_backfires"].path("setting_multiplier") < 10).all()


@under(plenty=given(inputs={"methadone_places": since(2005, 1e9), "buprenorphine_prescribers": since(2005, 1e9)}))
def unlimited_places(runs: Runs) -> Iterator[bool]:
    """With unlimited places nobody waits for medication."""
    yield (runs["plenty"].yearly("share_of_seekers_waiting", 2010) < 1e-3).all()
    yield runs["base"].yearly("share_of_seekers_waiting", 2010)[0] > 0.05


@under(nobody_seeks=given(methadone_seeking=1e-9, buprenorphine_seeking=1e-9))
def nobody_seeks_treatment(runs: Runs) -> Iterator[bool]:
    """Where nobody seeks medication, programmes empty."""
    yield (runs["nobody_seeks"].yearly("us_on_medication", 2020) < 100).all()
    yield (runs["base"].yearly("us_on_medication", 2020) > 1e5).all()


@under(protective=given(treatment_mortality=-1.0))
def medication_protects_by_its_ratio(runs: Runs) -> Iterator[bool]:
    """People on medication die less by exactly the mortality ratio."""
    run = runs["protective"]
    untreated = run.yearly("fentanyl_death_hazard", 2022) + run.yearly("heroin_death_hazard", 2022)
    yield _close(run.yearly("medication_death_hazard", 2022), np.exp(-1.0) * untreated, rel=1e-6)


@under(
    offset=given(titration=1.0, inputs={"supply_surge": since(2022, 0.5)}),
    taken_as_it_comes=given(titration=0.0, inputs={"supply_surge": since(2022, 0.5)}),
)
def full_titration(runs: Runs) -> Iterator[bool]:
    """Where users offset all of it, a purer supply does not move the dose."""
    offset, taken, base = (runs[n] for n in ("offset", "taken_as_it_comes", "base"))
    yield offset.yearly("us_fentanyl_purity", 2024)[0] > 1.1 * base.yearly("us_fentanyl_purity", 2024)[0]
    yield (offset.yearly("effective_dose", 2024) == 0.0).all()
    yield taken.yearly("effective_dose", 2024)[0] > 0.05


@under(
    tolerant=given(
        tolerance_adaptation=1 - 1e-9, tolerance_time=0.5, demand_elasticity=1e-9,
        inputs={"supply_surge": since(2022, 0.4)},
    )
)  # fmt: skip
def full_tolerance(runs: Runs) -> Iterator[bool]:
    """Tolerance that follows the dose all the way undoes a lasting change of dose."""
    dose, tolerance = (runs["tolerant"].path(n) for n in ("effective_dose", "tolerance"))
    yield abs(dose[-1, 0] - tolerance[-1, 0]) < 0.05 * abs(dose[-1, 0])
    yield (dose - tolerance)[88:96, 0].max() > 0.01  # while it changed, in 2022 and 2023


@under(no_fentanyl=given(adoption_early_2013=-60.0, adoption_late_2013=-60.0))
def no_fentanyl(runs: Runs) -> Iterator[bool]:
    """Without fentanyl, contamination kills nobody."""
    yield (runs["no_fentanyl"].yearly("contaminated_deaths", 2024) < 1e-6).all()
    yield (runs["base"].yearly("contaminated_deaths", 2024) > 1).all()


@under()
def deaths_add_up(runs: Runs) -> Iterator[bool]:
    """Classes of death are exclusive: they add up, and cumulative deaths are the sum of yearly ones."""
    base = runs["base"]
    parts = base.path("us_opioid_deaths") + base.path("non_opioid_deaths")
    yield _close(parts, base.path("us_overdose_deaths"))
    total = np.asarray(base.trajectory.final["overdose_deaths"]).reshape(-1, parts.shape[1]).sum(axis=0)
    yield _close(total, parts.sum(axis=0) / 4)


@under()
def low_tolerance_deaths_are_a_minority(runs: Runs) -> Iterator[bool]:
    """Deaths of people whose tolerance was lost stay a minority of illicit users' deaths."""
    share = runs["base"].yearly("low_tolerance_part", 2019)
    yield 0.02 < share[0] < 0.4
    yield (share < 0.6).all()


@under()
def risk_groups_pass_people_on(runs: Runs) -> Iterator[bool]:
    """Passage between risk groups makes nobody."""
    base = runs["base"]
    yield _close(base.path("leaving_risk_group"), base.path("joining_risk_group"), rel=1e-12)


# Supply


def _controlled(**parameters: float) -> Condition:
    return given(**parameters, inputs={"precursors_source_control": since(2026, 1.0)})


INERT = {"adoption_cost_response": 0.0, "iron_law": 0.0}


@under(
    controlled=_controlled(control_evasion=0.0, **INERT),
    controlled_by_cost=_controlled(control_evasion=0.0, adoption_cost_response=1.0, iron_law=0.0),
    inert=given(control_evasion=0.0, **INERT),
)
def total_precursor_control(runs: Runs) -> Iterator[bool]:
    """Total control of precursors without evasion ends synthesis; heroin returns only if cost decides adoption."""
    stopped, cost, free = (runs[n] for n in ("controlled", "controlled_by_cost", "inert"))
    yield (stopped.yearly("synthesis", 2033) < 1e-6 * free.yearly("synthesis", 2033)).all()
    yield _close(stopped.path("fentanyl_share"), free.path("fentanyl_share"))
    heroin = [r.yearly("orders", 2033, drug="heroin") for r in (stopped, free)]
    yield (heroin[0] < 1.5 * heroin[1]).all()
    yield (cost.yearly("adoption", 2033) < stopped.yearly("adoption", 2033) - 1).all()


@under(
    evaded=_controlled(control_evasion=1.0, evasion_time=0.5),
    evasive=given(control_evasion=1.0, evasion_time=0.5),
)
def complete_evasion(runs: Runs) -> Iterator[bool]:
    """Complete evasion undoes control of precursors within years, though not at once."""
    evaded, free = runs["evaded"], runs["evasive"]
    yield (evaded.yearly("synthesis", 2026) < 0.95 * free.yearly("synthesis", 2026)).all()
    yield _close(evaded.yearly("synthesis", 2035), free.yearly("synthesis", 2035), rel=0.02)


def _tight(iron_law: float) -> Condition:
    return given(
        scanning_effect=1.0, displacement=0.0, iron_law=iron_law, adoption_cost_response=0.0,
        inputs={"border_northbound_scanning": since(2026, 1.0)},
    )  # fmt: skip


@under(iron_law_holds=_tight(1.0), iron_law_fails=_tight(0.0), iron_law_reverses=_tight(-1.0))
def iron_law_is_signed(runs: Runs) -> Iterator[bool]:
    """Tighter control speeds the move to fentanyl, leaves it or slows it, as the sign of the iron law says."""
    holds, fails, reverses = (
        runs[n].yearly("adoption", 2034) for n in ("iron_law_holds", "iron_law_fails", "iron_law_reverses")
    )
    yield (holds > fails + 1).all()
    yield (reverses < fails - 1).all()


@under(
    raided_once=given(lab_rebuild_time=0.3, inputs={"mx_security_lab_raids": between(2026, 2027, 40000.0)},
                      raid_yield=0.4, lab_count=1000.0, lab_finding_response=0.0, reciprocity=0.0),
    not_raided=given(lab_rebuild_time=0.3, raid_yield=0.4, lab_count=1000.0, lab_finding_response=0.0, reciprocity=0.0),
)  # fmt: skip
def laboratories_return(runs: Runs) -> Iterator[bool]:
    """Laboratories that are destroyed for one year come back within a few rebuild times."""
    hit, base = runs["raided_once"], runs["not_raided"]
    yield (hit.yearly("lab_capacity", 2026) < 0.5 * base.yearly("lab_capacity", 2026)).all()
    yield _close(hit.yearly("lab_capacity", 2033), base.yearly("lab_capacity", 2033), rel=0.1)


@under(
    destroyed=given(
        strike_yield=1.0, lab_count=100.0, lab_rebuild_time=1.0, inputs={"us_force_strikes": since(2026, 3000.0)}
    )
)
def constant_destruction(runs: Runs) -> Iterator[bool]:
    """Laboratories destroyed as soon as they are built make next to nothing."""
    hit, base = runs["destroyed"], runs["base"]
    yield (hit.yearly("lab_capacity", 2030) < 0.2 * base.yearly("lab_capacity", 2030)).all()
    yield (hit.yearly("synthesis", 2030) < 0.2 * base.yearly("synthesis", 2030)).all()


def _slack(times: float, raids: Any) -> Condition:
    return given(lab_slack=times, lab_rebuild_time=0.3, raid_yield=0.4, lab_count=1000.0, lab_finding_response=0.0,
                 reciprocity=0.0, inputs={"mx_security_lab_raids": raids})  # fmt: skip


@under(
    no_slack=_slack(1.0, 400.0),
    no_slack_raided=_slack(1.0, since(2026, 8000.0)),
    large_slack=_slack(6.0, 400.0),
    large_slack_raided=_slack(6.0, since(2026, 8000.0)),
)
def slack_decides_what_raids_do(runs: Runs) -> Iterator[bool]:
    """Raids cost output where laboratories have no slack, and next to none where they have much."""
    made = {n: runs[n].yearly("synthesis", 2028) for n in CONDITIONS if "slack" in n}
    yield (made["no_slack_raided"] < 0.9 * made["no_slack"]).all()
    yield (made["large_slack_raided"] > 0.98 * made["large_slack"]).all()


@under(dry=given(inputs={"supply_surge": since(2024, -8.0)}))
def an_empty_market(runs: Runs) -> Iterator[bool]:
    """An empty market rations, weakens the drug and stays positive; scarcity cannot raise prices without bound."""
    dry, base = runs["dry"], runs["base"]
    yield (dry.path("us_inventory", drug="fentanyl") > 0).all()
    yield (dry.yearly("us_fentanyl_purity", 2027) < 0.9 * base.yearly("us_fentanyl_purity", 2027))[0]
    yield (dry.path("us_fentanyl_purity") > 0).all()
    yield (dry.yearly("rationing", 2030, drug="fentanyl") < 0.6 * base.yearly("rationing", 2030, drug="fentanyl")).all()
    tax = (1 - dry.parameter("seizure_share_2019")) / (1 - dry.path("total_seizure_share", drug="fentanyl"))
    yield (dry.path("wholesale_price_ratio", drug="fentanyl") / tax < np.exp(5.0)).all()


@under(glut=given(inputs={"supply_surge": since(2024, 2.0)}))
def a_glut(runs: Runs) -> Iterator[bool]:
    """A glut stops orders instead of growing without bound."""
    turnover = runs["glut"].path("turnover", drug="fentanyl")[-1]
    yield (turnover < 30 * runs["glut"].parameter("turnover_reference")).all()
    yield turnover[0] > 1.2 * runs["base"].path("turnover", drug="fentanyl")[-1, 0]


@under(adopted_everywhere=given(adoption_early_rate=2.5, adoption_late_rate=2.5))
def complete_adoption(runs: Runs) -> Iterator[bool]:
    """Where fentanyl has replaced heroin entirely, the market for heroin is empty and its price stays a number."""
    run = runs["adopted_everywhere"]
    yield (run.yearly("wanted", 2035, drug="heroin") < 1e-6 * run.yearly("wanted", 2005, drug="heroin")).all()
    yield np.isfinite(run.path("wholesale_price_ratio", drug="heroin")).all()


@under(by_mail=given(inputs={"mail_share": 1.0}))
def mail_pays_no_exporter(runs: Runs) -> Iterator[bool]:
    """Fentanyl that comes by mail pays no exporter."""
    mailed, base = (runs[n].yearly("export_revenue", 2034, drug="fentanyl") for n in ("by_mail", "base"))
    yield (mailed < 1e-6 * base).all()


# Border and prices


@under(taxed=given(scarcity_price_exponent=1e-9, seizure_growth=0.3))
def seizures_are_a_tax(runs: Runs) -> Iterator[bool]:
    """Without scarcity, prices at the border rise with seizures as a tax does."""
    run = runs["taxed"]
    share = run.path("total_seizure_share", drug="fentanyl")
    kept = run.path("wholesale_price_ratio", drug="fentanyl") * (1 - share)
    yield _close(kept, kept[0], rel=1e-3)
    yield np.ptp(share[:, 0]) > 0.05


@under(
    no_interdiction=given(
        scarcity_price_exponent=1e-9, scanning_effect=5.0, between_ports_yield=1e-9, targeting_response=0.0,
        inputs={"border_northbound_scanning": since(2026, 1e-4)},
    )
)  # fmt: skip
def no_interdiction(runs: Runs) -> Iterator[bool]:
    """Where nothing is seized, the price of an import falls by the tax that seizures were, and no further."""
    run = runs["no_interdiction"]
    yield (run.yearly("total_seizure_share", 2034, drug="fentanyl") < 1e-3).all()
    expected = 1 - run.parameter("seizure_share_2019")
    yield _close(run.yearly("wholesale_price_ratio", 2034, drug="fentanyl"), expected, rel=1e-3)
    yield (run.yearly("wholesale_price_ratio", 2025, drug="fentanyl") > 1.005 * expected)[0]


def _scanned(displacement: float) -> Condition:
    return given(
        scanning_effect=0.5, displacement=displacement, displacement_time=0.5, between_ports_yield=0.3,
        targeting_response=0.0, inputs={"border_northbound_scanning": since(2026, 1.0)},
    )  # fmt: skip


@under(scanned_and_moved=_scanned(40.0), scanned_and_stuck=_scanned(0.0))
def scanning_everything(runs: Runs) -> Iterator[bool]:
    """Scanning every vehicle stops more where traffic stays, and moves it between ports where it is free to move."""
    moved, stuck, base = (runs[n] for n in ("scanned_and_moved", "scanned_and_stuck", "base"))
    yield (moved.yearly("traffic_share", 2034, channel="ports") < 0.01).all()
    yield _close(stuck.yearly("traffic_share", 2034), 1.0)
    yield (stuck.yearly("total_seizure_share", 2034, drug="fentanyl")
            > 1.5 * stuck.yearly("total_seizure_share", 2025, drug="fentanyl")).all()  # fmt: skip
    yield (moved.yearly("total_seizure_share", 2034, drug="fentanyl")
            < moved.yearly("total_seizure_share", 2025, drug="fentanyl")).all()  # fmt: skip
    yield (base.yearly("traffic_share", 2034, channel="ports") > 0.2).all()


@under(
    additive=given(pass_through=0.0, seizure_growth=0.5),
    multiplicative=given(pass_through=1.0, seizure_growth=0.5),
)
def additive_pass_through(runs: Runs) -> Iterator[bool]:
    """A dearer import moves the retail price by as many dollars or in proportion, as pass-through says."""

    additive = runs["additive"]
    gap = additive.parameter("fentanyl_wholesale_price") / additive.parameter("fentanyl_retail_price")
    for name, expected in (("additive", gap), ("multiplicative", 1.0)):
        run = runs[name]
        retail = run.yearly("retail_price_ratio", 2001, drug="fentanyl") / run.yearly("risk_premium", 2001)
        wholesale = run.yearly("wholesale_price_ratio", 2001, drug="fentanyl")
        yield (np.abs(wholesale - 1) > 0.1).all()
        yield _close((retail - 1) / (wholesale - 1), expected, rel=0.01)


# Arms


@under(
    no_guns=given(
        gun_supply_response=1.0, rifle_attrition_rate=1.0, other_firearm_attrition_rate=1.0, gun_lethality=0.0,
        ammunition_response=0.0, inputs={"us_gun_sales": since(2010, 0.0)},
    )
)  # fmt: skip
def no_guns(runs: Runs) -> Iterator[bool]:
    """With no firearms arriving and the stock worn out, shootings in conflict end; other killings remain."""
    none, base = runs["no_guns"], runs["base"]
    yield (none.yearly("mx_firearms_inflow", 2030) == 0).all()
    yield (none.yearly("mx_firearms_stock", 2033) < 1e-4 * base.yearly("mx_firearms_stock", 2033)).all()
    yield (none.yearly("conflict_shootings", 2033) < 0.01 * base.yearly("conflict_shootings", 2033)).all()
    by_hand = none.yearly("conflict_attempts", 2033) * (1 - none.parameter("firearm_share_conflict"))
    yield _close(none.yearly("conflict_killings", 2033), by_hand, rel=0.05)
    yield (by_hand > 10).all()
    yield _close(none.path("other_homicides"), base.path("other_homicides"))


def _banned(effect: float) -> Condition:
    return given(
        rifle_limit_effect=effect, gun_seizure_rate_today=0.1, rifle_attrition_rate=0.5, old_stock_time=1.0,
        inputs={"us_guns_military_style_limits": since(2005, 1.0)},
    )  # fmt: skip


@under(rifles_gone=_banned(20.0), ban_without_effect=_banned(0.0))
def no_rifles(runs: Runs) -> Iterator[bool]:
    """A ban that holds ends the inflow of rifles and not of other firearms; one without effect ends neither."""
    gone, kept = runs["rifles_gone"], runs["ban_without_effect"]
    yield (gone.yearly("rifles_crossing", 2033) < 1e-6 * kept.yearly("rifles_crossing", 2033)).all()
    yield (gone.yearly("rifles", 2033) < 0.02 * kept.yearly("rifles", 2033)).all()
    yield (gone.yearly("other_firearms_crossing", 2033) > 0.5 * kept.yearly("other_firearms_crossing", 2033)).all()
    yield (kept.path("rifle_availability") == 1).all()


@under(
    all_inspected=given(southbound_yield=0.1, inputs={"us_guns_southbound_inspection": since(2026, 1.0)}),
    all_found=given(southbound_yield=1.0, inputs={"us_guns_southbound_inspection": since(2026, 1.0)}),
)
def complete_southbound_inspection(runs: Runs) -> Iterator[bool]:
    """Inspecting every southbound vehicle stops what inspections find and no more."""
    some, all_ = runs["all_inspected"], runs["all_found"]
    yield _close(some.yearly("mx_firearms_inflow", 2034) / some.yearly("southbound_purchases", 2034), 0.9, rel=0.1)
    yield _close(some.yearly("southbound_seizure_share", 2034), 0.1)
    yield (all_.yearly("mx_firearms_inflow", 2034) < 1e-9 * some.yearly("mx_firearms_inflow", 2034)).all()


def _without_rounds(response: float) -> Condition:
    return given(ammunition_response=response, round_life=0.5, inputs={"us_guns_ammunition_controls": since(2026, 1.0)})


@under(no_rounds=_without_rounds(1.0), rounds_do_not_matter=_without_rounds(0.0))
def no_rounds(runs: Runs) -> Iterator[bool]:
    """Without rounds killing in conflict ends if rounds matter, and goes on if they do not."""
    none, free, base = (
        runs[n].yearly("conflict_killings", 2034) for n in ("no_rounds", "rounds_do_not_matter", "base")
    )
    yield (none < 1e-3 * free).all()
    yield (free > 0.3 * base).all()
    yield (runs["no_rounds"].yearly("rounds", 2034) < 1e-5 * runs["base"].yearly("rounds", 2034)).all()


# Groups, security and violence


NO_RECRUITS = {"membership_growth": -100.0, "replacement": 0.0}


@under(no_recruits=given(**NO_RECRUITS))
def no_recruitment(runs: Runs) -> Iterator[bool]:
    """Where nobody joins, groups only shrink."""
    none, base = runs["no_recruits"], runs["base"]
    yield (none.path("mx_recruits") == 0).all()
    members = none.path("members")
    yield (np.diff(members[40:], axis=0) < 0).all()
    yield (members[-1] < 0.6 * members[0]).all()
    yield base.path("members")[-1, 0] > members[-1, 0]


@under(everyone_recruited=given(membership_growth=50.0, replacement=0.0, pay_response=0.0))
def recruits_come_from_young_people(runs: Runs) -> Iterator[bool]:
    """However many groups seek, they recruit at most the young people who are there."""
    run = runs["everyone_recruited"]
    yield (run.path("recruitment_wanted")[-1] > 10 * run.path("mx_recruits")[-1]).all()
    recruited = np.cumsum(run.path("mx_recruits"), axis=0) / 4
    there = run.path("young_exposed")[0] + np.cumsum(run.path("coming_of_age"), axis=0) / 4
    yield (recruited < there).all()
    yield (recruited[-1] > 0.5 * there[-1]).all()
    yield (run.path("young_exposed") > 0).all()


@under(no_members=given(**NO_RECRUITS, desistance_rate=5.0, member_prison_stay=1.0, prison_return_share=0.1))
def no_members(runs: Runs) -> Iterator[bool]:
    """Without members there is no conflict, no clash and nobody to arrest; other homicides go on."""
    none, base = runs["no_members"], runs["base"]
    for name in ("conflict_killings", "clash_killings", "arrests_of_members"):
        yield (none.yearly(name, 2034) < 1e-3 * base.yearly(name, 2034)).all()
    yield _close(none.yearly("mx_homicides", 2034), none.yearly("other_homicides", 2034), rel=0.01)


def _arrests(share: float, effort: float) -> Condition:
    return given(
        replacement=share, membership_growth=0.02, pay_response=0.0, recruitment_prevention_response=0.0,
        arrest_deployment_response=1.0, force_escalation_response=0.0, clash_rate=0.0, prison_return_share=0.01,
        inputs={"mx_security_deployment": lambda times, path: effort * path},
    )  # fmt: skip


@under(
    rehired=_arrests(1.0, 1.0),
    rehired_and_arrested=_arrests(1.0, 4.0),
    contagious=_arrests(0.0, 1.0),
    contagious_and_arrested=_arrests(0.0, 4.0),
)
def replacement_decides_what_arrests_do(runs: Runs) -> Iterator[bool]:
    """Arrests do not shrink groups that re-hire every loss, and shrink those that grow by contagion."""
    members = {n: runs[n].yearly("members", 2034) for n in CONDITIONS if "rehired" in n or "contagious" in n}
    yield (members["rehired_and_arrested"] > 0.9 * members["rehired"])[0]
    yield (members["contagious_and_arrested"] < 0.5 * members["contagious"]).all()


@under(
    no_removals=given(entry_response=0.0, inputs={"mx_security_leader_removals": 0.0}),
    removals_end=given(
        entry_response=0.0, group_merging_time=2.0, succession_time=0.5, kingpin=0.5, betrayal=0.0,
        network_dismantling=0.0, groups_per_removal=0.3,
        inputs={"mx_security_leader_removals": lambda times, path: np.where(times < 2012, 18.0, 0.0)},
    ),
)  # fmt: skip
def no_leader_removals(runs: Runs) -> Iterator[bool]:
    """Without removals no war of succession starts and groups keep their number; after the last they return to it."""
    none, ended = runs["no_removals"], runs["removals_end"]
    yield (none.path("succession_shock") == 0).all()
    yield _close(none.path("effective_groups"), none.parameter("groups_2000"))
    at = ended.parameter("groups_2000")
    yield (ended.yearly("effective_groups", 2011) > 1.2 * at).all()
    yield _close(ended.yearly("effective_groups", 2034), at, rel=1e-3)
    yield (ended.yearly("succession_shock", 2034) < 1e-6 * ended.yearly("succession_shock", 2011)).all()
    yield (ended.yearly("succession_shock", 2011) > 0).all()


def _removed(removals: float) -> Condition:
    return given(
        kingpin=0.0, betrayal=0.0, groups_per_removal=0.0,
        inputs={"mx_security_leader_removals": since(2026, removals)},
    )  # fmt: skip


@under(removed_in_vain=_removed(40.0), not_removed=_removed(0.0))
def removals_act_by_succession_and_splits_alone(runs: Runs) -> Iterator[bool]:
    """Where removals neither split groups nor start wars, they change no killing."""
    yield _close(runs["removed_in_vain"].path("mx_homicides"), runs["not_removed"].path("mx_homicides"))
    yield (runs["removed_in_vain"].yearly("leader_removals", 2034) > 1).all()


@under(removals_merge=given(groups_per_removal=-0.5, inputs={"mx_security_leader_removals": since(2005, 40.0)}))
def removals_that_merge_groups(runs: Runs) -> Iterator[bool]:
    """Where removals lower the number of groups, it never falls below zero."""
    yield (runs["removals_merge"].path("effective_groups") > 0).all()


@under(
    no_soldiers=given(
        arrest_deployment_response=0.5, force_escalation_response=0.0, gun_force_response=0.0,
        deployment_response=0.0, firepower_response=0.0,
        inputs={"mx_security_deployment": since(2010, 1e-3), "us_pressure_threats": 0.0},
    )
)  # fmt: skip
def no_soldiers(runs: Runs) -> Iterator[bool]:
    """Without soldiers nobody is killed in clashes and arrests all but end."""
    none, base = runs["no_soldiers"], runs["base"]
    yield (none.yearly("clash_killings", 2030) < 1e-5 * base.yearly("clash_killings", 2030)).all()
    yield (none.yearly("security_effort", 2030) < 1e-3).all()
    yield (base.yearly("clash_killings", 2030) > 10).all()


def _hidden(share: float) -> Condition:
    return given(concealed_share_2010=share)


@under(none_hidden=_hidden(1e-12), all_hidden=_hidden(1 - 1e-12))
def concealment(runs: Runs) -> Iterator[bool]:
    """Without concealment nobody is missing for conflict; with all of it nobody is found killed by it."""
    none, all_ = runs["none_hidden"], runs["all_hidden"]
    people = none.path("other_homicides") / all_.path("other_homicides")
    yield _close(people, 1.0)
    population = evidence.load().drivers["mx_population"].at(np.array([2030.5]))[0]
    yield _close(none.yearly("mx_missing", 2030), none.parameter("other_missing_rate") * population, rel=0.01)
    yield (all_.yearly("mx_missing", 2020) > all_.yearly("conflict_killings", 2020)).all()
    yield _close(all_.path("mx_organised_crime_homicides"), all_.path("clash_killings"), rel=1e-6)
    yield (none.yearly("mx_organised_crime_homicides", 2020) > all_.yearly("mx_organised_crime_homicides", 2020)).all()


def _punished(effect: float) -> Condition:
    return given(justice_effect=effect, inputs={"mx_justice_integrity": since(2026, 0.3)})


@under(punished=_punished(1.0), punished_in_vain=_punished(0.0))
def no_impunity(runs: Runs) -> Iterator[bool]:
    """Ten times as many crimes punished means ten times as long in prison, if the strength says so."""
    stay, base = runs["punished"].yearly("prison_stay_now", 2034), runs["punished_in_vain"]
    yield _close(stay, 10 * base.yearly("prison_stay_now", 2034))
    yield (runs["punished"].yearly("mx_jailed_members", 2034) > base.yearly("mx_jailed_members", 2034)).all()


@under(all_extradited=given(inputs={"mx_justice_extraditions": since(2010, 1e6)}))
def unlimited_extraditions(runs: Runs) -> Iterator[bool]:
    """However many are planned, nobody is extradited who is not in prison or not asked for."""
    run = runs["all_extradited"]
    sent = np.cumsum(run.path("bilateral_extraditions"), axis=0) / 4
    asked = run.path("extradition_queue")[0] + np.cumsum(run.path("extradition_requests"), axis=0) / 4
    yield (sent < asked).all()
    yield (run.path("jailed_members") > 0).all()
    yield (sent[-1] > 1.2 * np.sum(runs["base"].path("bilateral_extraditions"), axis=0) / 4)[0]


def _bribed(**parameters: float) -> Condition:
    return given(cleaning_response=0.0, capture_time=1.0, **parameters)


@under(captured=_bribed(capture_limit=1 - 1e-6, bribe_half=1.0), honest=_bribed(bribe_share=1e-12))
def total_capture(runs: Runs) -> Iterator[bool]:
    """Bribes that capture everything end enforcement; where none are paid nothing is captured."""
    captured, honest = runs["captured"], runs["honest"]
    yield (captured.yearly("security_effort", 2030) < 1e-4 * honest.yearly("security_effort", 2030)).all()
    yield (captured.yearly("arrests_of_members", 2030) < 1e-4 * honest.yearly("arrests_of_members", 2030)).all()
    yield (honest.yearly("capture", 2030) < 1e-6).all()


# Money


@under(
    all_stopped=given(gun_revenue_response=0.3, inputs={"us_law_anti_laundering": since(2026, 1.0)}),
    none_stopped=given(inputs={"us_law_anti_laundering": since(2026, 0.0)}),
)
def all_money_stopped(runs: Runs) -> Iterator[bool]:
    """Where every returning dollar is stopped, groups keep nothing of what drugs earn, and stopped wealth is gone."""
    stopped, free = runs["all_stopped"], runs["none_stopped"]
    yield (stopped.yearly("drug_money", 2030) == 0).all()
    yield (stopped.yearly("retained_revenue_ratio", 2030) == 0).all()
    yield (stopped.yearly("southbound_purchases", 2030) < 0.01 * free.yearly("southbound_purchases", 2030)).all()
    yield (free.yearly("freezing", 2030) == 0).all()
    yield (stopped.yearly("freezing", 2027) > 0).all()


def _poor(substitution: float) -> Condition:
    return {**CONDITIONS["nobody_uses"], "parameters": {
        **CONDITIONS["nobody_uses"]["parameters"], "income_substitution": substitution, "territory_response": 0.0,
    }}  # fmt: skip


@under(income_replaced=_poor(0.5), income_lost=_poor(0.0), income_lost_twice=_poor(-0.5))
def income_substitution_is_signed(runs: Runs) -> Iterator[bool]:
    """Groups that lose all drug revenue replace it, do not, or lose other income too, as the hypothesis says."""
    more, same, less = (
        runs[n].yearly("other_income", 2023) for n in ("income_replaced", "income_lost", "income_lost_twice")
    )
    yield _close(same, runs["income_lost"].parameter("other_income_reference"))
    yield (more > 2 * same).all()
    yield (less < 0.5 * same).all()


@under(
    designated_in_vain=given(designation_effect=0.0, inputs={"us_law_terrorist_designation": since(2026, 12.0)}),
    designated_and_cut_off=given(designation_effect=2.0, inputs={"us_law_terrorist_designation": since(2026, 12.0)}),
)
def designation(runs: Runs) -> Iterator[bool]:
    """Designation costs groups what its strength says, nothing at zero."""
    vain, cut, base = (
        runs[n].yearly("revenue_kept", 2030) for n in ("designated_in_vain", "designated_and_cut_off", "base")
    )
    yield _close(vain, base)
    yield _close(cut, base * np.exp(-4.0))


# Force, trust and threats


@under(struck=given(inputs={"us_force_strikes": since(2026, 500.0), "us_force_ground_raids": since(2026, 100.0)}))
def force_kills_civilians(runs: Runs) -> Iterator[bool]:
    """Strikes and raids kill civilians in proportion; without them none die of foreign force."""
    struck, base = runs["struck"], runs["base"]
    expected = 500 * struck.parameter("civilians_per_strike") + 100 * struck.parameter("civilians_per_raid")
    yield _close(struck.yearly("mx_force_civilian_deaths", 2030), expected)
    yield (base.path("mx_force_civilian_deaths") == 0).all()
    yield (struck.yearly("mx_homicides", 2030) > struck.yearly("mx_force_civilian_deaths", 2030)).all()


def _broken(strength: float) -> Condition:
    return given(
        force_trust_response=3.0, trust_time=1.0, reciprocity=0.0, trust_extraditions=strength,
        trust_intelligence=strength, sharing_effect=0.3, threat_response=0.0, trust_from_results=0.0,
        inputs={"us_force_strikes": since(2026, 500.0)},
    )  # fmt: skip


@under(no_trust=_broken(20.0), no_trust_needed=_broken(0.0))
def no_trust(runs: Runs) -> Iterator[bool]:
    """Where trust is gone, nobody is sent for trial and nothing is shared, if these need trust."""
    none, free = runs["no_trust"], runs["no_trust_needed"]
    yield (none.yearly("bilateral_trust", 2034) < 0.01).all()
    yield (none.yearly("bilateral_extraditions", 2034) < 0.05).all()
    yield (free.yearly("bilateral_extraditions", 2034) > 20).all()
    yield (none.yearly("case_work", 2034) < free.yearly("case_work", 2034) - 0.5).all()


@under(
    threatened=given(
        interdependence=-0.5, threat_compliance=0.15, threat_relief=-0.3, threat_response=-1.0,
        inputs={"us_pressure_threats": since(2026, 3.0)},
    )
)  # fmt: skip
def threats_feed_threats(runs: Runs) -> Iterator[bool]:
    """Where the cost of threats invites more, threats and what they move stay numbers."""
    run = runs["threatened"]
    yield (run.path("threat_level") < 100).all()
    yield (run.path("effective_deployment") < 130e6).all()


def _alarmed(strength: float) -> Condition:
    return given(
        alarm_funding_response=strength, alarm_punitive_response=strength, alarm_interdiction_response=strength
    )


@under(alarmed=_alarmed(1.5), indifferent=_alarmed(0.0), perverse=_alarmed(-1.5))
def alarm_is_signed(runs: Runs) -> Iterator[bool]:
    """Deaths above the reference raise money, penalties and inspection, leave them, or lower them, by the signs."""
    up, none, down = (runs[n] for n in ("alarmed", "indifferent", "perverse"))
    for name in ("funding_response", "punitive_response", "interdiction_response"):
        yield _close(none.path(name), 1.0)
        for run, sign in ((up, 1), (down, -1)):
            alarm = np.log(run.path("alarm") / 80000)[:-1]
            moved = np.log(run.path(name))[:-1]
            yield (np.sign(moved) == sign * np.sign(alarm)).mean() > 0.98
            yield np.abs(moved).max() > 0.5


def _prevented(response: float) -> Condition:
    return given(
        recruitment_prevention_response=response, inputs={"mx_social_recruitment_prevention": since(2026, 4e6)}
    )


@under(prevention_works=_prevented(1.0), prevention_fails=_prevented(0.0), prevention_backfires=_prevented(-1.0))
def recruitment_prevention_is_signed(runs: Runs) -> Iterator[bool]:
    """Programmes for young people lower recruitment, leave it or raise it, as the trials' sign turns out."""
    works, fails, backfires = (
        runs[n].yearly("recruitment_wanted", 2026) / runs[n].yearly("recruitment_wanted", 2025)
        for n in ("prevention_works", "prevention_fails", "prevention_backfires")
    )
    yield (works < 0.5 * fails).all()
    yield (backfires > 2 * fails).all()


# Everything


@under(everything=given(policy=Scenario.load("joint-crackdown")))
def a_crackdown_moves_supply(runs: Runs) -> Iterator[bool]:
    """A policy that moves many levers moves what they act on."""
    yield not _close(runs["everything"].yearly("synthesis", 2034), runs["base"].yearly("synthesis", 2034), rel=0.01)
