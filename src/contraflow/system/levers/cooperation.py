"""Levers between the two governments: threats, shared data, assistance."""

from __future__ import annotations

from contraflow.evidence import ASSUMPTION, Text
from contraflow.system.levers.lever import Level, Lever

COOPERATION = (
    Lever(
        id="us.pressure.threats",
        label=Text(en="US threats against Mexico", es="Amenazas de Estados Unidos contra México"),
        unit="1",
        display_unit=Text(
            en="0 none, 1 tariffs of 2019, 2 tariffs of 2025, 3 talk of force",
            es="0 ninguna, 1 aranceles de 2019, 2 aranceles de 2025, 3 se habla de fuerza",
        ),
        today=0,
        low=0,
        high=3,
        range_reason="an order and not a measure: 0 is no threat and 3 open talk of force",
        levels=(
            Level(
                "today",
                0,
                Text(en="none at the end of 2024", es="ninguna al final de 2024"),
                (ASSUMPTION,),
            ),
            Level(
                "tariff_2019",
                1,
                Text(
                    en="tariffs threatened in May 2019",
                    es="aranceles anunciados en mayo de 2019",
                ),
                ("tariff_2019", ASSUMPTION),
            ),
            Level(
                "tariff_2025",
                2,
                Text(
                    en="a tariff of 25 % in February 2025",
                    es="un arancel de 25 % en febrero de 2025",
                ),
                ("free_beacon_2025", ASSUMPTION),
            ),
            Level(
                "highest",
                3,
                Text(en="open talk of force", es="se habla abiertamente de fuerza"),
                ("seed_000", ASSUMPTION),
            ),
        ),
        ramp_months=0,
        target="threat_level",
        kind="law",
        feasibility=Text(
            en="An executive act. Evidence points both ways: troops were sent to the borders in 2019 and 2025, and "
            "after 2020 cooperation fell. What followed was troops, not drugs stopped.",
            es="Acto del Ejecutivo. La evidencia apunta en ambos sentidos: en 2019 y 2025 se enviaron tropas a las "
            "fronteras, y después de 2020 cayó la cooperación. Lo que siguió fueron tropas, no drogas interceptadas.",
        ),
        humanity=Text(
            en="Tariffs fall on people who work and buy in both countries: trade was USD 863 billion in 2022. Talk "
            "of force raises the risk of it.",
            es="Los aranceles recaen en quienes trabajan y compran en ambos países: el comercio fue de 863 000 "
            "millones de dólares en 2022. Hablar de fuerza eleva el riesgo de que ocurra.",
        ),
        cost=None,
        sources=("sputnik_2019", "free_beacon_2025", "tariff_2019", "trade_2022", "seed_000", "seed_003"),
        extension="cooperation",
        history="threats_history",
    ),
    Lever(
        id="bilateral.data_sharing",
        label=Text(
            en="Data shared between the two countries",
            es="Datos compartidos entre los dos países",
        ),
        unit="1",
        display_unit=Text(en="0 none, 1 as in 2008-12", es="0 ninguno, 1 como en 2008-12"),
        today=0.5,
        low=0.02,
        high=1,
        range_reason="an order and not a measure: 1 is the best period on record, 2008-12, and some exchange "
        "always remains",
        levels=(
            Level(
                "low",
                0.1,
                Text(
                    en="as in 2021, after a vetted unit was closed",
                    es="como en 2021, tras el cierre de una unidad certificada",
                ),
                ("reuters_vetted_unit_2022", ASSUMPTION),
            ),
            Level(
                "today",
                0.5,
                Text(
                    en="since the plan of October 2024, intelligence first",
                    es="desde el plan de octubre de 2024, primero inteligencia",
                ),
                ("huellas_2024", ASSUMPTION),
            ),
            Level(
                "high",
                0.8,
                Text(
                    en="tracing for all 32 states, as agreed in 2025, and data on routes",
                    es="rastreo para los 32 estados, como se acordó en 2025, y datos de rutas",
                ),
                ("state_2025_firewall", ASSUMPTION),
            ),
            Level(
                "highest",
                1,
                Text(en="as in 2008-12", es="como en 2008-12"),
                ("gao_10_253r", ASSUMPTION),
            ),
        ),
        ramp_months=24,
        target="case_work",
        kind="capacity",
        feasibility=Text(
            en="Both governments must want it. No measured effect was found.",
            es="Ambos gobiernos deben quererlo. No se halló un efecto medido.",
        ),
        humanity=Text(
            en="Leaks endanger lives, and what was shared has reached criminal groups. Vetting and privacy bind.",
            es="Las filtraciones ponen vidas en peligro, y lo compartido ha llegado a grupos criminales. Obligan los "
            "controles de confianza y la privacidad.",
        ),
        cost="low",
        sources=(
            "reuters_vetted_unit_2022",
            "foreign_agents_law_2020",
            "huellas_2024",
            "atf_trace_requests",
            "state_2025_firewall",
            "minister_convicted_2023",
            "seed_003",
        ),
        history="cooperation_regime",
    ),
    Lever(
        id="bilateral.security_assistance",
        label=Text(
            en="US security assistance to Mexico",
            es="Asistencia de Estados Unidos a México en seguridad",
        ),
        unit="USD/year",
        display_unit=Text(en="dollars of 2024 a year", es="dólares de 2024 al año"),
        today=105_000_000,
        low=0,
        high=1_100_000_000,
        range_reason="money cannot be negative, and the largest year, 2009, was 1.05 billion in dollars of 2024",
        levels=(
            Level(
                "low",
                0,
                Text(en="ended; it was frozen in 2025", es="terminada; se congeló en 2025"),
                ("o_abroad_2025",),
            ),
            Level(
                "today",
                105_000_000,
                Text(en="about the fiscal year 2023", es="cerca del año fiscal 2023"),
                ("wola_assistance_2025",),
            ),
            Level(
                "high",
                250_000_000,
                Text(en="about the mean of 2010-2019", es="cerca del promedio de 2010-2019"),
                ("crs_if10578", ASSUMPTION),
            ),
            Level(
                "highest",
                720_000_000,
                Text(
                    en="the figure of the fiscal year 2009, not adjusted for prices",
                    es="la cifra del año fiscal 2009, sin ajustar por precios",
                ),
                ("crs_r40135",),
            ),
        ),
        ramp_months=24,
        target="assistance_effect",
        kind="capacity",
        feasibility=Text(
            en="Congress; slow: two years after it began, 46 % was obligated and 9 % spent. What it buys matters "
            "more than its size, and no size of the effect was found.",
            es="Congreso; lento: dos años después de iniciar se había comprometido 46 % y gastado 9 %. Importa más "
            "qué compra que su monto, y no se halló el tamaño del efecto.",
        ),
        humanity=Text(
            en="Arms and training can reach units that commit abuses: aid is bound to conditions on human rights.",
            es="Las armas y la capacitación pueden llegar a unidades que cometen abusos: la ayuda está sujeta a "
            "condiciones de derechos humanos.",
        ),
        cost="as the unit",
        sources=(
            "gao_10_253r",
            "gao_10_837",
            "crs_r40135",
            "crs_if10578",
            "wola_assistance_2025",
            "o_abroad_2025",
            "seed_000",
        ),
        history="security_assistance",
    ),
)
