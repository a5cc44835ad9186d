"""Numbers, priors and settings in words, for tables and explanations."""

from __future__ import annotations

import math

from contraflow.evidence import Prior
from contraflow.evidence.schema import Z95
from contraflow.policy import Absolute, Factor, Scenario, Step, format_date

#: Below so many draws, intervals, probabilities and verdicts are those of a trial.
FEW_DRAWS = 100
TOO_FEW = "too few for use"


def significant(number: float, figures: int = 2) -> str:
    """``number`` to so many significant figures, with thousands separators: 947,429 is ``950,000``."""
    if number == 0 or not math.isfinite(number):
        return "0" if number == 0 else "–"
    decimals = figures - 1 - math.floor(math.log10(abs(number)))
    rounded = round(number, decimals)
    decimals = figures - 1 - math.floor(math.log10(abs(rounded)))  # 0.0996 rounds to 0.10
    if decimals > figures + 3:
        return f"{number:.{figures - 1}e}".replace("-", "−", 1) if number < 0 else f"{number:.{figures - 1}e}"
    return f"{rounded:,.{max(decimals, 0)}f}".replace("-", "−")


def signed(number: float, figures: int = 2) -> str:
    """As ``significant``, with a plus sign where positive."""
    return ("+" if number > 0 else "") + significant(number, figures)


def exact(number: float) -> str:
    """``number`` as a person would write it: every figure, no exponent, no trailing zeros."""
    return f"{number:,.6f}".rstrip("0").rstrip(".")


def percent(probability: float) -> str:
    """A probability from a finite number of draws, never quite 0 or 100 %."""
    if probability < 0.005:
        return "<1 %"
    return ">99 %" if probability > 0.995 else f"{100 * probability:.0f} %"


def trial(draws: int) -> str:
    """What to say of so few draws; nothing where there are enough."""
    if draws >= FEW_DRAWS:
        return ""
    return f"{draws} {'draw is' if draws == 1 else 'draws are'} {TOO_FEW}: this is a trial."


def prior_quantiles(prior: Prior) -> dict[str, float]:
    """Median and the 5 and 95 % quantiles of a prior; all the same for a constant."""
    from contraflow.inference import priors  # brings scipy, which most lists do without

    return {name: float(priors.value(prior, y)) for name, y in (("median", 0.0), ("q05", -Z95), ("q95", Z95))}


def prior_words(prior: Prior) -> str:
    """A prior in words: ``log-normal: median 1.8, 90 % between 0.8 and 4.0``."""
    if prior.is_fixed:
        return f"a constant, {exact(prior.arguments['value'])}"
    q = {name: significant(value) for name, value in prior_quantiles(prior).items()}
    family = prior.family.replace("_", "-").replace("lognormal", "log-normal")
    words = f"{family}: median {q['median']}, 90 % between {q['q05']} and {q['q95']}"
    if prior.family == "logit_normal" and (prior.arguments["low"], prior.arguments["high"]) != (0.0, 1.0):
        words += f", never outside {exact(prior.arguments['low'])} to {exact(prior.arguments['high'])}"
    return words


def setting_words(scenario: Scenario) -> dict[str, str]:
    """Lever id → its steps in words: ``2027-01: high (800), over 24 months``."""
    return {
        lever: "; ".join(_step_words(step) for step in schedule.steps) + _ramp_words(schedule.ramp_months)
        for lever, schedule in scenario.policy.items()
    }


def _step_words(step: Step) -> str:
    target = step.target
    if isinstance(target, Absolute):
        words = f"{target.level} ({exact(target.value)})" if target.level else exact(target.value)
    elif isinstance(target, Factor):
        words = "today" if target.value == 1 else f"x{target.value:g}"
    else:
        words = ("+" if target.value > 0 else "") + exact(target.value)
    return f"{format_date(step.date)}: {words}"


def _ramp_words(months: float) -> str:
    return f", over {months:g} months" if months else ", at once"
