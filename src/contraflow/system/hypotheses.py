"""The contested mechanisms, each a named hypothesis that a user may switch off, set to a value, or leave estimated.

Declarations only. The strength of a hypothesis is one or more parameters of the evidence base; its null is the
value at which the mechanism does nothing. Priors live with the parameters, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contraflow.evidence import Text


@dataclass(frozen=True)
class Hypothesis:
    """One contested mechanism.

    Attributes:
        id: name used in scenarios and on the command line.
        label: name in both languages.
        statement: what it claims, in both languages.
        parameters: parameter id -> value that switches the mechanism off; None where the parameter belongs to the
            mechanism but needs no null value (it is left as estimated) or has none.
        strength: the parameter that a single number sets; "several" where one number would be ambiguous; "latent"
            where the mechanism is a path in time and not a parameter.
        can_be_off: whether a neutral null exists.
        note: why the null is what it is, or why there is none.
    """

    id: str
    label: Text
    statement: Text
    parameters: dict[str, float | None]
    strength: Literal["several", "latent"] | str
    note: str
    can_be_off: bool = True


_ALL = (
    Hypothesis(
        "titration",
        Text(en="Titration", es="Ajuste de la dosis"),
        Text(
            en="When purity changes, users change the amount they take, so the dose moves less than the purity.",
            es="Cuando cambia la pureza, la gente ajusta la cantidad que toma: la dosis cambia menos que la pureza.",
        ),
        {"titration": None},
        "titration",
        "No value is neutral: 0 says that users offset nothing of a purity change, 1 that they offset all of it.",
        can_be_off=False,
    ),
    Hypothesis(
        "tolerance_adaptation",
        Text(en="Tolerance follows the habitual dose", es="La tolerancia sigue a la dosis habitual"),
        Text(
            en="After a lasting change of dose, tolerance moves towards it, so the extra risk fades with time.",
            es="Tras un cambio duradero de la dosis, la tolerancia se acerca a ella y el riesgo adicional se "
            "desvanece.",
        ),
        {"tolerance_adaptation": 0.0},
        "tolerance_adaptation",
        "0: tolerance stays at its reference. Judged together with titration and the spread of the dose response.",
    ),
    Hypothesis(
        "pass_through",
        Text(en="Multiplicative pass-through of prices", es="Traslado proporcional de los precios"),
        Text(
            en="A rise of the wholesale price raises the retail price in proportion, not by the same number of "
            "dollars.",
            es="Un alza del precio al mayoreo eleva el precio al menudeo en proporción, y no en la misma cantidad de "
            "dólares.",
        ),
        {"pass_through": 0.0},
        "pass_through",
        "0: additive, dollar for dollar. 1: multiplicative.",
    ),
    Hypothesis(
        "harm_reduction",
        Text(en="Harm reduction saves lives", es="La reducción de daños salva vidas"),
        Text(
            en="Naloxone in the community and supervised sites lower deaths at a given pattern of use.",
            es="La naloxona en la comunidad y las salas de consumo supervisado reducen las muertes con el mismo "
            "consumo.",
        ),
        {"naloxone_effect": 0.0, "site_effect": 0.0},
        "several",
        "Both effects at 0. National deaths do not inform either: they come from trials and the state panel.",
    ),
    Hypothesis(
        "treatment",
        Text(en="Medication protects", es="La medicación protege"),
        Text(
            en="People on methadone or buprenorphine die of overdose less often than those out of treatment.",
            es="Quienes reciben metadona o buprenorfina mueren menos por sobredosis que quienes están sin tratamiento.",
        ),
        {"treatment_mortality": 0.0},
        "treatment_mortality",
        "0 is a mortality ratio of 1. Negative values protect.",
    ),
    Hypothesis(
        "depletion",
        Text(en="Depletion of those at highest risk", es="Agotamiento de las personas en mayor riesgo"),
        Text(
            en="Deaths fall because the people at highest risk have died, not because anything protects the rest.",
            es="Las muertes bajan porque las personas en mayor riesgo ya murieron, no porque algo proteja a las demás.",
        ),
        {"risk_ratio": 1.0},
        "risk_ratio",
        "1: both risk groups have the same hazard, so nothing can be depleted but numbers.",
    ),
    Hypothesis(
        "perceived_risk",
        Text(en="Perceived risk deters", es="El riesgo percibido disuade"),
        Text(
            en="When overdose is seen to kill more, fewer people start to use illicit opioids.",
            es="Cuando se percibe que las sobredosis matan más, menos personas comienzan a usar opioides ilícitos.",
        ),
        {"perceived_risk_effect": 0.0},
        "perceived_risk_effect",
        "Signed: a negative value would mean that danger attracts.",
    ),
    Hypothesis(
        "compensation",
        Text(en="Risk compensation", es="Compensación del riesgo"),
        Text(
            en="Where rescue is likelier, people use more.",
            es="Donde el rescate es más probable, la gente consume más.",
        ),
        {"compensation": 0.0},
        "compensation",
        "Signed: a negative value would mean that contact with rescue lowers use.",
    ),
    Hypothesis(
        "contamination",
        Text(en="Contamination of other drugs", es="Contaminación de otras drogas"),
        Text(
            en="Fentanyl in stimulants and counterfeit pills kills people who did not seek it.",
            es="El fentanilo en estimulantes y pastillas falsificadas mata a personas que no lo buscaban.",
        ),
        {"contamination_hazard": 0.0, "pill_exposure": None},
        "contamination_hazard",
        "A hazard of 0 removes the deaths; the relative exposure of pill users then has nothing to act on.",
    ),
    Hypothesis(
        "deterrence",
        Text(en="Penalties deter use", es="Las penas disuaden el consumo"),
        Text(
            en="Harsher penalties lower entry into illicit use.",
            es="Penas más duras reducen la entrada al consumo ilícito.",
        ),
        {"deterrence": 0.0},
        "deterrence",
        "Signed, in log entry per doubling of penalties: a negative value is deterrence, a positive one its opposite.",
    ),
    Hypothesis(
        "precursor_evasion",
        Text(en="Precursor controls are evaded", es="Los controles de precursores se evaden"),
        Text(
            en="Within months to years producers find other chemicals and routes and recover part of what was blocked.",
            es="En meses o años los productores hallan otras sustancias y rutas y recuperan parte de lo bloqueado.",
        ),
        {"control_evasion": 0.0, "evasion_time": None},
        "control_evasion",
        "0: what is blocked stays blocked, so the time that evasion takes no longer matters.",
    ),
    Hypothesis(
        "lab_slack",
        Text(en="Laboratories have spare capacity", es="Los laboratorios tienen capacidad de sobra"),
        Text(
            en="Laboratories can make more than is asked of them, so destroying some costs little output.",
            es="Los laboratorios pueden producir más de lo que se les pide: destruir algunos reduce poco la "
            "producción.",
        ),
        {"lab_slack": 1.0, "lab_rebuild_time": None},
        "lab_slack",
        "1: capacity equals need. The time to rebuild stays as estimated: without slack it matters more, not less.",
    ),
    Hypothesis(
        "iron_law",
        Text(en="Iron law of prohibition", es="Ley de hierro de la prohibición"),
        Text(
            en="Interdiction pushes the trade towards stronger and more compact drugs.",
            es="La interdicción empuja al comercio hacia drogas más potentes y compactas.",
        ),
        {"iron_law": 0.0},
        "iron_law",
        "Signed: a negative value would mean that interdiction slows the move to stronger drugs.",
    ),
    Hypothesis(
        "replacement",
        Text(en="Losses are re-hired", es="Las bajas se reponen"),
        Text(
            en="Groups re-hire those who are arrested or killed instead of growing by contagion.",
            es="Los grupos reponen a quienes son detenidos o mueren en vez de crecer por contagio.",
        ),
        {"replacement": 0.0},
        "replacement",
        "0: recruitment in proportion to members, as in the model of the Science 2023 study.",
    ),
    Hypothesis(
        "kingpin",
        Text(en="Removing leaders raises violence", es="La captura o muerte de líderes eleva la violencia"),
        Text(
            en="After a leader is arrested or killed, rivals and heirs fight and violence rises where it happens.",
            es="Tras la captura o muerte de un líder, rivales y herederos pelean y sube la violencia en el lugar.",
        ),
        {"kingpin": 0.0, "removal_weight": None},
        "kingpin",
        "Signed: a negative value would mean that removals calm. National series never move it: it comes from panels.",
    ),
    Hypothesis(
        "betrayal",
        Text(en="Betrayal makes succession bloodier", es="La traición hace más sangrienta la sucesión"),
        Text(
            en="Removals through betrayal start worse wars of succession than others.",
            es="Las capturas o muertes por traición desatan guerras de sucesión peores que otras.",
        ),
        {"betrayal": 0.0},
        "betrayal",
        "Signed contrast; no measurement before 2025.",
    ),
    Hypothesis(
        "conflict_scaling",
        Text(en="Conflict grows faster than groups", es="El conflicto crece más que los grupos"),
        Text(
            en="Killings grow more than in proportion to the number of members.",
            es="Los asesinatos crecen más que en proporción al número de integrantes.",
        ),
        {"conflict_scaling": 1.0},
        "conflict_scaling",
        "1 is proportion; the model of the Science 2023 study assumes 2.",
    ),
    Hypothesis(
        "gun_lethality",
        Text(en="More rifles, more killing", es="Más armas largas, más asesinatos"),
        Text(
            en="Where groups hold more rifles for each member, they kill more.",
            es="Donde los grupos tienen más armas largas por integrante, matan más.",
        ),
        {"gun_lethality": 0.0},
        "gun_lethality",
        "Signed exponent: a negative value would mean that firepower deters.",
    ),
    Hypothesis(
        "scarcity_violence",
        Text(en="Rents feed violence", es="Las ganancias alimentan la violencia"),
        Text(
            en="When there is more to earn, as under scarcity, groups fight more over it.",
            es="Cuando hay más por ganar, como en la escasez, los grupos pelean más por ello.",
        ),
        {"scarcity_violence": 0.0},
        "scarcity_violence",
        "Signed exponent of retained revenue.",
    ),
    Hypothesis(
        "income_substitution",
        Text(en="Lost drug income is replaced", es="El ingreso perdido de las drogas se sustituye"),
        Text(
            en="Groups that lose drug revenue make up for it by extortion and other crime.",
            es="Los grupos que pierden ingresos por drogas los reponen con extorsión y otros delitos.",
        ),
        {"income_substitution": 0.0},
        "income_substitution",
        "Signed: a negative value would mean that other income falls with drug income.",
    ),
    Hypothesis(
        "trust_intelligence",
        Text(en="Trust brings intelligence", es="La confianza trae inteligencia"),
        Text(
            en="Where services trust each other, more of what they know is shared.",
            es="Donde los servicios confían entre sí, comparten más de lo que saben.",
        ),
        {"trust_intelligence": 0.0},
        "trust_intelligence",
        "Signed; acts only with the extension cooperation.",
    ),
    Hypothesis(
        "threat_response",
        Text(en="Threats change trust", es="Las amenazas cambian la confianza"),
        Text(
            en="Threats by one government raise or lower the trust of the other.",
            es="Las amenazas de un gobierno elevan o reducen la confianza del otro.",
        ),
        {"threat_response": 0.0, "threat_compliance": 0.0},
        "several",
        "Symmetric: published cases point both ways. Acts only with the extension cooperation.",
    ),
    Hypothesis(
        "supply_shock_2023",
        Text(en="Supply shock of 2023", es="Choque de oferta de 2023"),
        Text(
            en="From mid-2023 the supply of fentanyl to the United States fell for reasons outside the model.",
            es="Desde mediados de 2023 la oferta de fentanilo a Estados Unidos cayó por causas externas al modelo.",
        ),
        {},
        "latent",
        "Off holds the latent driver of supply at its value of mid-2023.",
    ),
)

HYPOTHESES: dict[str, Hypothesis] = {hypothesis.id: hypothesis for hypothesis in _ALL}
