"""The command line: what it prints, what it writes, and how it ends when something is wrong."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import contraflow
from contraflow.analysis.runs import Model
from contraflow.cli import app, comparisons
from contraflow.errors import ContraflowError
from contraflow.inference.posterior import fit_hash, load_posterior
from contraflow.policy import Scenario
from contraflow.report.fit_record import hashes
from contraflow.system import reference_model
from contraflow.system.levers import LEVERS
from contraflow.system.outcomes import OUTCOMES

LISTS = ("scenarios", "levers", "outcomes", "hypotheses", "parameters", "sources", "claims")
HEAD = "schema: contraflow.scenario/1\n"
FEW = ("--draws", "8")


@pytest.fixture
def asked(call, monkeypatch):
    """The scenarios that a command line means, without running them."""

    def scenarios(*arguments):
        caught = []
        monkeypatch.setattr(comparisons, "_compare", lambda scenarios, draws: caught.extend(scenarios) or [])
        result = call("run", *arguments)
        assert result.exit_code == 0, result.output
        return caught

    return scenarios


# Help and lists


def test_help_and_version_load_nothing_heavy():
    code = (
        "import sys\nfrom contraflow.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'jax', 'matplotlib', 'scipy', 'xarray', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "explain" in done.stdout


def test_version(call):
    assert call("--version").stdout == f"contraflow {contraflow.__version__}\n"


@pytest.mark.parametrize("command", ["run", "explain", "check", "study", "fit", *LISTS])
def test_every_command_has_help_with_examples(call, command):
    result = call(command, "--help")
    assert result.exit_code == 0
    assert f"contraflow {command}" in result.stdout and "--json" in result.stdout


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_tables_or_json(call, name):
    printed = call(name, "--json")
    assert printed.exit_code == 0 and printed.stderr == ""
    rows = json.loads(printed.stdout)
    assert rows == getattr(contraflow, name)()
    assert rows[0]["id"] in call(name).stdout


def test_lists_can_be_searched(call):
    assert [row["id"] for row in json.loads(call("levers", "naloxone", "--json").stdout)] == ["us.health.naloxone"]
    nothing = call("levers", "gunpowder")
    assert (nothing.exit_code, nothing.stdout) == (0, "") and "gunpowder" in nothing.stderr


# Runs


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """One run of two scenarios, as JSON and as files."""
    out = tmp_path_factory.mktemp("cli") / "results"
    result = CliRunner().invoke(app, ["run", "baseline", "strikes", *FEW, "--json", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return result, out


def test_run_prints_json_and_nothing_else(two_runs):
    result, _ = two_runs
    runs = json.loads(result.stdout)["runs"]
    assert [run["scenario"] for run in runs] == ["baseline", "strikes"]
    for run in runs:
        assert set(run) >= {"scenario", "model", "posterior", "draws", "window", "outcomes"}
        assert run["draws"] == 8 and set(run["outcomes"]) == set(OUTCOMES)
        for effect in run["outcomes"].values():
            assert set(effect["difference"]) == {"median", "q05", "q25", "q75", "q95"}
            assert 0 <= effect["p_reduction"] <= 1
    assert runs[1]["window"] == ["2025-02", "2035-12"]


def test_no_policy_is_no_difference(two_runs):
    result, _ = two_runs
    baseline = json.loads(result.stdout)["runs"][0]
    assert all(set(effect["difference"].values()) == {0.0} for effect in baseline["outcomes"].values())


def test_force_is_never_shown_without_whom_it_may_harm(two_runs):
    result, _ = two_runs
    strikes = LEVERS["us.force.strikes"]
    assert strikes.humanity.en in result.stderr and strikes.feasibility.en in result.stderr


def test_results_are_written_as_json_and_csv_and_nothing_else(two_runs):
    result, out = two_runs
    assert sorted(path.name for path in out.iterdir()) == [
        "baseline.csv",
        "baseline.json",
        "strikes.csv",
        "strikes.json",
    ]
    printed = json.loads(result.stdout)["runs"]
    assert json.loads((out / "strikes.json").read_text()) == printed[1]
    with (out / "strikes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * len(OUTCOMES)
    row = next(r for r in rows if r["outcome"] == "us.overdose_deaths" and r["quantity"] == "difference")
    assert float(row["median"]) == printed[1]["outcomes"]["us.overdose_deaths"]["difference"]["median"]


def test_tables_keep_the_effect_and_the_change_against_today_apart(call):
    result = call("run", "strikes", *FEW, "--assume", "titration=0.5")
    assert result.exit_code == 0, result.output
    effect, today = result.stdout.split("Against the model's 2024 (not the effect of the policy)")
    for heading in ("Baseline", "Policy", "Difference", "50 % interval", "90 % interval", "P(reduction)"):
        assert heading in effect
    assert "us.overdose_deaths" in effect and "us.overdose_deaths" in today
    words = " ".join(result.stdout.split())
    assert "Approximate" in words and "titration = 0.5" in words
    assert LEVERS["us.force.strikes"].humanity.en in words
    assert hashes(reference_model().hash, fit_hash(), load_posterior().hash) in words


def test_few_draws_are_called_a_trial_on_the_screen_and_in_json(two_runs, call):
    remark = "8 draws are too few for use: this is a trial."
    printed, _ = two_runs
    assert all(remark in run["remarks"] for run in json.loads(printed.stdout)["runs"])
    assert f"baseline: {remark}" in printed.stderr
    assert remark in call("run", "baseline", *FEW).stdout


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A shipped scenario, then with another setting, then under a belief, all into one folder."""
    out = tmp_path_factory.mktemp("cli") / "results"
    for more in ((), ("--set", "us.health.naloxone=x2@2027-01~24m"), ("--assume", "titration=0.5")):
        result = CliRunner().invoke(app, ["run", "baseline", *FEW, "--out", str(out), *more])
        assert result.exit_code == 0, result.output
    return result, out


