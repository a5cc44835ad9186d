"""From coefficients of a panel to parameters of the national model: what they say, diluted, and whether to adopt it.

A panel's unit is not the model's: prescriptions are not kits in the hands of users, a state is not the place where a
leader falls. Each bridge below is a stated quantity with its spread; where it is wide, the panel says little, and the
prior stays. Priors here are those that hold without the panel, so that running it again never uses a panel twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contraflow import evidence
from contraflow.evidence import Prior
from contraflow.evidence.panels import load_panels
from contraflow.evidence.schema import Z95
from contraflow.inference import priors
from contraflow.inference.panels import overdose, removals
from contraflow.inference.panels.allocation import Estimate
from contraflow.inference.panels.placebo import Verdict, adopts, allowance

DRAWS = 200_000
#: Parameters of the national model whose priors enter as they are; every other one is a bridge.
NATIONAL = ("witnessed_share", "emergency_benefit", "kit_life")


@dataclass(frozen=True)
class Proposal:
    """Prior and posterior of one parameter: mean, sd, 5, 50 and 95 % points; contraction; whether the rule adopts."""

    parameter: str
    prior: dict[str, float]
    panel_mean: float | None
    panel_sd: float | None
    posterior: dict[str, float]
    contraction: float
    adopt: bool
    reason: str


def _summary(values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order]) / weights.sum()
    at = {f"q{round(100 * q):02d}": float(values[order][np.searchsorted(cumulative, q)]) for q in (0.05, 0.5, 0.95)}
    mean = float(np.average(values, weights=weights))
    return {"mean": mean, "sd": float(np.sqrt(np.average((values - mean) ** 2, weights=weights))), **at}


def _drawn(name: str, rng: np.random.Generator) -> np.ndarray:
    """Draws of a bridge, or of a parameter of the model that no panel informs, (DRAWS,)."""
    return np.asarray(priors.value(_prior(name), rng.standard_normal(DRAWS)))


def _prior(name: str) -> Prior:
    known = evidence.load().parameters if name in NATIONAL else load_panels().bridges
    return known[name].prior


def _narrowing(name: str, values: np.ndarray, weights: np.ndarray) -> float:
    """How much the weights narrow a prior, on the scale where the prior is standard normal."""
    coordinate = priors.coordinate(_prior(name), values)
    mean = np.average(coordinate, weights=weights)
    return 1 - float(np.sqrt(np.average((coordinate - mean) ** 2, weights=weights)) / coordinate.std())


def _informed(
    parameter: str, draws: np.ndarray, implied: np.ndarray, mean: float, sd: float, verdicts: tuple[Verdict, ...]
) -> Proposal:
    """Prior draws weighted by how well the coefficients they imply agree with the panel's, ``mean`` and total ``sd``.

    ``panel_mean`` and ``panel_sd`` are the coefficient read on the parameter's scale along the line of best fit.
    """
    weights = np.exp(-0.5 * ((implied - mean) / sd) ** 2)
    prior, posterior = _summary(draws, np.ones(len(draws))), _summary(draws, weights)
    contraction = _narrowing(f"prior_{parameter}", draws, weights)
    adopt, reason = adopts(contraction, verdicts)
    slope = float(np.cov(implied, draws)[0, 1] / np.var(draws))
    at = prior["mean"] + (mean - float(np.mean(implied))) / slope
    return Proposal(parameter, prior, at, abs(sd / slope), posterior, contraction, adopt, reason)


def naloxone_implied(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the rescue per kit per user, and the coefficient of prescriptions that each implies, (DRAWS,) both.

    Deaths fall by the witnessed share times what emergency services leave, for each unit of coverage; coverage rises
    by the effect for each kit per user; a kit lasts its life.
    """
    rng = np.random.default_rng(seed)
    effect = _drawn("prior_naloxone_effect", rng)
    witnessed, emergency = _drawn("witnessed_share", rng), _drawn("emergency_benefit", rng)
    per_coverage = witnessed * (1 - emergency) / (1 - witnessed * emergency)
    stock = _drawn("disordered_per_user", rng) * _drawn("kits_per_prescription", rng) * _drawn("kit_life", rng)
    return effect, -per_coverage * stock * effect


