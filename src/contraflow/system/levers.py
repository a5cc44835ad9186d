"""The levers: what a policy can move, each with its value today, its range and worded levels tied to evidence.

Declarations only. A lever moves an input of the model and never an outcome; how it acts is written in the variable
named as its target. Ids of sources resolve in the evidence base; `assumption` marks a number that no source gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contraflow.evidence import ASSUMPTION, Text


@dataclass(frozen=True)
class Level:
    """A worded level of a lever.

    Attributes:
        name: word used in scenarios ("high").
        value: its value in the unit of the lever.
        text: what the level corresponds to.
        sources: ids of the sources of the value, or `assumption`.
    """

    name: str
    value: float
    text: Text
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Lever:
    """One lever.

    Attributes:
        id: dotted id, part of the interface.
        label: name in both languages.
        unit: unit of its values, as the units check reads it.
        display_unit: the unit in words.
        today: value held in the baseline: that of 2024 or the last one known (for threats, that of 2025-02).
        low: lowest value allowed.
        high: highest value allowed.
        range_reason: why values outside `low` to `high` are refused.
        levels: worded levels; `today` is one of them.
        ramp_months: months from the start of a setting until it is in force, unless the scenario says otherwise.
        target: the model variable that reads it first.
        kind: law (rules and their enforcement), capacity (places, staff, equipment), force, or precursor control.
        feasibility: what stands in its way.
        humanity: whom it may harm, shown beside its effect; None where nothing particular is known.
        cost: cost a year where known.
        sources: ids of the sources for today's value, the range and the link.
        extension: the extension that must be on, or None for a core lever.
        operation: a setting replaces the value of the baseline ("absolute").
    """

    id: str
    label: Text
    unit: str
    display_unit: Text
    today: float
    low: float
    high: float
    range_reason: str
    levels: tuple[Level, ...]
    ramp_months: int
    target: str
    kind: Literal["law", "capacity", "force", "precursor"]
    feasibility: Text
    humanity: Text | None
    cost: str | None
    sources: tuple[str, ...]
    extension: str | None = None
    operation: Literal["absolute"] = "absolute"

    @property
    def variable(self) -> str:
        """Name of the model input: the id with underscores for dots."""
        return self.id.replace(".", "_")

    def level(self, name: str) -> Level | None:
        """The level called `name`, or None."""
        return next((level for level in self.levels if level.name == name), None)


_RELATIVE = Text(en="relative to today (1 = today)", es="relativo a hoy (1 = hoy)")

_ALL = (
    Lever(
        id="us.health.treatment_access",
        label=Text(en="Places on methadone or buprenorphine", es="Lugares de tratamiento con metadona o buprenorfina"),
        unit="person",
        display_unit=Text(en="people on medication at once", es="personas en tratamiento a la vez"),
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
                    en="156,000 people lose medication, the published estimate for the Medicaid law of 2025",
                    es="156 000 personas pierden el tratamiento, la estimación publicada para la ley de Medicaid de "
                    "2025",
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
                    en="half of the people in need, as in France",
                    es="la mitad de quienes lo necesitan, como en Francia",
                ),
                ("france_2007",),
            ),
            Level(
                "highest",
                3_900_000,
                Text(en="70 % of the people in need", es="70 % de quienes lo necesitan"),
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
            Level("high", 900, Text(en="half as much again as today", es="la mitad más que hoy"), (ASSUMPTION,)),
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
        label=Text(en="Prescribed supply of opioids", es="Suministro seguro de opioides con receta"),
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
        display_unit=_RELATIVE,
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
        display_unit=_RELATIVE,
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
    Lever(
        id="us.law.penalties",
        label=Text(en="Penalties for drug offences", es="Penas por delitos de drogas"),
        unit="1",
        display_unit=Text(en="convictions times time served, 1 = today", es="condenas por tiempo en prisión, 1 = hoy"),
        today=1,
        low=0.5,
        high=3,
        range_reason="an index of severity: no evaluated change found goes beyond half or three times today's",
        levels=(
            Level(
                "low",
                0.7,
                Text(
                    en="possession decriminalised, as in Oregon 2021-24; the index is an assumption",
                    es="posesión despenalizada, como en Oregón 2021-24; el índice es un supuesto",
                ),
                ("zoorob_2024", ASSUMPTION),
            ),
            Level(
                "today",
                1,
                Text(
                    en="about 66,000 people in federal prison (2022) and 127,000 in state prison (2021) for drug "
                    "offences",
                    es="unas 66 000 personas en prisión federal (2022) y 127 000 en prisión estatal (2021) por delitos "
                    "de drogas",
                ),
                ("bjs_prisoners",),
            ),
            Level("high", 1.25, Text(en="a quarter more", es="una cuarta parte más"), (ASSUMPTION,)),
            Level("highest", 2, Text(en="twice today", es="el doble de lo actual"), (ASSUMPTION,)),
        ),
        ramp_months=36,
        target="drug_admissions",
        kind="law",
        feasibility=Text(
            en="Congress. The law of 2025 made permanent a rule in force since 2018, so by itself it changes little.",
            es="Congreso. La ley de 2025 hizo permanente una regla vigente desde 2018: por sí sola cambia poco.",
        ),
        humanity=Text(
            en="Prison for more people, unequally: prosecutions fall more on communities of colour.",
            es="Más personas en prisión y de forma desigual: los procesos recaen más en las comunidades racializadas.",
        ),
        cost="about USD 1 million of direct spending over ten years for the law itself; prison not counted",
        sources=(
            "bjs_prisoners",
            "pew_2018",
            "zoorob_2024",
            "cbo_61243",
            "california_insider_2025",
            "seed_002",
        ),
    ),
    Lever(
        id="us.law.distributor_enforcement",
        label=Text(en="Enforcement against US distributors", es="Acción policial contra distribuidores en EE. UU."),
        unit="1",
        display_unit=Text(en="arrests of distributors, 1 = today", es="detenciones de distribuidores, 1 = hoy"),
        today=1,
        low=0.25,
        high=3,
        range_reason="an index of effort: no study found covers less than a quarter or more than three times today's",
        levels=(
            Level("low", 0.5, Text(en="half of today", es="la mitad de lo actual"), (ASSUMPTION,)),
            Level(
                "today",
                1,
                Text(
                    en="effort of 2024; domestic enforcement cost USD 9.4 billion in 2012",
                    es="esfuerzo de 2024; la acción interna costó 9400 millones de dólares en 2012",
                ),
                ("ondcp_budget",),
            ),
            Level("high", 1.5, Text(en="half more", es="la mitad más"), (ASSUMPTION,)),
            Level("highest", 2, Text(en="twice today", es="el doble de lo actual"), (ASSUMPTION,)),
        ),
        ramp_months=24,
        target="risk_premium",
        kind="law",
        feasibility=Text(
            en="Legal. Sources find little effect on price; the sign of the effect on deaths is open.",
            es="Legal. Las fuentes hallan poco efecto en el precio; el signo del efecto en las muertes está abierto.",
        ),
        humanity=Text(
            en="Fatal overdoses doubled within 500 m and seven days of opioid seizures in one city: add care near "
            "arrests.",
            es="En una ciudad, las sobredosis mortales se duplicaron a menos de 500 m y siete días de los decomisos de "
            "opioides: conviene sumar atención cerca de las detenciones.",
        ),
        cost="half more: about USD 4-5 billion a year",
        sources=(
            "ondcp_budget",
            "pollack_reuter_2014",
            "ray_2023",
            "jech_2024",
        ),
    ),
    Lever(
        id="border.northbound_scanning",
        label=Text(en="Vehicles scanned northbound", es="Vehículos revisados con escáner hacia el norte"),
        unit="1",
        display_unit=Text(
            en="share of vehicles scanned at the ports of entry, lorries weighing a fifth",
            es="proporción de vehículos revisados con escáner en los cruces; los camiones pesan una quinta parte",
        ),
        today=0.12,
        low=0.02,
        high=1,
        range_reason="a share: 1 is every vehicle, and some inspection always remains",
        levels=(
            Level(
                "low",
                0.05,
                Text(
                    en="as in 2020: 2 % of cars, 16 % of lorries",
                    es="como en 2020: 2 % de los autos, 16 % de los camiones",
                ),
                ("medill_2024", ASSUMPTION),
            ),
            Level(
                "today",
                0.12,
                Text(
                    en="as in 2024: 8 % of cars, 27 % of lorries",
                    es="como en 2024: 8 % de los autos, 27 % de los camiones",
                ),
                ("medill_2024", ASSUMPTION),
            ),
            Level(
                "six_ports",
                0.23,
                Text(
                    en="40 % of cars and 72 % of lorries at six ports of the El Paso area only, which in 2024 had 37 "
                    "% of "
                    "the cars and 16 % of the lorries that entered Texas; the rest of the border as today",
                    es="40 % de los autos y 72 % de los camiones solo en seis cruces de la zona de El Paso, por donde "
                    "en 2024 pasó 37 % de los autos y 16 % de los camiones que entraron a Texas; el resto como hoy",
                ),
                ("texas_border_crossings", "defense_daily_2024", ASSUMPTION),
            ),
            Level(
                "high",
                0.46,
                Text(
                    en="the former goal: 40 % of cars, 72 % of lorries",
                    es="la meta anterior: 40 % de los autos, 72 % de los camiones",
                ),
                ("defense_daily_2024", ASSUMPTION),
            ),
            Level(
                "highest",
                1,
                Text(en="every vehicle, as the law asks", es="todos los vehículos, como pide la ley"),
                ("gao_25_107379",),
            ),
        ),
        ramp_months=60,
        target="channel_seizure_share",
        kind="capacity",
        feasibility=Text(
            en="Legal. Slow: six more points took four years, and about a third of the systems worked in 2025. Queues, "
            "and loads move to other routes.",
            es="Legal. Lento: subir seis puntos tomó cuatro años y en 2025 operaba cerca de un tercio de los equipos. "
            "Filas, y las cargas cambian de ruta.",
        ),
        humanity=None,
        cost="about USD 1.9 billion received by 2024; USD 200-300 million more to install",
        sources=("gao_25_107379", "medill_2024", "defense_daily_2024", "texas_border_crossings"),
    ),
    Lever(
        id="precursors.source_control",
        label=Text(en="Precursor control at the source", es="Control de precursores en el país de origen"),
        unit="1",
        display_unit=Text(en="share of the needed supply blocked", es="proporción bloqueada de lo que se necesita"),
        today=0.2,
        low=0,
        high=1,
        range_reason="a share of supply: 0 is none and 1 is all of it",
        levels=(
            Level("low", 0, Text(en="no control", es="sin control"), (ASSUMPTION,)),
            Level(
                "today",
                0.2,
                Text(
                    en="a few chemicals listed in China by 2024; the share is an assumption",
                    es="algunas sustancias controladas en China hasta 2024; la proporción es un supuesto",
                ),
                ("ap_china_precursors", ASSUMPTION),
            ),
            Level("high", 0.5, Text(en="half blocked at first", es="la mitad bloqueada al inicio"), (ASSUMPTION,)),
            Level(
                "highest",
                0.8,
                Text(en="four fifths blocked at first", es="cuatro quintas partes bloqueadas al inicio"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=12,
        target="blocked_precursors",
        kind="precursor",
        feasibility=Text(
            en="Needs China, where it is part of trade bargaining. Most inputs are not listed, and evasion takes 4 to "
            "48 "
            "months.",
            es="Depende de China, donde es parte de la negociación comercial. La mayoría de los insumos no está "
            "controlada y la evasión tarda de 4 a 48 meses.",
        ),
        humanity=Text(
            en="Sudden scarcity without care forces people through unsupported withdrawal.",
            es="La escasez repentina sin atención obliga a las personas a pasar la abstinencia sin apoyo.",
        ),
        cost=None,
        sources=("ap_china_precursors", "mcketin_2011", "vangelov_2026", "seed_001"),
    ),
    Lever(
        id="precursors.mexico_ports",
        label=Text(en="Precursors caught at Mexican ports", es="Precursores interceptados en puertos mexicanos"),
        unit="1",
        display_unit=Text(en="share of imports caught", es="proporción interceptada de lo importado"),
        today=0.05,
        low=0,
        high=1,
        range_reason="a share of imports: 0 is none and 1 is all of them",
        levels=(
            Level("low", 0.02, Text(en="little inspection", es="poca inspección"), (ASSUMPTION,)),
            Level(
                "today",
                0.05,
                Text(
                    en="the navy in charge of the ports since 2021; the share is an assumption",
                    es="la Marina a cargo de los puertos desde 2021; la proporción es un supuesto",
                ),
                ("banderas_2021", ASSUMPTION),
            ),
            Level("high", 0.2, Text(en="four times today", es="cuatro veces lo actual"), (ASSUMPTION,)),
            Level("highest", 0.4, Text(en="eight times today", es="ocho veces lo actual"), (ASSUMPTION,)),
        ),
        ramp_months=24,
        target="precursor_imports",
        kind="precursor",
        feasibility=Text(
            en="3.5 million containers a year. Earlier Mexican rules on methamphetamine precursors worked briefly; "
            "within "
            "two to four years another synthesis had replaced them.",
            es="Son 3.5 millones de contenedores al año. Las reglas mexicanas anteriores sobre precursores de "
            "metanfetamina funcionaron poco tiempo: en dos a cuatro años otra síntesis los había sustituido.",
        ),
        humanity=Text(
            en="Port and customs officials have been murdered.",
            es="Ha habido asesinatos de funcionarios portuarios y aduanales.",
        ),
        cost=None,
        sources=("banderas_2021", "afp_ports", "cunningham_2010", "cunningham_2013"),
    ),
    Lever(
        id="mx.security.lab_raids",
        label=Text(en="Raids on laboratories in Mexico", es="Operativos contra laboratorios en México"),
        unit="site/year",
        display_unit=Text(en="sites a year", es="sitios al año"),
        today=400,
        low=0,
        high=2_000,
        range_reason="sites cannot be negative, and 2,000 a year is five times the army's own count for 2019-24",
        levels=(
            Level(
                "low",
                110,
                Text(en="as in 2012-18: 112 a year", es="como en 2012-18: 112 al año"),
                ("sedena_labs", "mexico_lab_counts"),
            ),
            Level(
                "today",
                400,
                Text(
                    en="395 a year in 2019-24 by the army's recount; prosecutors count 22 to 102",
                    es="395 al año en 2019-24 según el recuento del Ejército; la fiscalía cuenta de 22 a 102",
                ),
                ("sedena_labs", "mexico_lab_counts"),
            ),
            Level("high", 800, Text(en="twice today", es="el doble de lo actual"), (ASSUMPTION,)),
            Level(
                "highest", 1_000, Text(en="two and a half times today", es="dos veces y media lo actual"), (ASSUMPTION,)
            ),
        ),
        ramp_months=6,
        target="lab_loss_rate",
        kind="capacity",
        feasibility=Text(
            en="Legal in Mexico. Counts include sites already abandoned; how fast laboratories are rebuilt is "
            "unmeasured.",
            es="Legal en México. Los recuentos incluyen sitios ya abandonados; no se ha medido cuánto tardan en "
            "reconstruirse.",
        ),
        humanity=Text(
            en="Chemical waste, and danger to crews and neighbours.",
            es="Residuos químicos y peligro para el personal y los vecinos.",
        ),
        cost=None,
        sources=("sedena_labs", "mexico_lab_counts"),
    ),
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
)

LEVERS: dict[str, Lever] = {lever.id: lever for lever in _ALL}

#: Levers of the design that wait for a sector of the model: id -> sector.
NOT_YET: dict[str, str] = {
    "us.law.terrorist_designation": "politics",
    "us.pressure.threats": "cooperation",
    "us.law.anti_laundering": "money",
    "us.guns.dealer_inspection": "arms",
    "us.guns.military_style_limits": "arms",
    "us.guns.untraceable_parts_rule": "arms",
    "us.guns.southbound_inspection": "arms",
    "us.guns.ammunition_controls": "arms",
    "us.guns.manufacturer_liability": "arms",
    "mx.security.deployment": "security",
    "mx.security.intelligence": "security",
    "mx.security.leader_removals": "security",
    "mx.justice.integrity": "security",
    "mx.justice.extraditions": "cooperation",
    "mx.social.recruitment_prevention": "cartels",
    "us.force.ground_raids": "security",
    "bilateral.data_sharing": "cooperation",
    "bilateral.security_assistance": "cooperation",
    "market.legal_regulation": "money",
}

#: Extensions: parts driven by assumption, off unless a scenario asks for them.
EXTENSIONS: dict[str, Text] = {
    "prevention": Text(
        en="Prevention of initiation: no measured size for opioids",
        es="Prevención del inicio: sin tamaño medido en opioides",
    ),
    "politics": Text(
        en="Alarm at deaths and what it does to the money of health programmes, of unknown sign",
        es="La alarma por las muertes y su efecto en el dinero de los programas de salud, de signo desconocido",
    ),
}


def today(lever: str) -> float:
    """Value of a lever that the baseline holds, against which model equations measure a setting."""
    return LEVERS[lever].today
