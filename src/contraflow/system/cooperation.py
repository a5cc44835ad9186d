"""Cooperation between the two governments (extension): trust, threats, and what each does in answer to the other.

History holds dated regimes of data sharing. Whether threats bring compliance or defiance is a question with a prior
symmetric around zero; nothing here is on unless a scenario asks for the extension.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, smooth
from contraflow.engine.operations import logistic, quantity, safe_log
from contraflow.system.levers import today


@auxiliary("1")
def trust_target(
    bilateral_data_sharing,
    threat_level,
    threat_response,
    us_force_strikes,
    us_force_ground_raids,
    force_trust_response,
    joint_results,
    trust_from_results,
    gun_action_seen,
    reciprocity,
):
    """Trust to which the partners drift: the regime of sharing, threats (signed), force, results, US acts on guns."""
    regime = jnp.clip(bilateral_data_sharing, 0.02, 0.98)
    force = us_force_strikes / quantity(100.0, "site/year") + us_force_ground_raids / quantity(10.0, "raid/year")
    moved = threat_response * threat_level - force_trust_response * force
    moved = moved + trust_from_results * joint_results + reciprocity * gun_action_seen
    return logistic(jnp.log(regime / (1 - regime)) + moved)


@auxiliary("1")
def joint_results(case_work, bilateral_extraditions):
    """What the partners achieve together against today, in logs: case work and people sent for trial."""
    plan = quantity(today("mx.justice.extraditions"), "person/year")
    return 0.5 * case_work + 0.5 * safe_log(bilateral_extraditions / plan, floor=0.05)


bilateral_trust = smooth(
    "1", of="trust_target", time="trust_time", initial="bilateral_data_sharing",
    doc="Trust between the security services of the two countries, 0 to 1.",
)  # fmt: skip


@auxiliary("1")
def trust_gap(bilateral_trust, bilateral_data_sharing):
    """Trust beyond what the regime of sharing implies."""
    return bilateral_trust - bilateral_data_sharing


@auxiliary("1")
def threat_level(
    us_pressure_threats, trust_gap, threat_escalation, effort_seen, threat_relief, trade_cost, interdependence
):
    """Threats in force: the stated level, more where trust is low, less where effort or the cost of rupture is seen."""
    moved = -threat_escalation * trust_gap - threat_relief * effort_seen - interdependence * trade_cost
    return us_pressure_threats * jnp.exp(1.5 * jnp.tanh(moved / 1.5))


trade_cost = smooth(
    "1", of="threat_level", time="trade_cost_time", initial=0.0,
    doc="Cost to trade and migration of the threats made.",
)  # fmt: skip


@auxiliary("1")
def effort(effective_deployment):
    """Mexican effort as the United States sees it: soldiers against today's level, in logs."""
    return safe_log(effective_deployment / quantity(today("mx.security.deployment"), "person"), floor=1e-6)


effort_seen = smooth("1", of="effort", time="attention_time", initial=0.0, doc="Mexican effort as it is remembered.")


@auxiliary("1", extension="cooperation", off=1.0)
def threat_deployment_multiplier(threat_level, threat_compliance):
    """Soldiers sent in answer to threats (signed)."""
    return jnp.exp(threat_compliance * threat_level)


@auxiliary("1", extension="cooperation", off=1.0)
def trust_sharing_multiplier(trust_gap, trust_intelligence):
    """Data shared in practice against the regime, as trust moves (signed)."""
    return jnp.exp(trust_intelligence * trust_gap)


@auxiliary("1", extension="cooperation", off=1.0)
def trust_extradition_multiplier(trust_gap, trust_extraditions):
    """Extraditions against plan, as trust moves (signed)."""
    return jnp.exp(trust_extraditions * trust_gap)


@auxiliary("1", extension="cooperation", off=1.0)
def trust_precursor_multiplier(trust_gap, trust_precursors):
    """Precursors that slip through Mexican ports against plan, as trust moves (signed)."""
    return jnp.exp(-trust_precursors * trust_gap)


@auxiliary("1")
def gun_action(supply_opening):
    """US action on guns: how much less open supply is than today, in logs."""
    return -safe_log(supply_opening, floor=1e-3)


gun_action_seen = smooth("1", of="gun_action", time="attention_time", initial=0.0, doc="US action on guns, as seen.")


@auxiliary("1", extension="cooperation", off=1.0)
def reciprocal_lab_action(gun_action_seen, reciprocity):
    """Raids on laboratories against plan, in answer to US action on guns (signed)."""
    return jnp.exp(reciprocity * gun_action_seen)


@auxiliary("1")
def drug_action(mx_security_lab_raids, reciprocal_lab_action):
    """Mexican action on drugs: raids on laboratories against today, in logs, bounded below at −3."""
    return safe_log(
        mx_security_lab_raids * reciprocal_lab_action / quantity(today("mx.security.lab_raids"), "site/year"),
        floor=0.05,
    )


drug_action_seen = smooth(
    "1", of="drug_action", time="attention_time", initial="drug_action", doc="Mexican action, as seen."
)


@auxiliary("1", extension="cooperation", off=1.0)
def reciprocal_gun_action(drug_action_seen, reciprocity):
    """Oversight of gun dealers against plan, in answer to Mexican action on drugs (signed)."""
    return jnp.exp(reciprocity * drug_action_seen)