def naloxone(services: Estimate, ahead: Estimate, verdicts: tuple[Verdict, ...]) -> Proposal:
    """Rescue per kit per user: the change of log deaths with kits per user in the model, against the panel's."""
    mean, sd = services.of("naloxone")
    bias = allowance(*ahead.of("naloxone_ahead"))
    return _informed("naloxone_effect", *naloxone_implied(), mean, float(np.hypot(sd, bias)), verdicts)


def treatment_implied(seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the log mortality ratio on medication, and the coefficient of patient-years that each implies.

    A share c of users and patients on medication leaves 1 - c (1 - e^m) of the deaths.
    """
    rng = np.random.default_rng(seed)
    ratio = _drawn("prior_treatment_mortality", rng)
    scale, treated = _drawn("disordered_per_user_or_patient", rng), _drawn("treated_share", rng)
    averted = 1 - np.exp(ratio)
    return ratio, -scale * averted / (1 - treated * averted)


def treatment(services: Estimate, ahead: Estimate, verdicts: tuple[Verdict, ...]) -> Proposal:
    """Log mortality ratio on medication: the change of log deaths with the share on medication, against the panel's."""
    mean, sd = services.of("buprenorphine")
    bias = allowance(*ahead.of("buprenorphine_ahead"))
    return _informed("treatment_mortality", *treatment_implied(), mean, float(np.hypot(sd, bias)), verdicts)


def depletion(past: Estimate, bias: tuple[float, float], verdicts: tuple[Verdict, ...], seed: int = 3) -> Proposal:
    """Hazard ratio of the high-risk group: past deaths take users away, and more of those at high risk.

    A death of one user in n lowers the number of users by 1 / n and the mean hazard by its squared coefficient of
    variation times that; nothing enters. The panel's coefficient is less what chance alone makes (``bias``).
    """
    rng = np.random.default_rng(seed)
    ratio, share = _drawn("prior_risk_ratio", rng), _drawn("prior_high_risk_share", rng)
    hazard = 1 - share + share * ratio
    variation = (1 - share + share * ratio**2) / hazard**2 - 1
    implied = -_drawn("disordered_per_user", rng) * (1 + variation)
    mean, sd = past.of("past_deaths")
    total = float(np.sqrt(sd**2 + bias[1] ** 2 + bias[0] ** 2))
    return _informed("risk_ratio", ratio, implied, mean - bias[0], total, verdicts)


def removal_implied(weight: float, seed: int = 4) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Draws of local effect, share of the country and lasting; their national effect; what the panel would see.

    In the first year the country's shock is local effect times share, decaying. Part of it falls in the state of
    removal, which has the share ``weight`` of the country's killings, and there it is the larger by one over that.
    """
    rng = np.random.default_rng(seed)
    drawn = {name: _drawn(f"prior_{name}", rng) for name in ("kingpin", "removal_weight", "succession_time")}
    time = drawn["succession_time"]
    national = drawn["kingpin"] * drawn["removal_weight"] * time * (1 - np.exp(-1 / time))
    return drawn, national, national * _drawn("effect_in_state_of_removal", rng) / weight


def kingpin(
    first_year: removals.Contrast, drawn_sd: float, weight: float, verdicts: tuple[Verdict, ...]
) -> dict[str, Proposal]:
    """What one removal does: its local effect, its share of the country, how long it lasts, and their product.

    Only the product is identified. What the panel says of it is handed on through the share of the country alone, the
    one of the three that no study measured: drawn apart, the three then have a product of the mean and sd that the
    panel leaves. Later years are left out: there the state returns to its ordinary level whatever the removal did.
    """
    drawn, national, implied = removal_implied(weight)
    sd = float(np.hypot(max(first_year.sd, drawn_sd), first_year.bias_sd))
    chance = np.exp(-0.5 * ((implied - first_year.mean) / sd) ** 2)
    before, now = _summary(national, np.ones(DRAWS)), _summary(national, chance)
    contraction = 1 - now["sd"] / before["sd"]
    adopt, reason = adopts(contraction, verdicts)
    product = "first-year national effect of a removal"
    proposals = {
        product: Proposal(product, before, first_year.mean * weight, sd * weight, now, contraction, adopt, reason)
    }
    for name, values in ((n, drawn[n]) for n in ("kingpin", "succession_time")):
        part = _narrowing(f"prior_{name}", values, chance)
        prior, posterior = _summary(values, np.ones(DRAWS)), _summary(values, chance)
        takes, why = adopts(part, verdicts)
        proposals[name] = Proposal(name, prior, None, None, posterior, part, takes, why)
    share = drawn["removal_weight"]
    rest = national / share
    mean = now["mean"] / rest.mean()
    spread = np.log((now["mean"] ** 2 + now["sd"] ** 2) / np.mean(rest**2) / mean**2)
    log_variance = max(float(spread), 0.0)  # none is left where the other two alone spread wider than the panel leaves
    matched = mean * np.exp(-log_variance / 2 + np.sqrt(log_variance) * np.random.default_rng(5).standard_normal(DRAWS))
    part = 1 - float(np.std(np.log(matched)) / np.std(np.log(share)))
    proposals["removal_weight"] = Proposal(
        "removal_weight", _summary(share, np.ones(DRAWS)), None, None, _summary(matched, np.ones(DRAWS)), part, adopt,
        f"set so that the {product} is as the panel leaves it",
    )  # fmt: skip
    return proposals


def fall_of_2024(
    supply: Estimate, services: Estimate, past: Estimate, past_bias: tuple[float, float]
) -> dict[str, dict[str, float]]:
    """What goes with the fall of synthetic opioid deaths from the 12 months to 2023-06 to 2024: an association.

    Each coefficient within states times the change of its covariate, averaged over states by deaths before the fall.
    ``share`` is of the fall of log deaths. Naloxone and buprenorphine end in 2023 and are held from then.
    """
    data = overdose.states(2022.5, 2025.0)
    early, late = data.months < 2023.5, data.months >= 2024.0
    filled = np.where(np.isnan(data.deaths), overdose.SUPPRESSED, data.deaths)
    weights = filled[early].sum(axis=0) / filled[early].sum()
    fall = float(np.log(filled[late].sum() / filled[early].sum()))
    rows: dict[str, dict[str, float]] = {"all deaths": {"change": fall}}
    for region in overdose.REGIONS:
        here = data.region == region
        rows[f"deaths, {region}"] = {
            "change": float(np.log(filled[late][:, here].sum() / filled[early][:, here].sum()))
        }
    total, variance = 0.0, 0.0
    for name, found, bias in (
        ("exposure", supply, (0.0, 0.0)),
        ("naloxone", services, (0.0, 0.0)),
        ("buprenorphine", services, (0.0, 0.0)),
        ("past_deaths", past, past_bias),
    ):
        mean, sd = found.of(name)
        values = data.covariates[name]
        change = float(weights @ (values[late].mean(axis=0) - values[early].mean(axis=0)))
        effect, error = (mean - bias[0]) * change, np.hypot(sd, bias[1]) * abs(change)
        total, variance = total + effect, variance + error**2
        rows[name] = {
            "change": change, "mean": effect, "sd": float(error),
            "share": effect / fall, "share_q05": (effect + Z95 * error) / fall,
            "share_q95": (effect - Z95 * error) / fall,
        }  # fmt: skip
    rows["all four"] = {
        "mean": total, "sd": float(np.sqrt(variance)), "share": total / fall,
        "share_q05": (total + Z95 * np.sqrt(variance)) / fall,
        "share_q95": (total - Z95 * np.sqrt(variance)) / fall,
    }  # fmt: skip
    return rows