def test_a_changed_scenario_neither_takes_the_name_of_the_original_nor_its_files(changed):
    result, out = changed
    names = ["baseline", "baseline+assumptions", "baseline+changes"]
    assert {path.name for path in out.iterdir()} == {f"{name}.{kind}" for name in names for kind in ("csv", "json")}
    for name in names:
        assert json.loads((out / f"{name}.json").read_text())["scenario"] == name
    assert result.stdout.startswith("baseline+assumptions: No change, under assumptions\n")


def test_rows_of_two_runs_are_told_apart_by_what_made_them(changed):
    _, out = changed
    made = {}
    for path in out.glob("*.csv"):
        with path.open() as file:
            rows = list(csv.DictReader(file))
        about = {"model": reference_model().hash, "fit": fit_hash(), "posterior": load_posterior().hash, "draws": "8"}
        assert all({name: row[name] for name in about} == about for row in rows)
        (made[path.stem],) = {(row["settings"], row["assumptions"], row["scenario_hash"]) for row in rows}
    assert made["baseline"][:2] == ("", "")
    assert made["baseline+changes"][:2] == ("us.health.naloxone 2027-01: x2, over 24 months", "")
    assert made["baseline+assumptions"][:2] == ("", "titration=0.5")
    assert len({hash for _, _, hash in made.values()}) == 3


def test_a_belief_is_shown_with_what_it_does_to_counted_years(changed):
    result, out = changed
    past = json.loads((out / "baseline+assumptions.json").read_text())["past"]
    assert past["us.overdose_deaths"]["years"]["2023"]["counted"] == 106_881
    line = next(line for line in result.stdout.splitlines() if line.startswith("  us.overdose_deaths: 2023 "))
    assert "as fitted" in line and line.endswith("counted 80,856")
    assert json.loads((out / "baseline.json").read_text())["past"] == {}


