"""Whether an effect's interval stood its test: how often it held the truth of synthetic histories, as stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contraflow.report.findings import EVIDENCE_END, Finding
from contraflow.report.tested import Stored
from contraflow.report.wording import Said, whole_percent

if TYPE_CHECKING:
    from contraflow.report.study import Study

#: Share of true effects that a 90 % interval has to hold, or it is said to have failed.
ENOUGH = 0.8


def coverage(study: Study, f: Finding) -> float | None:
    """Share of synthetic histories whose effect a 90 % interval held; None where neither test looked at the effect.

    That of the posterior calibration, in which 90 % is due, and before it was run that of the recovery. Both judge
    effects to the end of the evidence.
    """
    name = f"effect: {f.scenario} on {f.outcome}"
    if f.end != EVIDENCE_END:
        return None
    judge = _judge(study)
    if judge.result is None:
        return None
    if judge.id == "recovery":
        share = judge.result["recovery"]["effects"].get(name)
    else:
        share = judge.result["posterior_sbc"]["effects"].get(name, {}).get("inside")
    return None if share is None else float(share)


def _judge(study: Study) -> Stored:
    """The test that judges: the posterior calibration, or the recovery before that was run."""
    calibrated = study.tests["posterior-calibration"]
    return study.tests["recovery"] if calibrated.result is None else calibrated


def failed_test(study: Study, f: Finding) -> Said:
    """That an interval failed its own test, to end a sentence; empty where it did not, or there is nothing to name.

    It says how often the truth was held and not why: intervals may be too narrow, or draws that are truths astray.
    """
    held = coverage(study, f)
    if held is None or held >= ENOUGH or f.verdict.strength == "negligible":
        return Said("", "")
    share = whole_percent(held)
    last, ultima = (" when it was last run", " la última vez") if _judge(study).stale else ("", "")
    return Said(
        f"; its interval failed its test{last}: over synthetic histories a 90 % interval held {share} of true effects",
        f"; su intervalo no pasó su prueba{ultima}: con historias simuladas, un intervalo de 90 % contuvo {share} de "
        "los efectos verdaderos",
    )
