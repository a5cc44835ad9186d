"""The levers: what a policy can move, each with its value today, its range and worded levels tied to evidence.

Declarations only, a module a family. A lever moves an input of the model and never an outcome; how it acts is written
in the variable named as its target. Ids of sources resolve in the evidence base; `assumption` marks a number that no
source gives.
"""

from contraflow.evidence import Text
from contraflow.system.levers.border import BORDER
from contraflow.system.levers.cooperation import COOPERATION
from contraflow.system.levers.force import FORCE
from contraflow.system.levers.guns import GUNS
from contraflow.system.levers.health import HEALTH
from contraflow.system.levers.law import LAW
from contraflow.system.levers.lever import Level, Lever
from contraflow.system.levers.mexico import MEXICO

__all__ = ["EXTENSIONS", "LEVERS", "Level", "Lever", "today"]

LEVERS: dict[str, Lever] = {
    lever.id: lever for family in (HEALTH, LAW, GUNS, BORDER, MEXICO, FORCE, COOPERATION) for lever in family
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
    "cooperation": Text(
        en="Threats and trust between the two governments: whether pressure brings compliance or defiance is unknown",
        es="Amenazas y confianza entre los dos gobiernos: no se sabe si la presión trae obediencia o rechazo",
    ),
    "corruption": Text(
        en="Bribes and what they capture of enforcement: no measured size",
        es="Los sobornos y lo que capturan de la acción del Estado: sin tamaño medido",
    ),
    "ammunition": Text(
        en="Rounds as a limit on killing: no data on the flow",
        es="Los cartuchos como límite a los asesinatos: sin datos del flujo",
    ),
}


def today(lever: str) -> float:
    """Value of a lever that the baseline holds after 2024, against which model equations measure a setting."""
    return LEVERS[lever].today
