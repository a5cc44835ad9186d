"""The named axes of the reference model. Places count from the end; the draws of the ensemble come last."""

from contraflow.engine import Axis

group = Axis("group", ("low", "high"), place=-2)
wave = Axis("wave", ("early", "late"), place=-3)
channel = Axis("channel", ("ports", "between_ports"), place=-4)
death_class = Axis("death_class", ("opioid_only", "opioid_stimulant", "stimulant_only", "other"), place=-5)
drug = Axis("drug", ("fentanyl", "heroin", "methamphetamine", "cocaine"), place=-6, conserved=True)
gun_channel = Axis("gun_channel", ("dealers", "private_sales", "thefts", "parts"), place=-7)

AXES = (group, wave, channel, death_class, drug, gun_channel)
