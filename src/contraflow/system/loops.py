"""The feedback loops that must exist in the reference model, by name, as waypoints of a closed path.

The engine finds the shortest path through the waypoints and the sign of each link; nothing here asserts a sign.
"""

from __future__ import annotations

from dataclasses import dataclass

from contraflow.evidence import Text


@dataclass(frozen=True)
class Loop:
    """A named loop: reinforcing (R) or balancing (B) as the literature has it, and the variables it must pass."""

    id: str
    label: Text
    waypoints: tuple[str, ...]
    extensions: tuple[str, ...] = ()


_ALL = (
    Loop("R5", Text(en="Counterfeit pills, dependence, demand", es="Pastillas falsas, dependencia, demanda"),
         ("counterfeit_prevalence", "misuse_to_illicit", "illicit_disorder", "wanted_at_reference", "consumption")),
    Loop("R6", Text(en="Falling deaths, complacency, fewer services", es="Menos muertes, complacencia, recortes"),
         ("alarm", "funding_response", "programme_staff", "kits_distributed", "community_kits", "setting_multiplier",
          "us_overdose_deaths"), ("politics",)),
    Loop("B1", Text(en="Destroyed laboratories are rebuilt", es="Los laboratorios destruidos se reconstruyen"),
         ("lab_capacity", "lab_building")),
    Loop("B2", Text(en="Interdiction lowers the flow", es="La intercepción reduce el flujo"),
         ("mexico_inventory", "exports", "border_seizures")),
    Loop("B3", Text(en="Adulteration, dissatisfaction, less use", es="Adulteración, descontento, menos uso"),
         ("purity_ratio", "untreated_remission", "illicit_disorder", "wanted_at_reference", "turnover",
          "wholesale_price_ratio")),
    Loop("B4", Text(en="Deaths deplete those at risk", es="Las muertes agotan a quienes están en riesgo"),
         ("illicit_disorder", "deaths_illicit")),
    Loop("B5", Text(en="Unmet demand draws new suppliers", es="La demanda insatisfecha atrae proveedores"),
         ("wholesale_price_ratio", "orders", "precursors", "synthesis", "mexico_inventory", "us_inventory",
          "turnover")),
    Loop("B6", Text(en="Deaths, funding, fewer deaths", es="Muertes, dinero, menos muertes"),
         ("us_overdose_deaths", "alarm", "programme_funding", "programme_staff", "methadone_entries",
          "starting_methadone", "illicit_disorder", "deaths_illicit"), ("politics",)),
)  # fmt: skip

LOOPS: dict[str, Loop] = {loop.id: loop for loop in _ALL}

#: Loops of the design whose closing link waits for a sector of the model: id -> sector.
NOT_YET: dict[str, str] = {
    "R1": "cartels", "R2": "cartels", "R3": "politics", "R4": "politics", "R7": "security", "R8": "security",
    "R9": "cooperation", "R10": "security", "R11": "cooperation", "R12": "politics", "B7": "arms", "B8": "cartels",
    "B9": "security", "B10": "security", "B11": "cooperation", "B12": "cooperation", "B13": "cooperation",
}  # fmt: skip
