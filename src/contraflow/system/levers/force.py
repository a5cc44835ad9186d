"""Levers of US force on Mexican soil. Consent, legality and civilian deaths stand beside every effect."""

from __future__ import annotations

from contraflow.evidence import ASSUMPTION, Text
from contraflow.system.levers.lever import Level, Lever

FORCE = (
    Lever(
        id="us.force.strikes",
        label=Text(en="US strikes on laboratories in Mexico", es="Ataques de EE. UU. contra laboratorios en México"),
        unit="site/year",
        display_unit=Text(en="strikes a year", es="ataques al año"),
        today=0,
        low=0,
        high=500,
        range_reason="strikes cannot be negative, and the largest precedent, Afghanistan 2017-18, had about 200",
        levels=(
            Level("today", 0, Text(en="none up to 2024", es="ninguno hasta 2024"), (ASSUMPTION,)),
            Level("high", 50, Text(en="about one a week", es="cerca de uno por semana"), (ASSUMPTION,)),
            Level(
                "highest",
                200,
                Text(
                    en="as against Afghan laboratories in 2017-18",
                    es="como contra los laboratorios afganos en 2017-18",
                ),
                ("sigar",),
            ),
        ),
        ramp_months=3,
        target="lab_loss_rate",
        kind="force",
        feasibility=Text(
            en="No consent: Mexico says it will not accept it. No authorisation by Congress was found. Strikes on "
            "Afghan "
            "laboratories mostly hit inactive sites, had little effect and were ended.",
            es="Sin consentimiento: México ha dicho que no lo aceptará. No se halló autorización del Congreso de EE. "
            "UU. "
            "Los ataques a laboratorios afganos dieron sobre todo en sitios inactivos, tuvieron poco efecto y "
            "terminaron.",
        ),
        humanity=Text(
            en="Civilians die: 1.4 to 2.6 per strike in Pakistan; 30 verified deaths and 30 more credible ones in one "
            "day of strikes on 60 Afghan laboratories, held unlawful by the United Nations mission.",
            es="Mueren civiles: de 1.4 a 2.6 por ataque en Pakistán; 30 muertes verificadas y otras 30 creíbles en un "
            "solo día de ataques a 60 laboratorios afganos, que la misión de Naciones Unidas consideró ilegales.",
        ),
        cost="high; in Afghanistan more than the value destroyed",
        sources=(
            "sigar",
            "mansfield_2019",
            "unama_2019",
            "tbij_pakistan",
            "h_res_168",
            "seed_000",
            "seed_002",
        ),
    ),
    Lever(
        id="us.force.ground_raids",
        label=Text(en="US raids on Mexican soil", es="Incursiones de EE. UU. en suelo mexicano"),
        unit="raid/year",
        display_unit=Text(en="raids by US forces a year", es="incursiones de fuerzas estadounidenses al año"),
        today=0,
        low=0,
        high=100,
        range_reason="raids cannot be negative, and 100 a year is five times the highest level that has a name",
        levels=(
            Level(
                "today",
                0,
                Text(en="none up to 2024", es="ninguna hasta 2024"),
                (ASSUMPTION,),
            ),
            Level(
                "high",
                5,
                Text(en="a few a year", es="unas cuantas al año"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                20,
                Text(en="one or two a month", es="una o dos al mes"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=3,
        target="leader_removals",
        kind="force",
        feasibility=Text(
            en="No consent: Mexico says it will not accept it. No authorisation by Congress was found. With consent "
            "it would be joint work: use `mx.security.intelligence`.",
            es="Sin consentimiento: México ha dicho que no lo aceptará. No se halló autorización del Congreso de EE."
            " UU. Con consentimiento sería trabajo conjunto: use `mx.security.intelligence`.",
        ),
        humanity=Text(
            en="Civilians, soldiers and members would die; no comparable count of deaths a raid was found. Wars of "
            "succession follow removals, as for `mx.security.leader_removals`.",
            es="Morirían civiles, soldados e integrantes de grupos; no se halló un recuento comparable de muertes "
            "por incursión. A la captura o muerte de líderes siguen guerras de sucesión, como en "
            "`mx.security.leader_removals`.",
        ),
        cost="not found",
        sources=("h_res_168", "seed_000", "seed_002"),
    ),
)
