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
    Loop("R5", Text(en="Counterfeit pills, dependence, demand", es="Pastillas falsificadas, dependencia, demanda"),
         ("counterfeit_prevalence", "misuse_to_illicit", "illicit_disorder", "wanted_at_reference", "consumption")),
    Loop("R6", Text(en="Falling deaths, complacency, fewer services",
                    es="Menos muertes, complacencia, menos servicios"),
         ("alarm", "funding_response", "programme_staff", "kits_distributed", "community_kits", "setting_multiplier",
          "us_overdose_deaths"), ("politics",)),
    Loop("B1", Text(en="Destroyed laboratories are rebuilt", es="Los laboratorios destruidos se reconstruyen"),
         ("lab_capacity", "lab_building")),
    Loop("B2", Text(en="Interdiction lowers the flow", es="La interdicción reduce el flujo"),
         ("mexico_inventory", "exports", "seizures_by_channel")),
    Loop("B3", Text(en="Adulteration, dissatisfaction, less use", es="Adulteración, descontento, menos uso"),
         ("purity_ratio", "untreated_remission", "illicit_disorder", "wanted_at_reference", "turnover",
          "wholesale_price_ratio")),
    Loop("B4", Text(en="Deaths deplete those at risk", es="Las muertes agotan a quienes están en riesgo"),
         ("illicit_disorder", "deaths_illicit")),
    Loop("B5", Text(en="Unmet demand draws new suppliers", es="La demanda insatisfecha atrae proveedores"),
         ("wholesale_price_ratio", "orders", "precursors", "synthesis", "mexico_inventory", "us_inventory",
          "turnover")),
    Loop("B6", Text(en="Deaths, funding, fewer deaths", es="Muertes, fondos, menos muertes"),
         ("us_overdose_deaths", "alarm", "programme_funding", "programme_staff", "methadone_entries",
          "starting_methadone", "illicit_disorder", "deaths_illicit"), ("politics",)),
    Loop("R1", Text(en="Revenue, arms, territory, revenue", es="Ingresos, armas, territorio, ingresos"),
         ("mx_cartel_revenue", "gun_demand", "rifle_inflow", "rifles", "territory", "other_income")),
    Loop("R2", Text(en="Leaders removed, groups split, violence, more removals",
                    es="Captura o muerte de líderes, división, violencia, más capturas o muertes"),
         ("leader_removals", "splits", "effective_groups", "competition", "mx_homicides", "removal_pressure")),
    Loop("R3", Text(en="Control, stronger drugs, harm, more control", es="Control, drogas más potentes, daño, control"),
         ("channel_seizure_share", "total_seizure_share", "adoption_pressure", "adoption", "us_overdose_deaths",
          "alarm", "interdiction_response"), ("politics",)),
    Loop("R4", Text(en="Interdiction, displacement, more interdiction",
                    es="Interdicción, desplazamiento, más interdicción"),
         ("scanning_gap", "learned_gap", "traffic_share", "crossings", "us_inventory", "us_overdose_deaths", "alarm",
          "interdiction_response"), ("politics",)),
    Loop("R7", Text(en="Firepower, military response, demand for guns",
                    es="Poder de fuego, respuesta militar, demanda de armas"),
         ("rifles", "firepower", "excess_firepower", "effective_deployment", "gun_demand", "rifle_inflow")),
    Loop("R8", Text(en="State force, violent answer, more state force",
                    es="Fuerza del Estado, respuesta violenta, más fuerza"),
         ("effective_deployment", "force_escalation", "conflict_attempts", "mx_homicides", "unexpected_violence")),
    Loop("R9", Text(en="Shared data, results, trust, more sharing",
                    es="Datos compartidos, resultados, confianza, más datos"),
         ("case_work", "trust_target", "bilateral_trust", "trust_sharing_multiplier"), ("cooperation",)),
    Loop("R10", Text(en="Profit, bribes, weaker enforcement, profit",
                     es="Ganancias, sobornos, menos control, ganancias"),
         ("mx_cartel_revenue", "other_money", "cash", "bribes", "capture", "integrity_multiplier", "security_effort",
          "arrests_of_members", "members", "territory", "other_income"), ("corruption",)),
    Loop("R11", Text(en="Threats, defiance, less cooperation, more threats",
                     es="Amenazas, rechazo, menos cooperación, más amenazas"),
         ("threat_level", "trust_target", "bilateral_trust", "trust_gap"), ("cooperation",)),
    Loop("R12", Text(en="Alarm, penalties, no fall in deaths, alarm",
                     es="Alarma, penas, sin descenso de muertes, alarma"),
         ("us_overdose_deaths", "alarm", "punitive_response", "penalties_in_force", "incarceration", "in_prison",
          "release", "low_tolerance", "deaths_low_tolerance"), ("politics",)),
    Loop("B7", Text(en="Traces, aimed oversight, fewer guns", es="Rastreos, inspección dirigida, menos armas"),
         ("mx_firearms_seized", "us_arms_seizures_traced", "trace_pressure", "channel_opening", "rifle_inflow",
          "rifles")),
    Loop("B8", Text(en="Earnings draw new groups", es="Las ganancias atraen grupos nuevos"),
         ("effective_groups", "entry_of_groups")),
    Loop("B9", Text(en="Violence, deployment, suppression", es="Violencia, despliegue, contención"),
         ("effective_deployment", "security_effort", "arrests_of_members", "members", "conflict_attempts",
          "mx_homicides", "unexpected_violence")),
    Loop("B10", Text(en="Corruption seen, justice cleaned", es="Corrupción vista, justicia depurada"),
         ("capture", "capture_seen", "judicial_cleaning", "captured_share"), ("corruption",)),
    Loop("B11", Text(en="US acts on guns, Mexico on drugs, and in turn",
                     es="EE. UU. actúa sobre armas, México sobre drogas, y así sucesivamente"),
         ("supply_opening", "gun_action_seen", "reciprocal_lab_action", "drug_action", "drug_action_seen",
          "reciprocal_gun_action", "channel_opening"), ("cooperation",)),
    Loop("B12", Text(en="The cost of rupture restrains threats", es="El costo de la ruptura frena las amenazas"),
         ("threat_level", "trade_cost"), ("cooperation",)),
    Loop("B13", Text(en="Threats, compliance, fewer threats", es="Amenazas, obediencia, menos amenazas"),
         ("threat_level", "threat_deployment_multiplier", "effective_deployment", "effort", "effort_seen"),
         ("cooperation",)),
)  # fmt: skip

LOOPS: dict[str, Loop] = {loop.id: loop for loop in _ALL}
