"""The command ``export xmile``: the file it writes, run by another tool, and how it ends when something is wrong."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from contraflow.analysis.runs import load
from contraflow.system import EXTENSIONS, reference_model
from contraflow.system.outcomes import OUTCOMES

NAMESPACE = "{http://docs.oasis-open.org/xmile/ns/XMILE/v1.0}"
DRAW = 3


@pytest.mark.slow
def test_a_scenario_and_a_draw_run_elsewhere_with_the_numbers_of_contraflow(call, tmp_path):
    simlin = pytest.importorskip("simlin")
    scenario = tmp_path / "kits.yaml"
    scenario.write_text(
        "schema: contraflow.scenario/1\n"
        f"extensions: [{', '.join(EXTENSIONS)}]\n"
        "policy: {us.health.naloxone: {steps: {2027-01: x2}, ramp: 6 months}}\n"
        "assume: {titration: 0.5}\n"
        "horizon: 2028-06\n"
    )
    result = call("export", "xmile", "kits.xmile", "--scenario", scenario, "--draw", DRAW, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["file"] == "kits.xmile" and report["cannot_express"]
    assert not any("extension" in limit for limit in report["cannot_express"])
    model = load()
    ours = model.run(scenario, draws=model.posterior.draws)
    table = simlin.load(tmp_path / "kits.xmile").run(analyze_loops=False).results
    states = {v.name for v in reference_model(EXTENSIONS).states}
    for id, outcome in OUTCOMES.items():
        steps = np.asarray(table[outcome.variable])[:-1].reshape(-1, 2)
        months = steps[:, 0] if outcome.variable in states else steps.mean(axis=1)
        exact = ours.series(id).values[:, DRAW]
        assert months * outcome.scale == pytest.approx(exact, rel=1e-6, abs=1e-6 * np.abs(exact).max()), id


@pytest.mark.slow
def test_without_a_draw_parameters_are_at_their_medians_and_the_limits_are_printed(call, tmp_path):
    result = call("export", "xmile", "model.xmile", "--until", "2001-06", "--once")
    assert result.exit_code == 0, result.output
    assert "What XMILE cannot express:\n- Uncertainty" in result.stdout
    root = ElementTree.parse(tmp_path / "model.xmile").getroot()
    assert root.find(f".//{NAMESPACE}stop").text == "2001.5"
    equations = {e.get("name"): e.findtext(f"{NAMESPACE}eqn") for e in root.iter(f"{NAMESPACE}aux")}
    posterior = load().posterior
    for name in reference_model().parameters:
        values, middle = posterior.value(name), float(equations[name])
        near = np.isclose(values, middle, rtol=1e-6)
        assert np.mean((values <= middle) | near) >= 0.5 <= np.mean((values >= middle) | near), name
    assert not any(name.endswith("_start") for name in equations)


def test_a_date_a_scenario_or_a_place_that_cannot_be_is_refused(refusal, tmp_path):
    assert "--until" in refusal("export", "xmile", "model.xmile", "--until", "soon")
    assert "nothing-such" in refusal("export", "xmile", "model.xmile", "--scenario", "nothing-such")
    (tmp_path / "folder").mkdir()
    assert "folder is a folder: name a file in it" in refusal("export", "xmile", "folder")
    (tmp_path / "file").write_text("")
    assert "is a file" in refusal("export", "xmile", "file/model.xmile")


def test_a_draw_that_the_posterior_lacks_is_refused(refusal):
    said = refusal("export", "xmile", "model.xmile", "--draw", "1000000")
    assert "--draw 1000000: the posterior has draws 0 to " in said
