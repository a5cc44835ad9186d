"""Levers of Mexican security, justice and social policy."""

from __future__ import annotations

from contraflow.evidence import ASSUMPTION, Text
from contraflow.system.levers.lever import Level, Lever

MEXICO = (
    Lever(
        id="mx.security.deployment",
        label=Text(en="Soldiers in security tasks", es="Soldados en tareas de seguridad"),
        unit="person",
        display_unit=Text(
            en="soldiers of the army in security tasks",
            es="soldados del Ejército en tareas de seguridad",
        ),
        today=100_226,
        low=20_000,
        high=250_000,
        range_reason="below 20,000 is less than before the operations of 2006, and 250,000 is all forces of 2023",
        levels=(
            Level(
                "low",
                50_000,
                Text(en="as in 2006-12", es="como en 2006-12"),
                ("sedena_deployment",),
            ),
            Level(
                "today",
                100_226,
                Text(en="November 2024", es="noviembre de 2024"),
                ("sedena_deployment_later",),
            ),
            Level(
                "high",
                120_000,
                Text(en="a fifth more", es="una quinta parte más"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                150_000,
                Text(en="half as many again", es="50 % más"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=6,
        target="effective_deployment",
        kind="force",
        feasibility=Text(
            en="Legal in Mexico since the reforms of 2019 to 2024, which critics call militarisation. No consent of "
            "another country is needed.",
            es="Legal en México desde las reformas de 2019 a 2024, que sus críticos llaman militarización. No "
            "requiere el consentimiento de otro país.",
        ),
        humanity=Text(
            en="Civilians die: almost eight dead for each one wounded in clashes with the army, 2008-14, which "
            "experts read as excessive force. Complaints rose from 182 in 2007 to 1,791 in 2009.",
            es="Mueren civiles: casi ocho muertos por cada herido en enfrentamientos con el Ejército, 2008-14, lo "
            "que especialistas leen como fuerza excesiva. Las quejas pasaron de 182 en 2007 a 1791 en 2009.",
        ),
        cost="the National Guard alone cost MXN 34.6 billion in 2024, about USD 1.9 billion",
        sources=(
            "sedena_deployment",
            "sedena_deployment_later",
            "espinosa_rubin_2015",
            "lethality_index_2015",
            "nexos_complaints",
            "guard_budget_2024",
        ),
        history="security_deployment",
    ),
    Lever(
        id="mx.security.intelligence",
        label=Text(en="Case work in Mexico", es="Investigación e inteligencia en México"),
        unit="1",
        display_unit=Text(
            en="share of arrests that come from case work",
            es="proporción de detenciones que provienen de trabajo de investigación",
        ),
        today=0.35,
        low=0.05,
        high=1,
        range_reason="a share of arrests: some always come from case work",
        levels=(
            Level(
                "low",
                0.2,
                Text(en="more arrests in the act", es="más detenciones en flagrancia"),
                (ASSUMPTION,),
            ),
            Level(
                "today",
                0.35,
                Text(
                    en="no series was found: a judgement",
                    es="no se halló ninguna serie: un juicio",
                ),
                (ASSUMPTION,),
            ),
            Level(
                "high",
                0.6,
                Text(en="most arrests", es="la mayoría de las detenciones"),
                (ASSUMPTION,),
            ),
            Level(
                "highest",
                0.8,
                Text(en="four in five arrests", es="cuatro de cada cinco detenciones"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=48,
        target="case_work",
        kind="capacity",
        feasibility=Text(
            en="Legal; needs investigators, prosecutors and oversight of surveillance. Where forces were coordinated"
            " in one state groups weakened, and yet violence between them rose.",
            es="Legal; requiere investigadores, fiscales y control de la vigilancia. Donde se coordinaron las "
            "fuerzas en un estado, los grupos se debilitaron y aun así subió la violencia entre ellos.",
        ),
        humanity=Text(
            en="Surveillance reaches people who are not suspects; shared files have reached criminal groups before.",
            es="La vigilancia alcanza a personas que no son sospechosas; ya ha habido expedientes compartidos que "
            "llegaron a grupos criminales.",
        ),
        cost=None,
        sources=("guanajuato_2024", "security_ministry_budget", "huellas_2024", "minister_convicted_2023"),
    ),
    Lever(
        id="mx.security.leader_removals",
        label=Text(en="Removal of leaders by Mexico", es="Captura o muerte de líderes por México"),
        unit="event/year",
        display_unit=Text(en="leaders captured or killed a year", es="líderes capturados o muertos al año"),
        today=2,
        low=0,
        high=20,
        range_reason="removals of major leaders cannot be negative, and 20 a year is more than twice the pace of the "
        "busiest half-year on record",
        levels=(
            Level(
                "low",
                0,
                Text(en="none", es="ninguna"),
                (ASSUMPTION,),
            ),
            Level(
                "today",
                2,
                Text(
                    en="1 to 2 a year in 2019-24 by press chronologies, which are partial",
                    es="de 1 a 2 al año en 2019-24 según cronologías de prensa, que son parciales",
                ),
                ("leader_removal_chronologies",),
            ),
            Level(
                "high",
                4,
                Text(
                    en="as in 2008-11 by the same chronologies, which list major leaders only",
                    es="como en 2008-11 según las mismas cronologías, que solo incluyen a líderes principales",
                ),
                ("leader_removal_chronologies",),
            ),
            Level(
                "highest",
                8,
                Text(
                    en="the busiest half-year on record, 2010; official lists of targets, which go further down, "
                    "count 18 a year in 2012-18",
                    es="el semestre más activo registrado, 2010; las listas oficiales de objetivos, que llegan más "
                    "abajo, cuentan 18 al año en 2012-18",
                ),
                ("leader_removal_chronologies",),
            ),
        ),
        ramp_months=12,
        target="leader_removals",
        kind="force",
        feasibility=Text(
            en="Legal with a warrant, by Mexican forces. Who is removed is not modelled, and the lever is left out "
            "of every search for packages.",
            es="Legal con orden judicial, por fuerzas mexicanas. No se modela a quién, y la palanca queda fuera de "
            "toda búsqueda de paquetes.",
        ),
        humanity=Text(
            en="Civilians die in the wars of succession: killings rose by 36.5 % in six months, by another study by "
            "80 % in a year, where a leader was taken; 415 deaths more in 2006-10 by a third.",
            es="Mueren civiles en las guerras de sucesión: donde un líder fue detenido o muerto, los asesinatos "
            "subieron 36.5 % en seis meses, según otro estudio 80 % en un año; 415 muertes más en 2006-10 según un "
            "tercero.",
        ),
        cost="low",
        sources=("leader_removal_chronologies", "calderon_2015", "lindo_padilla_2018", "leadership_removal_2014"),
        history="leader_removals_history",
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
        history="lab_raids_history",
    ),
    Lever(
        id="mx.justice.integrity",
        label=Text(en="Impunity of homicide in Mexico", es="Impunidad del homicidio en México"),
        unit="1",
        display_unit=Text(
            en="share of homicides that go unpunished",
            es="proporción de homicidios sin castigo",
        ),
        today=0.93,
        low=0.3,
        high=0.995,
        range_reason="a share: no source speaks of less than 0.3 for Mexico, and a few homicides are always punished",
        levels=(
            Level(
                "low",
                0.97,
                Text(en="the other index for 2023: 96.9 %", es="el otro índice para 2023: 96.9 %"),
                ("impunity_index",),
            ),
            Level(
                "today",
                0.93,
                Text(
                    en="between 91 and 97 % in 2020-23 by two indices",
                    es="entre 91 y 97 % en 2020-23 según dos índices",
                ),
                ("impunity_homicide", "impunity_index"),
            ),
            Level(
                "high",
                0.85,
                Text(
                    en="a little better than in 2016, 86.6 %",
                    es="algo mejor que en 2016, 86.6 %",
                ),
                ("impunity_homicide", ASSUMPTION),
            ),
            Level(
                "highest",
                0.7,
                Text(
                    en="three homicides in ten punished",
                    es="tres de cada diez homicidios castigados",
                ),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=84,
        target="prison_stay_now",
        kind="capacity",
        feasibility=Text(
            en="Slow: prosecutors, judges, forensic services. Judges are elected since 2025; whether that helps or "
            "harms is disputed. A better value of this lever is a lower number.",
            es="Lento: fiscalías, jueces, servicios forenses. Desde 2025 los jueces se eligen; si ayuda o daña está "
            "en disputa. Un mejor valor de esta palanca es un número menor.",
        ),
        humanity=None,
        cost=None,
        sources=("impunity_homicide", "impunity_index", "rand_wr948", "judges_elected_2025", "seed_000"),
    ),
    Lever(
        id="mx.justice.extraditions",
        label=Text(en="Extraditions to the United States", es="Extradiciones a Estados Unidos"),
        unit="person/year",
        display_unit=Text(
            en="people sent to the United States a year",
            es="personas enviadas a Estados Unidos al año",
        ),
        today=65,
        low=0,
        high=1_000,
        range_reason="people cannot be negative, and 1,000 a year is over nine times the record of 2009",
        levels=(
            Level(
                "low",
                25,
                Text(en="about the level of 2002", es="cerca del nivel de 2002"),
                ("extraditions_ap_2006",),
            ),
            Level(
                "today",
                65,
                Text(
                    en="63 to all states in ten months of 2024, most of them to the United States; about 65 a year "
                    "in 2020-24",
                    es="63 a todos los países en diez meses de 2024, la mayoría a Estados Unidos; unas 65 al año en "
                    "2020-24",
                ),
                ("extraditions_2024", "extraditions_fgr_nationals", ASSUMPTION),
            ),
            Level(
                "high",
                107,
                Text(en="the record, of 2009", es="el máximo, de 2009"),
                ("extraditions_press_2010",),
            ),
            Level(
                "highest",
                160,
                Text(en="half as many again as the record", es="50 % más que el máximo"),
                (ASSUMPTION,),
            ),
        ),
        ramp_months=12,
        target="bilateral_extraditions",
        kind="law",
        feasibility=Text(
            en="Legal by treaty; courts and appeals take years and 232 people were waiting in 2023. No measured "
            "effect on violence was found.",
            es="Legal por tratado; los juicios y amparos toman años y en 2023 esperaban 232 personas. No se halló un"
            " efecto medido en la violencia.",
        ),
        humanity=Text(
            en="Expulsion in place of extradition skips the trial at home; victims in Mexico may never see one.",
            es="La expulsión en lugar de la extradición omite el proceso en el país; las víctimas en México pueden "
            "quedarse sin juicio.",
        ),
        cost="low",
        sources=(
            "extraditions_ap_2006",
            "extraditions_press_2010",
            "extraditions_fgr_2020",
            "extraditions_fgr_nationals",
            "extraditions_2024",
            "transfers_2025_26",
            "seed_000",
            "seed_003",
        ),
        history="extraditions_history",
    ),
    Lever(
        id="mx.social.recruitment_prevention",
        label=Text(en="Programmes for young people in Mexico", es="Programas para jóvenes en México"),
        unit="person",
        display_unit=Text(en="young people in programmes at once", es="jóvenes en programas a la vez"),
        today=500_000,
        low=0,
        high=4_000_000,
        range_reason="places cannot be negative, and 4 million is four times the largest year, 2019",
        levels=(
            Level(
                "low",
                0,
                Text(en="none", es="ninguno"),
                (ASSUMPTION,),
            ),
            Level(
                "today",
                500_000,
                Text(
                    en="the goal of the federal apprenticeships for 2025",
                    es="la meta de los aprendizajes federales para 2025",
                ),
                ("apprenticeships_2025",),
            ),
            Level(
                "high",
                1_000_000,
                Text(en="about as in 2019, 0.93 million", es="cerca de 2019, 930 000"),
                ("apprenticeships_totals",),
            ),
            Level(
                "highest",
                2_000_000,
                Text(
                    en="the quarter of a million most exposed, with intensive support, counted as 2 million places; "
                    "the count is an assumption",
                    es="el cuarto de millón más expuesto, con apoyo intensivo, contado como 2 millones de lugares; "
                    "la equivalencia es un supuesto",
                ),
                ("youth_at_risk", ASSUMPTION),
            ),
        ),
        ramp_months=36,
        target="recruitment_prevention_effect",
        kind="capacity",
        feasibility=Text(
            en="Easy to enlarge. Evidence points both ways: no clear effect of the apprenticeships on homicide, the "
            "wrong sign for an earlier plan and in a trial of cash transfers, less crime where young people had "
            "paid work. No study measured entry into groups.",
            es="Fácil de ampliar. La evidencia apunta en ambos sentidos: sin efecto claro de los aprendizajes en los"
            " homicidios, signo contrario en un plan anterior y en un ensayo de transferencias, menos delito "
            "donde los jóvenes tuvieron trabajo pagado. Ningún estudio midió el ingreso a los grupos.",
        ),
        humanity=Text(
            en="Support for young people exposed to recruitment, not policing: lists of names could mark them.",
            es="Apoyo a jóvenes expuestos al reclutamiento, no vigilancia: las listas de nombres podrían señalarlos.",
        ),
        cost="MXN 90,864 a place in 2024; high: about USD 5 billion",
        sources=(
            "apprenticeships_totals",
            "apprenticeships_2025",
            "apprenticeships_homicide_2025",
            "pronapred_2017",
            "zizumbo_2023",
            "wps8384",
            "youth_at_risk",
            "prieto_curiel_2023",
        ),
        history="recruitment_programmes_history",
    ),
)
