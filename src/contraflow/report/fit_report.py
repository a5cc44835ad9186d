"""The report of one fit as a page of Markdown, which lies beside its posterior: what a study's page says of the fit.

Every word and number comes from the posterior's own record; nothing is run. ``contraflow fit`` writes it. When words or
labels change, ``python -m contraflow.report.fit_report`` prints that of the posterior that ships.
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from contraflow import evidence
from contraflow.inference.posterior import Posterior, load_posterior, shipped_path
from contraflow.report import wording
from contraflow.report.fit_record import convergence, coverage_note, criteria, fit_record, hashes, joint_note
from contraflow.system import reference_model


def text(posterior: Posterior) -> str:
    """The report of a posterior that this model made."""
    record, made = fit_record(posterior), posterior.attributes
    environment = Environment(
        loader=PackageLoader("contraflow.report"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"two": wording.significant, "share": wording.share_percent, "whole": wording.whole_percent}
    page = environment.get_template("fit.md.j2").render(
        hashes=hashes(reference_model().hash, made["model_hash"], posterior.hash),
        data_end=wording.month(made["data_until"] - 1 / 12).en,
        made=made,
        draws=posterior.draws,
        fit=record,
        convergence=convergence(record, posterior.draws),
        criteria=criteria(record),
        series=evidence.load().series,
        coverage_note=coverage_note(record),
        joint_note=joint_note(record),
    )
    return f"{page}\n"


if __name__ == "__main__":
    print(text(load_posterior(shipped_path())), end="")
