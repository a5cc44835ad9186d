"""The command that makes a posterior: what it prints, and the report of the fit that it leaves beside it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contraflow import evidence
from contraflow.evidence import vintages
from contraflow.evidence.providers import Point, Reading
from contraflow.inference import fit as module
from contraflow.inference.posterior import fit_hash, load_posterior, shipped_path
from contraflow.report import fit_report


@pytest.fixture(autouse=True)
def no_fit(monkeypatch):
    """Nothing is fitted: the posterior that ships is what a fit leaves, for which no work is counted."""

    def fitted(seed, plan, out, log, progress):
        return Path(shutil.copy(shipped_path(), out))

    monkeypatch.setattr(module, "fit", fitted)
    monkeypatch.setattr(module, "fit_size", lambda *arguments: 2)


def test_fit_prints_the_files_and_logs_beside(call, monkeypatch):
    given = {}

    def fitted(seed, plan, out, log, progress):
        given.update(seed=seed, plan=plan, out=out)
        log("working")
        progress(1)
        return Path(shutil.copy(shipped_path(), out))

    monkeypatch.setattr(module, "fit", fitted)
    result = call("fit", "--quick", "--seed", "7", "--out", "trial.nc", "--json")
    assert given == {"seed": 7, "plan": module.QUICK, "out": Path("trial.nc")}
    assert json.loads(result.stdout) == {"posterior": "trial.nc", "report": "trial.md", "seed": 7, "quick": True}
    assert result.stderr == "working\n"


STARTED = """
import os
from contraflow.cli.production import _sums_on_one_thread
_sums_on_one_thread()
sums, cores = 0, set()
for task in os.listdir("/proc/self/task"):
    try:
        with open(f"/proc/self/task/{task}/comm") as name:
            sums += name.read().startswith("tf_XLAEigen")
        cores.add(frozenset(os.sched_getaffinity(int(task))))
    except (FileNotFoundError, ProcessLookupError):
        pass  # this thread has ended
print(sums, cores == {frozenset(os.sched_getaffinity(0))}, len(os.sched_getaffinity(0)))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin threads to cores")
def test_compiled_sums_of_a_fit_run_on_one_thread_and_its_kernel_on_every_core():
    said = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["1", "True", str(len(os.sched_getaffinity(0)))]


def test_fit_writes_a_report_beside_the_posterior_and_says_which_criteria_fail(call, tmp_path, monkeypatch):
    monkeypatch.setattr("contraflow.report.fit_record.RHAT_LIMIT", 1.001)
    result = call("fit", "--quick", "--out", "trial.nc")
    made = load_posterior(tmp_path / "trial.nc")
    assert (tmp_path / "trial.md").read_text(encoding="utf-8") == fit_report.text(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial.md", "trial.nc"]
    posterior, report, failed = result.stdout.splitlines()
    assert (posterior, report) == ("posterior: trial.nc", "report: trial.md")
    rhat = max(made.report["diagnostics"][stage]["rhat_max"] for stage in ("supply", "check"))
    assert failed.startswith(f"criteria not met: Largest split R-hat {rhat:.3f} (at most 1.001)")
    monkeypatch.setattr("contraflow.report.fit_record.RHAT_LIMIT", 2.0)
    assert "R-hat" not in call("fit", "--quick", "--out", "trial.nc").stdout


def test_the_report_never_takes_the_place_of_the_posterior(refusal):
    assert "name the posterior trial.nc" in refusal("fit", "--quick", "--out", "trial.md")


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of the user's with one made-up half-year of 2025, held but not in force."""
    monkeypatch.setenv("CONTRAFLOW_DATA", str(tmp_path / "data"))
    evidence.load.cache_clear()
    (tmp_path / "file.csv").write_text("a file\n")
    added = Reading("cbp", "cbp", {"border.seized.fentanyl.half_year": (Point("2025-01", "2025-06", 4000.0),)})
    vintages.add(tmp_path / "file.csv", added, evidence.load())
    yield tmp_path / "data"
    monkeypatch.undo()
    evidence.load.cache_clear()


def test_an_update_leaves_its_report_beside_the_posterior_in_force(call, data, monkeypatch):
    shipped = load_posterior(shipped_path())

    def fitted(seed, plan, out, log, progress, until, last):
        replace(shipped, attributes=shipped.attributes | {"model_hash": fit_hash(), "data_until": until}).save(out)
        return out

    monkeypatch.setattr(module, "fit", fitted)
    result = call("fit", "--update", "--json")
    assert result.exit_code == 0, result.output
    posterior, report = data / "posterior.nc", data / "posterior.md"
    assert json.loads(result.stdout) == {"posterior": str(posterior), "report": str(report), "seed": 1, "quick": False}
    assert {path.name for path in data.iterdir()} == {"in_force.json", "posterior.md", "posterior.nc", "vintages"}
    evidence.load.cache_clear()
    told = report.read_text(encoding="utf-8")
    assert "| June 2025 |" in told and told == fit_report.text(load_posterior())
