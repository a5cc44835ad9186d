"""What the model is given over time: the calendar, exogenous drivers, latent drivers and policy levers.

A driver's figures live in the evidence base under the same name; a lever is described in ``levers``; a latent is
drawn with the posterior. All are series on the model's time grid.
"""

from contraflow.engine import series

calendar = series("year", role="calendar", doc="Calendar time in decimal years.")

population = series("person", role="driver", doc="Resident population of the United States.")
prescription_opioid_supply = series("1", role="driver", doc="Prescribed opioids per person, 2000 = 1.")
opioid_unspecified_share = series("1", role="driver", doc="Share of opioid deaths whose certificate names no opioid.")
methadone_death_share = series("1", role="driver", doc="Share of prescription opioid deaths by methadone.")
methadone_places = series("person", role="driver", doc="People whom methadone programmes can hold at once.")
buprenorphine_prescribers = series("person", role="driver", doc="Clinicians allowed to prescribe buprenorphine.")
naloxone_kits = series("kit/year", role="driver", doc="Naloxone kits reaching people who use opioids, a year.")
pandemic_pulse = series("1", role="driver", doc="Strength of pandemic disruption, 0 to 1.")
reformulation_pulse = series("1", role="driver", doc="Strength of the 2010 oxycodone reformulation.")
border_effort_years = series("year", role="driver", doc="Years of growing effort at the border, 0 in mid-2019.")
mail_share = series("1", role="driver", doc="Share of fentanyl that arrives by mail from overseas.")
heroin_grams_per_user = series("1", role="driver", doc="Heroin per chronic user, 2006 = 1.")
methamphetamine_demand = series(
    "kg pure/year", role="driver", doc="Methamphetamine wanted in the United States at the reference price."
)
cocaine_demand = series(
    "kg pure/year", role="driver", doc="Cocaine wanted in the United States at the reference price."
)
methamphetamine_price_index = series("1", role="driver", doc="Price of methamphetamine, 2016 = 1.")
cocaine_price_index = series("1", role="driver", doc="Price of cocaine, 2016 = 1.")
mx_population = series("person", role="driver", doc="Population of Mexico.")
recorded_homicides = series("person/year", role="driver", doc="Homicides recorded in Mexico, held after the last year.")
us_gun_sales = series("1", role="driver", doc="Firearms sold in the United States, 2011 = 1.")
smoking_share = series("1", role="driver", doc="Share of fentanyl use by smoking instead of injecting.")

supply_surge = series("1", role="latent", doc="Fentanyl orders against need, in logs, by half-years.")
stimulant_hazard_drift = series("1", role="latent", doc="Deaths per person using stimulants, in logs, by years.")
other_drug_drift = series("1", role="latent", doc="Deaths from other and unnamed drugs, in logs, by years.")
conflict_drift = series("1", role="latent", doc="Conflict that the model does not explain, in logs, by years.")
concealment_drift = series("1", role="latent", doc="Log odds that a victim of conflict is hidden, by years.")

us_health_treatment_access = series("person", role="lever", doc="People whom medication programmes can hold at once.")
us_health_naloxone = series("kit/(hundred_thousand_person*year)", role="lever", doc="Naloxone kits reaching users.")
us_health_prevention_sites = series("site", role="lever", doc="Supervised consumption sites open.")
us_health_safe_supply = series("person", role="lever", doc="Clients of prescribed safe supply.")
us_health_prevention = series("1", role="lever", doc="Prevention money relative to today.")
us_health_funding = series("1", role="lever", doc="Federal money of health programmes relative to today.")
us_law_penalties = series("1", role="lever", doc="Convictions times time served, relative to today.")
us_law_distributor_enforcement = series("1", role="lever", doc="Arrests of distributors relative to today.")
border_northbound_scanning = series("1", role="lever", doc="Share of northbound vehicles scanned.")
precursors_source_control = series("1", role="lever", doc="Share of needed precursors blocked at the source.")
precursors_mexico_ports = series("1", role="lever", doc="Share of arriving precursors caught at Mexican ports.")
mx_security_lab_raids = series("site/year", role="lever", doc="Laboratory sites raided a year.")
us_force_strikes = series("site/year", role="lever", doc="Strikes on suspected laboratories a year.")
us_force_ground_raids = series("raid/year", role="lever", doc="Raids by US forces on Mexican soil a year.")
us_law_terrorist_designation = series("group", role="lever", doc="Mexican groups designated as terrorist.")
us_law_anti_laundering = series("1", role="lever", doc="Share of returning drug money stopped.")
us_guns_dealer_inspection = series("1", role="lever", doc="Share of licensed gun dealers inspected a year.")
us_guns_military_style_limits = series("1", role="lever", doc="Limits on military-style rifles, 0 none to 1 a ban.")
us_guns_untraceable_parts_rule = series("1", role="lever", doc="Rule on untraceable parts, 0 none to 1 all parts.")
us_guns_southbound_inspection = series("1", role="lever", doc="Share of southbound vehicles inspected.")
us_guns_ammunition_controls = series("1", role="lever", doc="Share of the supply of rounds cut.")
us_guns_manufacturer_liability = series("1", role="lever", doc="Liability of makers and dealers, 0 none to 1 full.")
us_pressure_threats = series("1", role="lever", doc="Threats by the US government, 0 none to 3 talk of force.")
mx_security_deployment = series("person", role="lever", doc="Soldiers in security tasks.")
mx_security_intelligence = series("1", role="lever", doc="Share of arrests that come from case work.")
mx_security_leader_removals = series("event/year", role="lever", doc="Leaders arrested or killed by Mexican forces.")
mx_justice_integrity = series("1", role="lever", doc="Share of homicides that go unpunished.")
mx_justice_extraditions = series("person/year", role="lever", doc="People sent to the United States for trial.")
mx_social_recruitment_prevention = series("person", role="lever", doc="Young people in programmes.")
bilateral_data_sharing = series("1", role="lever", doc="Data shared between the two countries, 0 to 1.")
bilateral_security_assistance = series("USD/year", role="lever", doc="US money for Mexican security and justice.")
market_legal_regulation = series("1", role="lever", doc="Share of use supplied by regulated legal sale.")
