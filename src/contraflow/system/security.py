"""Security and justice: soldiers, case work, arrests, and how force answers violence and violence answers force.

History holds the deployments that were made. From there on, force responds to violence beyond what was recorded when
it was set (a signed strength), so a policy that changes violence changes the force it meets.
"""

import jax.numpy as jnp

from contraflow.engine import auxiliary, smooth
from contraflow.engine.operations import quantity, safe_log
from contraflow.system.levers import today

remembered_homicides = smooth(
    "person/year", of="mx_homicides", time="violence_memory", initial="recorded_homicides",
    doc="Homicides as governments remember them.",
)  # fmt: skip
remembered_records = smooth(
    "person/year", of="recorded_homicides", time="violence_memory", initial="recorded_homicides",
    doc="Recorded homicides, remembered in the same way.",
)  # fmt: skip


@auxiliary("1")
def unexpected_violence(remembered_homicides, remembered_records):
    """Violence beyond what was on record when today's force was set, in logs, bounded at ±2."""
    return 2 * jnp.tanh(safe_log(remembered_homicides / remembered_records) / 2)


@auxiliary("1")
def firepower(rifles, rifles_2000, members, members_2000):
    """Rifles a member against 2000, in logs, bounded at ±5."""
    return 5 * jnp.tanh(safe_log(rifles * members_2000 / (rifles_2000 * members), floor=1e-12) / 5)


@auxiliary("1")
def removal_pressure(unexpected_violence, removal_response):
    """Removals of leaders against plan, as violence presses for them; signed."""
    return jnp.exp(removal_response * unexpected_violence)


@auxiliary("person")
def effective_deployment(
    mx_security_deployment, unexpected_violence, deployment_response, excess_firepower, firepower_response,
    threat_deployment_multiplier,
):  # fmt: skip
    """Soldiers in security tasks: as set, more where violence or firepower exceed what they were set against."""
    answer = jnp.exp(deployment_response * unexpected_violence + firepower_response * excess_firepower)
    return mx_security_deployment * answer * threat_deployment_multiplier


remembered_firepower = smooth(
    "1", of="firepower", time="firepower_memory", initial=0.0,
    doc="Firepower that armies have adapted to.",
)  # fmt: skip


@auxiliary("1")
def excess_firepower(firepower, remembered_firepower):
    """Firepower beyond what armies have adapted to, in logs."""
    return firepower - remembered_firepower


@auxiliary("1")
def case_work(mx_security_intelligence, bilateral_data_sharing, sharing_effect, trust_sharing_multiplier):
    """Case work against today: intelligence, helped by shared data (signed)."""
    shared = safe_log(bilateral_data_sharing * trust_sharing_multiplier / today("bilateral.data_sharing"), floor=0.02)
    own = safe_log(mx_security_intelligence / today("mx.security.intelligence"), floor=0.02)
    return own + sharing_effect * shared


@auxiliary("1")
def assistance_effect(bilateral_security_assistance, assistance_response):
    """Effort against today's assistance: per doubling, signed; no size was found."""
    doublings = safe_log(
        bilateral_security_assistance / quantity(today("bilateral.security_assistance"), "USD/year") + 0.05, floor=0.01
    ) / jnp.log(2.0)
    return jnp.exp(assistance_response * (doublings - jnp.log(1.05) / jnp.log(2.0)))


@auxiliary("1")
def security_effort(
    effective_deployment, arrest_deployment_response, case_work, intelligence_yield, assistance_effect,
    integrity_multiplier,
):  # fmt: skip
    """Arrests and seizures that security forces achieve against today, from soldiers and from case work."""
    soldiers = (
        effective_deployment / quantity(today("mx.security.deployment"), "person")
    ) ** arrest_deployment_response
    return soldiers * jnp.exp(intelligence_yield * case_work) * assistance_effect * integrity_multiplier


@auxiliary("1")
def force_escalation(effective_deployment, force_escalation_response):
    """Conflict against today's deployment: groups answer force with force, or are deterred (signed)."""
    return (effective_deployment / quantity(today("mx.security.deployment"), "person")) ** force_escalation_response


@auxiliary("1")
def captured_share(bribes, bribe_half, capture_limit, judicial_cleaning):
    """Share of enforcement that bribes capture, saturating in what is paid."""
    paid = bribes / judicial_cleaning
    return capture_limit * paid / (paid + bribe_half)


capture = smooth(
    "1", of="captured_share", time="capture_time", initial="capture_today",
    doc="Share of enforcement captured by bribery.",
)  # fmt: skip


@auxiliary("1", extension="corruption", off=1.0)
def integrity_multiplier(capture, capture_today):
    """Security effort that bribery leaves, against today."""
    return (1 - capture) / (1 - capture_today)


@auxiliary("1", extension="corruption", off=1.0)
def judicial_cleaning(capture_seen, capture_today, cleaning_response):
    """Cost of a bribe against today: corruption that is seen brings reform (signed)."""
    return jnp.exp(cleaning_response * (capture_seen - capture_today))


capture_seen = smooth(
    "1", of="capture", time="reform_time", initial="capture_today",
    doc="Corruption as reformers see it.",
)  # fmt: skip
