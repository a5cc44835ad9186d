"""Levers of US health services."""

from __future__ import annotations

from contraflow.evidence import ASSUMPTION, Text
from contraflow.system.levers.lever import RELATIVE, Level, Lever

HEALTH = (
    Lever(
        id="us.health.treatment_access",
        label=Text(en="Places on methadone or buprenorphine", es="Lugares de tratamiento con metadona o buprenorfina"),
        unit="person",
        display_unit=Text(en="places", es="lugares"),
        today=1_400_000,
        low=1_000_000,
        high=3_900_000,
        range_reason="3.9 million is 70 % of the people in need, the most that is taken as reachable, and no proposal "
        "found goes below 1.0 million",
        levels=(
            Level(
                "low",
                1_244_000,
                Text(
                    en="156,000 fewer, the people who lose medication by the published estimate for the Medicaid law "
                    "of 2025",
                    es="156 000 menos: las personas que pierden el tratamiento según la estimación publicada para la "
                    "ley de Medicaid de 2025",
                ),
                ("bu_penn_2025",),
            ),
            Level(
                "today",
                1_400_000,
                Text(
                    en="about 0.83 million on buprenorphine (2022) and 0.56 million on methadone (2021, scaled to all "
                    "clinics)",
                    es="unas 830 000 con buprenorfina (2022) y 560 000 con metadona (2021, ajustado a todas las "
                    "clínicas)",
                ),
                ("bup_patients_2023", "otp_census_2021"),
            ),
            Level(
                "high",
                2_800_000,
                Text(
                    en="for half of the people in need, as many as France treats; not all of them fill",
                    es="para la mitad de quienes lo necesitan, tantos como trata Francia; no todos se llenan",
                ),
                ("france_2007",),
            ),
            Level(
                "highest",
                3_900_000,
                Text(en="for 70 % of the people in need", es="para 70 % de quienes lo necesitan"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=48,
        target="added_places",
        kind="capacity",
        feasibility=Text(
            en="Legal. Staff, stigma and demand bind, not the law: ending the waiver added prescribers and hardly any "
            "patients, so many of the new places may stay empty.",
            es="Legal. Limitan el personal, el estigma y la demanda, no la ley: al eliminarse el permiso especial hubo "
            "más médicos que recetan y casi los mismos pacientes, así que muchos lugares nuevos pueden quedar vacíos.",
        ),
        humanity=None,
        cost="about USD 6,000 per place a year (methadone 6,552, buprenorphine 5,980); high: about USD 9 billion",
        sources=(
            "bup_patients_2023",
            "otp_census_2021",
            "mmwr_73_25",
            "pmc12353755",
            "larochelle_2018",
            "france_2004",
            "healing_2024",
            "nida_costs",
        ),
    ),
    Lever(
        id="us.health.naloxone",
        label=Text(en="Naloxone in the community", es="Naloxona en la comunidad"),
        unit="kit/(hundred_thousand_person*year)",
        display_unit=Text(
            en="two-dose kits reaching users per 100,000 people a year",
            es="estuches de dos dosis que llegan a usuarios, por cada 100 000 habitantes al año",
        ),
        today=600,
        low=0,
        high=2_000,
        range_reason="kits cannot be negative, and 2,000 is well above the need estimated for the worst-hit state",
        levels=(
            Level("low", 300, Text(en="half of today", es="la mitad de lo actual"), (ASSUMPTION,)),
            Level(
                "today",
                600,
                Text(
                    en="1.3 million kits through harm reduction in 2020, about 390 per 100,000; for 2023 a judgement "
                    "that a quarter of the kits sold reach people who use, about 600 (350 to 1,200)",
                    es="1.3 millones de estuches por reducción de daños en 2020, unos 390 por cada 100 000; para 2023, "
                    "el juicio de que uno de cada cuatro vendidos llega a usuarios, unos 600 (350 a 1 200)",
                ),
                ("doe_simkins_2021", "narcan_2023", ASSUMPTION),
            ),
            Level("high", 900, Text(en="half as much again as today", es="50 % más que hoy"), (ASSUMPTION,)),
            Level(
                "highest",
                1_270,
                Text(
                    en="the need estimated for the worst-hit state, in the whole country",
                    es="la necesidad estimada para el estado más afectado, en todo el país",
                ),
                ("lancet_ph_2022",),
            ),
        ),
        ramp_months=18,
        target="kits_distributed",
        kind="capacity",
        feasibility=Text(
            en="Easy: sold without prescription since 2023. Kits sold but not aimed at users count for little.",
            es="Fácil: se vende sin receta desde 2023. Los estuches que no llegan a usuarios cuentan poco.",
        ),
        humanity=None,
        cost="USD 24-45 a kit at retail, under USD 5 a dose in bulk; highest: about USD 70 million a year more",
        sources=(
            "doe_simkins_2021",
            "lancet_ph_2022",
            "walley_2013",
            "kff_health_news",
        ),
    ),
    Lever(
        id="us.health.prevention_sites",
        label=Text(en="Supervised consumption sites", es="Salas de consumo supervisado"),
        unit="site",
        display_unit=Text(en="sites open", es="salas abiertas"),
        today=2,
        low=0,
        high=1_000,
        range_reason="sites cannot be negative, and beyond 1,000 the evidence from single sites says nothing",
        levels=(
            Level("low", 0, Text(en="all closed", es="todas cerradas"), (ASSUMPTION,)),
            Level(
                "today",
                2,
                Text(en="the two in New York, open since 2021-11", es="las dos de Nueva York, abiertas desde 2021-11"),
                ("onpoint_2023",),
            ),
            Level("high", 100, Text(en="two per state", es="dos por estado"), (ASSUMPTION,)),
            Level("highest", 500, Text(en="ten per state", es="diez por estado"), (ASSUMPTION,)),
        ),
        ramp_months=36,
        target="site_multiplier",
        kind="capacity",
        feasibility=Text(
            en="Against federal law; an order of 2025-07 bars federal grants. States and cities can act only if they "
            "are "
            "not prosecuted.",
            es="Contrarias a la ley federal; una orden de 2025-07 prohíbe darles fondos federales. Estados y ciudades "
            "solo pueden actuar si no se les procesa.",
        ),
        humanity=None,
        cost="USD 0.7 million a site in office hours, USD 2.2 million round the clock",
        sources=(
            "onpoint_2023",
            "marshall_2011",
            "vital_strategies_2023",
            "sf_standard_2022",
            "aapp_2025",
        ),
    ),
    Lever(
        id="us.health.safe_supply",
        label=Text(en="Prescribed supply of opioids", es="Suministro de opioides con receta"),
        unit="person",
        display_unit=Text(en="clients", es="personas atendidas"),
        today=0,
        low=0,
        high=500_000,
        range_reason="clients cannot be negative, and 500,000 is nearly twice the reach of British Columbia per head",
        levels=(
            Level("today", 0, Text(en="none in the United States", es="ninguna en Estados Unidos"), (ASSUMPTION,)),
            Level("pilot", 50_000, Text(en="a limited programme", es="un programa limitado"), (ASSUMPTION,)),
            Level(
                "high",
                280_000,
                Text(
                    en="as many per head as British Columbia in 2023-06 (4,619 clients)",
                    es="tantas por habitante como Columbia Británica en 2023-06 (4619 personas)",
                ),
                ("recovery_review_2024",),
            ),
            Level("highest", 500_000, Text(en="nearly twice that", es="casi el doble"), (ASSUMPTION,)),
        ),
        ramp_months=36,
        target="safe_supply_share",
        kind="capacity",
        feasibility=Text(
            en="Needs federal law. Few prescribers took part where it was tried.",
            es="Requiere una ley federal. Donde se intentó, pocos médicos participaron.",
        ),
        humanity=Text(
            en="Disputed: clients died less often in one study, and hospital admissions rose in the province in "
            "another; "
            "diverted pills may reach people who did not use opioids.",
            es="En disputa: en un estudio las personas atendidas murieron menos; en otro aumentaron las "
            "hospitalizaciones de la provincia. Las pastillas desviadas pueden llegar a quienes no usaban opioides.",
        ),
        cost=None,
        sources=("recovery_review_2024", "slaunwhite_2024", "nguyen_2024"),
    ),
    Lever(
        id="us.health.prevention",
        label=Text(en="Prevention of drug use", es="Prevención del consumo"),
        unit="1",
        display_unit=RELATIVE,
        today=1,
        low=0,
        high=4,
        range_reason="spending cannot be negative, and no source speaks of more than four times today's",
        levels=(
            Level(
                "low",
                0.64,
                Text(
                    en="community coalitions cut from 109 to 70 million dollars, as requested, applied to all",
                    es="recorte de 109 a 70 millones de dólares a las coaliciones comunitarias, como se solicitó, "
                    "aplicado a todo",
                ),
                ("cadca",),
            ),
            Level(
                "today",
                1,
                Text(
                    en="federal prevention money of 2023, USD 237 million",
                    es="fondos federales de prevención de 2023, 237 millones de dólares",
                ),
                ("appropriations_2026",),
            ),
            Level("high", 2, Text(en="twice today", es="el doble de lo actual"), (ASSUMPTION,)),
            Level("highest", 4, Text(en="four times today", es="cuatro veces lo actual"), (ASSUMPTION,)),
        ),
        ramp_months=60,
        target="prevention_multiplier",
        kind="capacity",
        feasibility=Text(
            en="Easy. No size of the effect on opioids was found, and benefits come after the headline window.",
            es="Fácil. No se halló el tamaño del efecto en opioides, y los beneficios llegan después del periodo "
            "principal.",
        ),
        humanity=None,
        cost="today about USD 240 million a year of federal money",
        sources=("cadca", "appropriations_2026"),
        extension="prevention",
    ),
    Lever(
        id="us.health.funding",
        label=Text(en="Federal money for overdose programmes", es="Fondos federales contra las sobredosis"),
        unit="1",
        display_unit=RELATIVE,
        today=1,
        low=0,
        high=2,
        range_reason="money cannot be negative, and twice today's is beyond every proposal found",
        levels=(
            Level(
                "low",
                0.64,
                Text(
                    en="as proposed in 2025: state opioid grants (1,575 million dollars) cut by 16 %, the overdose "
                    "money "
                    "of the injury centre (506 million) ended; the split is an assumption",
                    es="como se propuso en 2025: recorte de 16 % a las subvenciones estatales (1575 millones de "
                    "dólares) "
                    "y fin de los fondos contra sobredosis del centro de lesiones (506 millones); el reparto es un "
                    "supuesto",
                ),
                ("seed_002", "cdc_overdose_budget", ASSUMPTION),
            ),
            Level(
                "today",
                1,
                Text(
                    en="state opioid grants and overdose money of the fiscal year 2024, USD 2.1 billion",
                    es="subvenciones estatales y fondos contra sobredosis del año fiscal 2024, 2100 millones de "
                    "dólares",
                ),
                ("cdc_overdose_budget",),
            ),
            Level("high", 1.25, Text(en="a quarter more", es="una cuarta parte más"), (ASSUMPTION,)),
            Level("highest", 2, Text(en="twice today", es="el doble de lo actual"), (ASSUMPTION,)),
        ),
        ramp_months=12,
        target="programme_funding",
        kind="capacity",
        feasibility=Text(
            en="A budget decision. States and settlement money may replace part of a cut. The loss of Medicaid is set "
            "through treatment places, not here.",
            es="Decisión presupuestal. Los estados y los fondos de acuerdos judiciales pueden suplir parte de un "
            "recorte. "
            "La pérdida de Medicaid se fija en los lugares de tratamiento, no aquí.",
        ),
        humanity=None,
        cost="today about USD 2.1 billion a year",
        sources=("cdc_overdose_budget", "seed_002", "appropriations_2026"),
    ),
)