def test_a_policy_can_be_written_on_the_command_line(asked):
    (scenario,) = asked("--set", "us.health.naloxone=x2@2027-01~24m", "--set", "us.law.penalties=high@2028")
    assert list(scenario.policy) == ["us.health.naloxone", "us.law.penalties"]
    assert scenario.policy["us.health.naloxone"].ramp_months == 24
    assert scenario.first_lever_date() == 2027.0


def test_options_apply_to_every_scenario(asked):
    found = asked(
        "strikes", "penalties", "--assume", "depletion=off", "--assume", "titration=0.5..0.9", "--until", "2030"
    )
    assert [scenario.id for scenario in found] == ["strikes+assumptions", "penalties+assumptions"]
    for scenario in found:
        assert scenario.assume.values and scenario.assume.ranges == {"titration": (0.5, 0.9)}
        assert scenario.horizon == 2031.0


def test_an_extension_can_be_switched_on_for_a_file_that_needs_it(asked, tmp_path, refusal):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + 'policy:\n  us.health.prevention: {steps: {"2027-01": 2}}\n')
    assert "--extension prevention" in refusal("run", path)
    (scenario,) = asked(path, "--extension", "prevention")
    assert scenario.extensions == ("prevention",)


def test_scenarios_that_differ_by_policy_alone_share_a_baseline():
    frames = {comparisons._frame(Scenario.load(name)) for name in ("strikes", "penalties", "baseline")}
    assert len(frames) == 1
    assert comparisons._frame(Scenario.load("strikes").with_assumption("depletion=off")) not in frames


