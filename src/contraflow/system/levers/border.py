"""Levers of the border and of precursors."""

from __future__ import annotations

from contraflow.evidence import ASSUMPTION, Text
from contraflow.system.levers.lever import Level, Lever

BORDER = (
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
        target="precursor_control",
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
        history="precursor_control_history",
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
        target="precursor_control",
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
        history="mexico_ports_history",
    ),
)
