"""Levers of US gun law and oversight."""

from __future__ import annotations

from contraflow.evidence import ASSUMPTION, Text
from contraflow.system.levers.lever import Level, Lever

GUNS = (
    Lever(
        id="us.guns.dealer_inspection",
        label=Text(en="Inspection of gun dealers", es="Inspección de armerías"),
        unit="1",
        display_unit=Text(
            en="share of licensees inspected a year",
            es="proporción de armerías con licencia inspeccionadas al año",
        ),
        today=0.066,
        low=0.01,
        high=1,
        range_reason="a share a year: 1 is every licensee every year, and some inspection always remains",
        levels=(
            Level(
                "low",
                0.04,
                Text(
                    en="541 posts of inspectors cut, about 40 % of inspections, as proposed in 2025",
                    es="recorte de 541 plazas de inspectores, cerca de 40 % de las inspecciones, como se propuso en "
                    "2025",
                ),
                ("renzulli_2025",),
            ),
            Level(
                "today",
                0.066,
                Text(
                    en="8,689 inspections of 132,383 licensees in the fiscal year 2023",
                    es="8689 inspecciones a 132 383 licencias en el año fiscal 2023",
                ),
                ("atf_fact_sheets",),
            ),
            Level(
                "high",
                0.15,
                Text(en="more than twice today", es="más del doble de lo actual"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                0.33,
                Text(
                    en="every licensee once in three years",
                    es="cada armería una vez cada tres años",
                ),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=36,
        target="channel_opening",
        kind="capacity",
        feasibility=Text(
            en="Legal; needs inspectors. Strong oversight goes with less trafficking within a state; no size was "
            "found for Mexico. Licensees include collectors, so dealers are inspected up to 1.6 times as often.",
            es="Legal; requiere inspectores. Una supervisión fuerte va con menos tráfico dentro del estado; no se "
            "halló el tamaño para México. Entre las licencias hay coleccionistas: las armerías se inspeccionan "
            "hasta 1.6 veces más.",
        ),
        humanity=None,
        cost="USD 82 million a year for 541 posts; highest: about USD 0.5 billion more",
        sources=(
            "atf_fact_sheets",
            "renzulli_2025",
            "bearing_arms_2025",
            "the_trace_2024",
            "webster_2009",
            "smoking_gun_2025",
        ),
        history="dealer_inspection_rate",
    ),
    Lever(
        id="us.guns.military_style_limits",
        label=Text(en="Limits on military-style rifles", es="Límites a armas largas de estilo militar"),
        unit="1",
        display_unit=Text(
            en="0 none, 1 a ban as in 1994-2004",
            es="0 ninguno, 1 prohibición como la de 1994-2004",
        ),
        today=0,
        low=0,
        high=1,
        range_reason="0 is no limit and 1 the ban of 1994-2004, the strictest that was in force",
        levels=(
            Level(
                "today",
                0,
                Text(en="none since September 2004", es="ninguno desde septiembre de 2004"),
                ("dube_2013",),
            ),
            Level(
                "high",
                0.1,
                Text(
                    en="rifles of calibre .50 only, as in a bill of 2025; the share is an assumption",
                    es="solo armas largas de calibre .50, como en una iniciativa de 2025; la proporción es un supuesto",
                ),
                ("policybrief_hr923", ASSUMPTION),
            ),
            Level(
                "highest",
                1,
                Text(en="a ban as in 1994-2004", es="una prohibición como la de 1994-2004"),
                ("dube_2013",),
            ),
        ),
        ramp_months=0,
        target="rifle_limits_in_force",
        kind="law",
        feasibility=Text(
            en="Congress, and the Second Amendment as courts read it. Rifles already owned stay on the market for "
            "years.",
            es="Congreso, y la Segunda Enmienda según la interpretan los tribunales. Las armas largas ya vendidas "
            "siguen años en el mercado.",
        ),
        humanity=None,
        cost="low",
        sources=("dube_2013", "policybrief_hr923", "seed_000"),
        history="assault_weapon_rule",
    ),
    Lever(
        id="us.guns.untraceable_parts_rule",
        label=Text(
            en="Rule on untraceable gun parts",
            es="Regla sobre partes de armas sin número de serie",
        ),
        unit="1",
        display_unit=Text(
            en="0 no rule, 1 all kits and printed frames",
            es="0 sin regla, 1 todos los kits y armazones impresos",
        ),
        today=0.5,
        low=0,
        high=1,
        range_reason="0 is no rule and 1 a rule on all parts, fully enforced",
        levels=(
            Level(
                "low",
                0,
                Text(en="the rule repealed", es="la regla derogada"),
                (ASSUMPTION,),
            ),
            Level(
                "today",
                0.5,
                Text(
                    en="the rule of August 2022, upheld in 2025; how far it is followed is an assumption",
                    es="la regla de agosto de 2022, confirmada en 2025; cuánto se cumple es un supuesto",
                ),
                ("crs_lsb11325", ASSUMPTION),
            ),
            Level(
                "high",
                0.8,
                Text(en="the rule enforced", es="la regla aplicada a fondo"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                1,
                Text(
                    en="all kits, and printed frames",
                    es="todos los kits y los armazones impresos",
                ),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=24,
        target="channel_opening",
        kind="law",
        feasibility=Text(
            en="In force. The share of such firearms among those found in Mexico was not found.",
            es="En vigor. No se halló qué proporción de las armas encontradas en México es de este tipo.",
        ),
        humanity=None,
        cost="low",
        sources=("crs_lsb11325", "ghost_guns_recovered", "seed_001"),
        history="untraceable_parts_rule_history",
    ),
    Lever(
        id="us.guns.southbound_inspection",
        label=Text(en="Southbound inspection", es="Inspección hacia el sur"),
        unit="1",
        display_unit=Text(
            en="share of southbound vehicles inspected",
            es="proporción de vehículos inspeccionados hacia el sur",
        ),
        today=0.01,
        low=0,
        high=1,
        range_reason="a share of vehicles: 0 is none and 1 is every vehicle",
        levels=(
            Level(
                "low",
                0.002,
                Text(en="hardly any", es="casi ninguno"),
                (ASSUMPTION,),
            ),
            Level(
                "today",
                0.01,
                Text(
                    en="no minimum, and none at many crossings; the share is an assumption",
                    es="sin mínimo, y ninguna en muchos cruces; la proporción es un supuesto",
                ),
                ("dhs_oig_2023", ASSUMPTION),
            ),
            Level(
                "high",
                0.1,
                Text(
                    en="one vehicle in ten, as in a bill of 2024",
                    es="uno de cada diez vehículos, como en una iniciativa de 2024",
                ),
                ("cbo_s1897",),
            ),
            Level(
                "highest",
                0.3,
                Text(en="three in ten", es="tres de cada diez"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=36,
        target="southbound_seizure_share",
        kind="capacity",
        feasibility=Text(
            en="Legal; queues at the crossings. Between 115 and about 400 firearms a year were found on the border, "
            "of a flow of hundreds of thousands: ten times as many is still about 2 %.",
            es="Legal; filas en los cruces. Se hallaron entre 115 y unas 400 armas al año en la frontera, de un "
            "flujo de cientos de miles: diez veces más sigue siendo cerca de 2 %.",
        ),
        humanity=None,
        cost="high: USD 1.12 billion over 2024-2029, 50 scanners and 200 agents",
        sources=("dhs_oig_2023", "gao_21_322", "cbo_s1897"),
    ),
    Lever(
        id="us.guns.ammunition_controls",
        label=Text(en="Controls on ammunition", es="Controles a las municiones"),
        unit="1",
        display_unit=Text(
            en="share of the supply of rounds cut",
            es="proporción recortada del suministro de cartuchos",
        ),
        today=0,
        low=0,
        high=0.9,
        range_reason="a share of supply: some rounds always reach buyers",
        levels=(
            Level(
                "today",
                0,
                Text(en="none", es="ninguno"),
                (ASSUMPTION,),
            ),
            Level(
                "high",
                0.1,
                Text(
                    en="no civil sales by one army plant; the share of all rounds is an assumption",
                    es="sin ventas civiles de una planta del Ejército; la proporción del total es un supuesto",
                ),
                ("straits_times_2026", "seed_000", ASSUMPTION),
            ),
            Level(
                "highest",
                0.4,
                Text(
                    en="checks of bulk sales; the share is an assumption",
                    es="verificación de ventas al mayoreo; la proporción es un supuesto",
                ),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=12,
        target="round_inflow",
        kind="law",
        feasibility=Text(
            en="The army could act by contract on its own plant; the rest needs Congress. Nothing measured informs "
            "its strength.",
            es="El Ejército de EE. UU. podría actuar por contrato en su propia planta; lo demás requiere al "
            "Congreso. Nada medido informa su fuerza.",
        ),
        humanity=None,
        cost="low; contractors lose sales",
        sources=("straits_times_2026", "seed_000"),
        extension="ammunition",
    ),
    Lever(
        id="us.guns.manufacturer_liability",
        label=Text(
            en="Liability of gun makers and dealers",
            es="Responsabilidad civil de fabricantes y armerías",
        ),
        unit="1",
        display_unit=Text(
            en="0 shield in force, 1 shield repealed",
            es="0 con el escudo legal vigente, 1 escudo derogado",
        ),
        today=0,
        low=0,
        high=1,
        range_reason="0 is the federal shield of 2005 and 1 its repeal",
        levels=(
            Level(
                "today",
                0,
                Text(
                    en="the federal shield of 2005; Mexico's suit was lost in 2025",
                    es="el escudo federal de 2005; la demanda de México se perdió en 2025",
                ),
                ("ballotpedia_2025",),
            ),
            Level(
                "high",
                0.5,
                Text(en="dealers liable, makers not", es="armerías responsables, fabricantes no"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                1,
                Text(en="the shield repealed", es="el escudo derogado"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=60,
        target="channel_opening",
        kind="law",
        feasibility=Text(
            en="Needs Congress, and then years of suits. No measured effect was found.",
            es="Requiere al Congreso y después años de litigios. No se halló un efecto medido.",
        ),
        humanity=None,
        cost="low",
        sources=("ballotpedia_2025",),
    ),
)