# Refusals


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "stirkes"), "did you mean 'strikes'"),
        (("run", "gun-flows"), "did you mean 'gun-flow'"),
        (("run", "baseline", "--set", "us.health.naloxon=x2@2027"), "did you mean 'us.health.naloxone'"),
        (("run", "baseline", "--set", "us.health.naloxone"), "write LEVER=VALUE@DATE~RAMP"),
        (("run", "baseline", "--set", "us.health.naloxone=9999@2027"), "9,999 is out of range, use 0 to 2,000"),
        (("run", "baseline", "--set", "us.health.prevention=2@2027"), "--extension prevention"),
        (("run", "baseline", "--extension", "preventoin"), "did you mean 'prevention'"),
        (("run", "baseline", "--extension", "x"), "use one of"),
        (("run", "baseline", "--assume", "titraton=0.5"), "did you mean 'titration'"),
        (("run", "baseline", "--assume", "titration=off"), "titration cannot be off"),
        (("run", "baseline", "--assume", "titration=2"), "out of range"),
        (("run", "baseline", "--assume", "naloxone_effect=1e6"), "use -0.52 to 0.92"),
        (("run", "baseline", "--assume", "treatment_mortality=-50"), "use -3 to 1.2"),
        (("run", "strikes", "--until", "someday"), "--until: 'someday' is not a date"),
        (("run", "penalties", "--until", "2020"), "--until 2020: us.law.penalties has a step after the horizon"),
        (("run", "baseline", "--until", "2020"), "nothing is left of the window, which begins in 2025-01"),
        (("run", "strikes", "--draws", "1000000"), "ask for fewer"),
        (("run", "nowhere/mine.yaml"), "cannot read the file"),
        (("run",), "nothing to run"),
        (("explain", "us.overdose_death"), "did you mean 'us.overdose_deaths'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(refusal, arguments, said):
    written = ("--out", "results") if arguments[0] == "run" else ()
    assert said in refusal(*arguments, *written)
    assert said in refusal(*arguments, *written, "--json")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HEAD + "polcy: {}\n", 2, "did you mean 'policy'"),
        (HEAD + "policy:\n  us.health.naloxone: {steps: {2027: lots}}\n", 3, "is not a setting"),
        (HEAD + "policy:\n  us.health.naloxon: {steps: {2027: x2}}\n", 3, "did you mean 'us.health.naloxone'"),
        (HEAD + "label: !!python/object:os.system x\n", 2, "tags are not allowed"),
        (HEAD + "horizon: [\n", 3, ""),
        ("schema: other\n", 1, "expected `schema: contraflow.scenario/1`"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(refusal, tmp_path, text, line, said):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    told = refusal("run", "mine.yaml", "--out", "results")
    assert f"mine.yaml:{line}: " in told and said in told


def test_an_output_folder_that_is_a_file_is_refused_before_anything_runs(refusal, tmp_path):
    (tmp_path / "results").write_text("mine")
    assert "results is a file" in refusal("run", "baseline", "--out", "results")
    assert (tmp_path / "results").read_text() == "mine"


def test_two_scenarios_of_one_name_are_refused(refusal, tmp_path):
    (tmp_path / "strikes.yaml").write_text(HEAD)
    assert "two scenarios are called 'strikes'" in refusal("run", "strikes", "strikes.yaml")


@pytest.mark.parametrize(
    "arguments", [("run", "baseline", "--bogus"), ("nonsense",), ("run", "baseline", "--draws", "0")]
)
def test_unknown_options_and_commands_end_with_status_2(call, arguments):
    result = call(*arguments)
    assert result.exit_code == 2 and result.stdout == ""


def test_an_error_of_the_program_itself_is_not_hidden(call, monkeypatch):
    monkeypatch.setattr(comparisons, "_scenarios", lambda *a: 1 / 0)
    assert isinstance(call("run", "baseline").exception, ZeroDivisionError)


# Interruption


def test_an_interrupted_run_writes_nothing(call, monkeypatch, tmp_path):
    compare, done = Model.compare, []

    def interrupted(self, scenario, *arguments, **options):
        if done:
            raise KeyboardInterrupt
        done.append(scenario.id)
        return compare(self, scenario, *arguments, **options)

    monkeypatch.setattr(Model, "compare", interrupted)
    result = call("run", "baseline", "strikes", *FEW, "--out", "results", "--json")
    assert (result.exit_code, result.stdout, done) == (130, "", ["baseline"])
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_while_writing_leaves_no_half_written_file(monkeypatch, tmp_path):
    from contraflow.cli.output import write_files

    def interrupted(self, target):
        raise KeyboardInterrupt

    (tmp_path / "a.json").write_text("before")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_files(tmp_path, {"a.json": b"after", "b.csv": b"after"})
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.json", "before")]
    write_files(tmp_path, {"a.json": b"after"})
    assert (tmp_path / "a.json").read_text() == "after"


def test_a_folder_that_cannot_be_made_is_the_users_to_repair(tmp_path):
    from contraflow.cli.output import write_files

    (tmp_path / "file").write_text("")
    with pytest.raises(ContraflowError, match="cannot write to"):
        write_files(tmp_path / "file" / "results", {"a.json": b"{}"})


# Explain, check, study


def test_explain_prints_text_or_json(call):
    told = json.loads(call("explain", "us.overdose_deaths", "--json").stdout)
    assert told == json.loads(json.dumps(contraflow.explain("us.overdose_deaths").to_dict()))
    assert told["kind"] == "outcome" and told["equation"]
    assert call("explain", "us.overdose_deaths").stdout.startswith("us.overdose_deaths: ")


def test_check_ends_with_status_1_where_something_does_not_hold(call, monkeypatch):
    from contraflow.analysis import check

    report = {
        "variables": 2, "stocks": 1, "flows": 1, "model": "abc", "posterior": "def", "units_checked": 2,
        "units_failed": [], "ledgers": {"people": 1e-15}, "parameters": 1, "parameters_with_source": 1, "sources": 1,
        "series": 1, "claims": 1, "levers": 1, "outcomes": 1, "scenarios": 1, "loops": {"B1": False},
        "step_halving_max_change": 0.0, "step_halving_outcome": "us.overdose_deaths", "step_halving_window": "2024",
        "problems": ["the loop B1 is missing"],
    }  # fmt: skip
    monkeypatch.setattr(check, "check", lambda *arguments: report)
    printed, shown = call("check", "--json"), call("check")
    assert (printed.exit_code, shown.exit_code) == (1, 1)
    assert json.loads(printed.stdout) == report
    assert "the loop B1 is missing" in shown.stdout
    assert hashes("abc", fit_hash(), "def") in shown.stdout
    monkeypatch.setitem(report, "problems", [])
    assert call("check").exit_code == 0


def test_study_prints_its_summary(call, monkeypatch):
    from contraflow.report import study

    class Written:
        summary_text, report_path = "What it found.", Path("r/index.html")
        findings = ({"scenario": "strikes", "standing": "undecided"},)

    monkeypatch.setattr(study, "run_study", lambda name, out, draws, progress: Written)
    assert call("study", "--out", "r").stdout == "What it found.\n"
    printed = json.loads(call("study", "--out", "r", "--json").stdout)
    told = {"study": "border", "report": "r/index.html", "summary": "What it found."}
    assert printed == told | {"findings": list(Written.findings)}


# What a command does not need it does not import

SLOW = {"jax", "numpy", "scipy", "pandas", "xarray", "matplotlib", "h5py", "ruamel.yaml"}
CALL = """
import contextlib, io, sys
from contraflow.cli import main
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    main()
assert shown.getvalue()
print(*sys.modules)
"""


def modules(code, *arguments):
    """Modules that a new process has imported in the end."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("run", "--help"), ("explain", "--help")])
def test_help_imports_nothing_slow(arguments):
    found = modules(CALL, *arguments)
    assert "typer" in found
    assert found & SLOW == set()


def test_what_runs_a_scenario_imports_nothing_that_only_shows_or_fits():
    found = modules("import sys, contraflow.analysis.runs; print(*sys.modules)")
    assert "jax" in found
    assert not found & {"xarray", "pandas", "matplotlib", "scipy.stats", "scipy.optimize", "arviz", "statsmodels"}


# Validation


@pytest.fixture
def validated(monkeypatch):
    """A validation in which one test of structure holds or fails, without running anything."""
    from contraflow.validation import validate

    def made(verdict, **more):
        whole = dict.fromkeys(validate.KEYS) | {"model": "m", "posterior": "p", "quick": False, "stale": []}
        whole["missing"] = [
            {"part": "barlas", "why": "it was never run", "command": "contraflow validate --part barlas"}
        ]
        whole["barlas"] = [{"id": "units", "verdict": verdict, "evidence": {}}]
        whole |= more
        monkeypatch.setattr(validate, "validate", lambda step, quick: whole)

    return made


def test_the_validation_ends_with_status_1_where_a_test_of_structure_fails(call, validated):
    validated("holds")
    assert call("validate").exit_code == 0
    validated("fails")
    result = call("validate", "--json")
    assert result.exit_code == 1 and json.loads(result.stdout)["barlas"][0]["verdict"] == "fails"
    assert "contraflow validate --part barlas" in call("validate").stdout


def test_coverage_and_the_weights_of_structures_are_told_in_a_line_each(call, validated):
    rows = [
        {"weight": weight, "coverage": {"50": False, "80": narrow, "95": True}}
        for weight, narrow in ((1.0, True), (0.5, False), (0.5, False), (0.0, False))
    ]
    others = [{"id": "no-rents", "stacking_weight": 0.2}, {"id": "reference", "stacking_weight": 0.8}]
    validated("holds", backtests=rows, alternatives=others)
    told = " ".join(call("validate").stdout.split())
    # What is not pooled has no weight, and years of one origin and series share theirs.
    assert "Coverage 3 forecasts; outcomes inside their intervals: 0 % at 50 %, 50 % at 80 %, 100 % at 95 %" in told
    assert "Other structures reference 80 %, no-rents 20 %" in told


def test_a_quick_validation_stores_nothing(refusal):
    assert "--quick stores nothing" in refusal("validate", "--quick", "--part", "barlas")
