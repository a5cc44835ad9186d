"""Levers of US drug law, of money, and of a regulated market."""

from __future__ import annotations

from contraflow.evidence import ASSUMPTION, Text
from contraflow.system.levers.lever import Level, Lever

LAW = (
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
        target="penalties_in_force",
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
            Level("high", 1.5, Text(en="half more", es="50 % más"), (ASSUMPTION,)),
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
        id="us.law.terrorist_designation",
        label=Text(en="Groups designated as terrorist", es="Grupos designados como terroristas"),
        unit="group",
        display_unit=Text(
            en="Mexican groups on the US list of foreign terrorist organisations",
            es="grupos mexicanos en la lista estadounidense de organizaciones terroristas extranjeras",
        ),
        today=0,
        low=0,
        high=12,
        range_reason="groups cannot be negative, and 12 is twice the list of 2025",
        levels=(
            Level(
                "today",
                0,
                Text(en="none up to 2024", es="ninguno hasta 2024"),
                ("crs_in11205",),
            ),
            Level(
                "six",
                6,
                Text(
                    en="the six Mexican groups listed on 2025-02-20",
                    es="los seis grupos mexicanos incluidos el 2025-02-20",
                ),
                ("crs_in11205", "seed_002"),
            ),
            Level(
                "highest",
                12,
                Text(en="twice as many", es="el doble"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=0,
        target="revenue_kept",
        kind="law",
        feasibility=Text(
            en="An executive act, in force at once. No measured effect was found. A House resolution states that it "
            "gives no authority for force.",
            es="Acto del Ejecutivo, con efecto inmediato. No se halló un efecto medido. Una resolución de la Cámara "
            "de Representantes señala que no autoriza el uso de la fuerza.",
        ),
        humanity=Text(
            en="It can reach firms, banks and aid workers who pay or deal under duress; how many was not found.",
            es="Puede alcanzar a empresas, bancos y personal humanitario que pagan o tratan bajo coacción; no se "
            "halló a cuántos.",
        ),
        cost="near 0 for the listing itself",
        sources=("crs_in11205", "lowenstein_2025", "h_res_168", "seed_002"),
    ),
    Lever(
        id="us.law.anti_laundering",
        label=Text(en="Action against money laundering", es="Acción contra el lavado de dinero"),
        unit="1",
        display_unit=Text(
            en="share of returning drug money stopped",
            es="proporción interceptada del dinero de drogas que regresa",
        ),
        today=0.01,
        low=0,
        high=0.5,
        range_reason="a share of the money: half is fifty times today's and beyond anything found",
        levels=(
            Level(
                "low",
                0.002,
                Text(
                    en="the outbound cash seized in 2014, USD 38 million of at least 18 billion",
                    es="el efectivo decomisado de salida en 2014, 38 millones de dólares de al menos 18 000 millones",
                ),
                ("cash_outbound_2014", "gao_11_407t"),
            ),
            Level(
                "today",
                0.01,
                Text(
                    en="sources allow 0.1 to 1 %; the upper end is taken, an assumption",
                    es="las fuentes permiten de 0.1 a 1 %; se toma el extremo superior, un supuesto",
                ),
                ("cash_outbound_2014", "gao_11_407t", ASSUMPTION),
            ),
            Level(
                "high",
                0.03,
                Text(en="three times today", es="el triple de lo actual"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                0.1,
                Text(en="ten times today", es="diez veces lo actual"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=24,
        target="revenue_kept",
        kind="law",
        feasibility=Text(
            en="Legal. Money changes channel: after Mexico limited dollar deposits in 2010 the cash sent back fell "
            "by 70 %, and no fall of profits was shown.",
            es="Legal. El dinero cambia de vía: tras limitar México los depósitos en dólares en 2010, el efectivo "
            "repatriado cayó 70 % y no se demostró una caída de las ganancias.",
        ),
        humanity=None,
        cost=None,
        sources=("gao_11_407t", "cash_outbound_2014", "incsr_2014", "credit_unions_2025"),
    ),
    Lever(
        id="market.legal_regulation",
        label=Text(en="Regulated legal supply", es="Oferta legal regulada"),
        unit="1",
        display_unit=Text(
            en="share of use supplied by regulated legal sale",
            es="proporción del consumo abastecida por venta legal regulada",
        ),
        today=0,
        low=0,
        high=0.9,
        range_reason="a share of use: some always stays outside a regulated market",
        levels=(
            Level(
                "today",
                0,
                Text(
                    en="none for the drugs of the model; cannabis is outside it",
                    es="ninguna para las drogas del modelo; el cannabis queda fuera",
                ),
                (ASSUMPTION,),
            ),
            Level(
                "high",
                0.3,
                Text(en="three in ten of the doses used", es="tres de cada diez dosis consumidas"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                0.7,
                Text(
                    en="seven in ten of the doses used",
                    es="siete de cada diez dosis consumidas",
                ),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=60,
        target="legal_replacement",
        kind="law",
        feasibility=Text(
            en="Needs new treaties and laws. Nothing measured exists for opioids or stimulants: the nearest evidence"
            " is on medical cannabis.",
            es="Requiere nuevos tratados y leyes. No existe nada medido para opioides o estimulantes: la evidencia "
            "más cercana es sobre cannabis medicinal.",
        ),
        humanity=Text(
            en="More people may become dependent, and young people may use; what regulation prevents of it is "
            "unknown. Groups that lose the market may turn to extortion.",
            es="Más personas pueden volverse dependientes y los jóvenes pueden consumir; se desconoce cuánto de ello"
            " evita la regulación. Los grupos que pierden el mercado pueden pasar a la extorsión.",
        ),
        cost=None,
        sources=("cannabis_border_2019", "seed_000"),
    ),
)
