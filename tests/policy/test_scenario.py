"""Scenarios: what may be written, what the hash covers, and what users are told when something is wrong."""

import pickle

import pytest

from contraflow import evidence
from contraflow.errors import ContraflowError, UnknownName
from contraflow.inference.posterior import load_posterior
from contraflow.policy import Absolute, ExtensionOff, Factor, OutOfRange, Scenario, ScenarioError, Schedule, Step
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.levers import LEVERS

HEAD = "schema: contraflow.scenario/1\n"
NALOXONE = "us.health.naloxone"


@pytest.fixture
def load(tmp_path):
    """Writes a scenario file and loads it."""

    def load_text(text, head=HEAD):
        path = tmp_path / "mine.yaml"
        path.write_text(head + text, encoding="utf-8")
        return Scenario.load(path)

    return load_text


@pytest.fixture
def message(load):
    """What the user is told about a file that cannot be used: one line, exit status 2."""

    def message_of(text, error=ContraflowError, head=HEAD):
        with pytest.raises(error) as caught:
            load(text, head)
        assert caught.value.exit_code == 2
        told = str(caught.value)
        assert "\n" not in told
        return told

    return message_of


def policy(setting, lever=NALOXONE):
    return f"policy:\n  {lever}: {setting}\n"


# What may be written


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("high", Absolute(900, "high")),
        ("800", Absolute(800)),
        ('"800"', Absolute(800)),
        ("8e2", Absolute(800)),
        ("x2", Factor(2)),
        ("x0.5", Factor(0.5)),
        ("today", Factor(1)),
    ],
)
def test_settings(load, written, target):
    scenario = load(policy(f'{{steps: {{"2027-01": {written}}}}}'))
    assert scenario.policy[NALOXONE].steps == (Step(2027.0, target),)
    assert scenario.policy[NALOXONE].ramp_months == LEVERS[NALOXONE].ramp_months


@pytest.mark.parametrize("difference", [10, -10])
def test_differences_are_written_in_quotes(load, difference):
    scenario = load(policy(f'{{steps: {{"2027-01": "{difference:+d}"}}}}'))
    assert scenario.policy[NALOXONE].steps[0].target.value == difference


@pytest.mark.parametrize(
    ("written", "months"), [("24 months", 24), ("24", 24), ("24m", 24), ("2 years", 24), ("2y", 24), ("0", 0)]
)
def test_ramps(load, written, months):
    assert load(policy(f"{{steps: {{2027: high}}, ramp: {written}}}")).policy[NALOXONE].ramp_months == months


@pytest.mark.parametrize("date", ["2027", '"2027"', "2027-01", '"2027-01"', "2027-01-01"])
def test_dates_as_keys(load, date):
    assert load(policy(f"{{steps: {{{date}: high}}}}")).first_lever_date() == 2027.0


def test_an_empty_scenario_is_the_baseline(load):
    assert load("").hash == Scenario().hash == Scenario.load("baseline").hash
    assert Scenario().first_lever_date() is None
    assert Scenario(policy={NALOXONE: Schedule((), 3)}).hash == Scenario().hash


def test_the_first_lever_date_is_the_earliest():
    scenario = Scenario(
        policy={
            NALOXONE: {"steps": {"2028-01": "high", "2026-07": "low"}},
            "us.law.penalties": {"steps": {"2027": "high"}},
        }
    )
    assert scenario.first_lever_date() == 2026.5


def test_python_and_files_give_the_same_scenario(load):
    from_file = load(policy('{steps: {"2027-01": x2}, ramp: 12 months}') + "assume: {deterrence: off}\n")
    in_python = Scenario(
        policy={NALOXONE: {"steps": {"2027": "x2"}, "ramp": 12}}, assume={"deterrence": "off"}, id="another"
    )
    assert from_file == in_python
    assert from_file.id == "mine"


def test_scenarios_can_be_sent_to_other_processes():
    scenario = Scenario.load("harm-reduction")
    assert pickle.loads(pickle.dumps(scenario)) == scenario


# On the command line


def test_a_setting_on_the_command_line():
    scenario = Scenario().with_policy("us.health.naloxone=x2@2027-01~24m")
    assert scenario.policy[NALOXONE] == Schedule((Step(2027.0, Factor(2)),), 24)
    assert Scenario().policy == {}, "the original is left alone"


def test_date_and_ramp_may_be_left_out():
    schedule = Scenario().with_policy("us.health.naloxone=high").policy[NALOXONE]
    assert schedule == Schedule((Step(2025.0, Absolute(900, "high")),), LEVERS[NALOXONE].ramp_months)


def test_settings_of_one_lever_add_up_to_a_path():
    scenario = Scenario().with_policy(f"{NALOXONE}=high@2026").with_policy(f"{NALOXONE}=today@2028~0")
    assert [step.date for step in scenario.policy[NALOXONE].steps] == [2026.0, 2028.0]
    assert scenario.policy[NALOXONE].ramp_months == 0
    replaced = scenario.with_policy(f"{NALOXONE}=+10@2026")
    assert len(replaced.policy[NALOXONE].steps) == 2
    assert replaced.policy[NALOXONE].steps[0].target.value == 10


@pytest.mark.parametrize("written", [NALOXONE, f"{NALOXONE}=", "=high", f"{NALOXONE}=high@", ""])
def test_a_malformed_setting_is_told_the_form(written):
    with pytest.raises(ScenarioError, match="LEVER=VALUE@DATE~RAMP"):
        Scenario().with_policy(written)


def test_assumptions_on_the_command_line():
    scenario = Scenario().with_assumption("deterrence=off").with_assumption("control_evasion=0.1..0.5")
    assert scenario.assume.values == {"deterrence": 0.0}
    assert scenario.assume.ranges == {"control_evasion": (0.1, 0.5)}
    assert scenario.with_assumption("deterrence=-0.1").assume.values == {"deterrence": -0.1}
    with pytest.raises(ScenarioError, match="NAME=off"):
        Scenario().with_assumption("deterrence")


def test_a_changed_scenario_does_not_go_by_its_old_name():
    shipped = Scenario.load("baseline")
    changed = shipped.with_policy(f"{NALOXONE}=high")
    assert changed.id == "baseline+changes"
    assert (changed.label.en, changed.label.es) == ("No change, with changes", "Sin cambios, con modificaciones")
    assert changed.with_policy("us.law.penalties=high").id == "baseline+changes"
    assumed = changed.with_assumption("deterrence=off").with_assumption("titration=0.5")
    assert assumed.id == "baseline+changes+assumptions"
    assert assumed.label.es == "Sin cambios, con modificaciones, bajo supuestos"
    assert (shipped.id, shipped.label) == ("baseline", Scenario.load("baseline").label), "the original is left alone"
    assert Scenario().with_policy(f"{NALOXONE}=high").id == "custom", "no name that it could be taken for"


def test_an_extension_changes_a_scenario_that_does_not_have_it(load):
    assert Scenario.load("strikes", ["cooperation"]).id == "strikes+changes"
    assert Scenario.load("strikes").with_extension("cooperation").id == "strikes+changes"
    assert load("extensions: [cooperation]\n").with_extension("cooperation").id == "mine"


def test_an_extension_on_the_command_line():
    with pytest.raises(ExtensionOff, match="--extension prevention"):
        Scenario().with_policy("us.health.prevention=high")
    scenario = Scenario().with_extension("prevention").with_policy("us.health.prevention=high")
    assert scenario.extensions == ("prevention",)


# Assumptions


def test_off_sets_every_strength_to_its_null():
    assumed = Scenario(assume={"harm_reduction": "off", "depletion": "off", "supply_shock_2023": "off"}).assume
    assert assumed.values == {"naloxone_effect": 0.0, "site_effect": 0.0, "risk_ratio": 1.0}
    assert assumed.frozen == ("supply_shock_2023",)


def test_a_hypothesis_and_a_parameter_may_be_set_or_held_in_a_range(load):
    assumed = load("assume:\n  titration: [0.5, 0.9]\n  lab_slack: 2\n  lab_count: 500\n").assume
    assert assumed.ranges == {"titration": (0.5, 0.9)}
    assert assumed.values == {"lab_slack": 2.0, "lab_count": 500.0}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("titration: off", "titration cannot be off. No value is neutral"),
        ("harm_reduction: 0.3", "set them one by one: naloxone_effect, site_effect"),
        ("supply_shock_2023: 2", "write `supply_shock_2023: off`"),
        ("lab_count: off", "only a hypothesis can be off"),
        ("deterrence: false", "write off, a number, or a range"),
        ("deterrence: strong", "write off, a number, or a range"),
        ("deterrence: .nan", "write off, a number, or a range"),
        ("deterrence: [0.1]", "a range has two numbers"),
        ("deterrence: [0.2, 0.1]", "the lower number first"),
        ("cash_time: [0.1, 0.2]", "is a constant"),
        ("cash_time: 0.2", "is a constant of the model, 0.5"),
    ],
)
def test_assumptions_that_cannot_be_made(message, entry, told):
    text = message(f"assume:\n  {entry}\n", ScenarioError)
    assert told in text
    assert "mine.yaml:3: " in text


def test_an_assumption_outside_its_prior_says_so(message):
    text = message("assume:\n  control_evasion: 1.3\n", OutOfRange)
    assert "use 0 to 1" in text
    assert "beta prior" in text
    assert "use 1 to 6" in message("assume:\n  lab_slack: -1\n", OutOfRange)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("naloxone_effect: 1.0e+6", "1,000,000 is out of range, use -0.52 to 0.92: Rescue per naloxone kit"),
        ("treatment: -50", "treatment_mortality: -50 is out of range, use -3 to 1.2"),
        ("lab_count: 0", "use 15 to 67,000"),
        ("counterfeit_entry: 9", "use 0 to 3"),
        ("other_missing_rate: 1", "use 0.00000015 to 0.00067"),
    ],
)
def test_a_value_that_an_unbounded_prior_does_not_reach_is_refused(message, entry, told):
    text = message(f"assume:\n  {entry}\n", OutOfRange)
    assert told in text
    assert "6 standard deviations" in text and "contraflow explain" in text


def test_the_null_of_a_hypothesis_may_be_set_however_far_it_lies():
    known = evidence.load().parameters
    for hypothesis in HYPOTHESES.values():
        for parameter, null in hypothesis.parameters.items():
            if null is not None:
                assert Scenario(assume={parameter: null}).assume.values == {parameter: null}
    assert known["contamination_hazard"].prior.family == "lognormal", "a prior that never reaches its null, 0"


def test_what_draws_hold_may_be_set():
    known = evidence.load().parameters
    for parameter, draws in load_posterior().parameters().items():
        if not known[parameter].prior.is_fixed:
            for value in (float(draws.min()), float(draws.max())):
                assert Scenario(assume={parameter: value}).assume.values == {parameter: value}


def test_strengths_are_set_one_by_one_where_one_has_the_name_of_the_hypothesis():
    assumed = Scenario(assume={"threat_response": 0.5, "threat_compliance": 0.1}).assume
    assert assumed.values == {"threat_response": 0.5, "threat_compliance": 0.1}


def test_a_range_may_end_beyond_what_its_prior_reaches():
    """Nothing is imposed by a range: draws fill it or do not."""
    assert Scenario(assume={"lab_count": (0, 500)}).assume.ranges == {"lab_count": (0.0, 500.0)}


def test_one_parameter_cannot_be_assumed_twice(message):
    for first, second in [
        ("harm_reduction: off", "naloxone_effect: 0.2"),
        ("naloxone_effect: 0.2", "harm_reduction: off"),
    ]:
        told = message(f"assume:\n  {first}\n  {second}\n", ScenarioError)
        assert "mine.yaml:4: naloxone_effect is assumed twice" in told


# Names that do not exist


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (policy("{steps: {2027: x2}}", "us.health.naloxon"), "unknown lever 'us.health.naloxon'; did you mean"),
        ("outcomes: [us.overdose_death]\n", "unknown outcome 'us.overdose_death'; did you mean 'us.overdose_deaths'?"),
        ("extensions: [politic]\n", "unknown extension 'politic'; did you mean 'politics'?"),
        ("assume:\n  deterence: off\n", "did you mean 'deterrence'?"),
        (policy("{steps: {2027: x2}}", "us.guns.dealer_inspections"), "did you mean 'us.guns.dealer_inspection'?"),
    ],
)
def test_unknown_names_are_told_the_nearest(message, text, told):
    text = message(text, UnknownName)
    assert told in text
    assert "mine.yaml:" in text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("[assumption, seed_01]", "mine.yaml:5: unknown source 'seed_01'; did you mean 'seed_001'?"),
        ("[assumtion]", "did you mean 'assumption'?"),
        ("[zzzzzzzz]", "use an id that `contraflow sources` lists, `assumption`, a URL, or a citation in words"),
        ("\n      - seed_001\n      - seed_0001", "mine.yaml:7: unknown source 'seed_0001'; did you mean 'seed_001'?"),
    ],
)
def test_an_unknown_source_is_told_the_nearest_and_its_line(message, source, told):
    setting = f"\n    steps: {{2027: high}}\n    source: {source}"
    assert told in message(policy(setting), UnknownName)


@pytest.mark.parametrize("source", ["https://example.org/report.pdf", "Ministry of Health, annual report 2023, p. 4"])
def test_a_source_may_be_a_url_or_a_citation_in_words(load, source):
    scenario = load(policy(f'{{steps: {{2027: high}}, source: [seed_001, "{source}"]}}'))
    assert scenario.sources == {NALOXONE: ("seed_001", source)}


def test_unknown_scenarios():
    with pytest.raises(UnknownName, match="did you mean 'harm-reduction'") as caught:
        Scenario.load("harm-reducton")
    assert caught.value.exit_code == 2
    with pytest.raises(UnknownName, match="baseline, cooperation-breakdown"):
        Scenario.load("zzz")
    with pytest.raises(ScenarioError, match="nowhere.yaml: cannot read"):
        Scenario.load("nowhere.yaml")


def test_a_lever_of_an_extension_that_is_off_says_how_to_switch_it_on(message, load):
    threats = policy("{steps: {2027: high}}", "us.health.prevention")
    told = message(threats, ExtensionOff)
    assert "`extensions: [prevention]`" in told
    assert "`--extension prevention`" in told
    assert "'mine'" in told
    assert load("extensions: [prevention]\n" + threats).extensions == ("prevention",)


# Values out of range


@pytest.mark.parametrize("written", ["9", '"9"', "x9", '"+8"'])
def test_out_of_range_gives_the_range_and_why(message, written):
    told = message(policy(f"{{steps: {{2027: {written}}}}}", "us.law.penalties"), OutOfRange)
    assert "9 is out of range, use 0.5 to 3: " in told
    assert LEVERS["us.law.penalties"].range_reason in told
    assert "mine.yaml:3: " in told


def test_a_setting_of_the_past_is_checked_against_what_was_in_force(message, load):
    doubled = '{steps: {"2008-06": x2}, ramp: 0}'
    told = message(policy(doubled, "bilateral.data_sharing"), OutOfRange)
    assert "2 is out of range, use 0.02 to 1: " in told
    assert "in 2008-06 it was 1" in told
    assert "mine.yaml:3: " in told
    assert load(policy(doubled.replace("2008", "2026"), "bilateral.data_sharing"))
    with pytest.raises(OutOfRange):
        Scenario(policy={"bilateral.data_sharing": Schedule((Step(2008.5, Factor(2)),), 0)})


def test_a_bare_minus_is_taken_for_a_value_and_explained(message):
    assert 'in quotes, "-10"' in message(policy("{steps: {2027: -10}}"), OutOfRange)


def test_a_bare_plus_is_refused(message):
    assert 'in quotes, "+10"' in message(policy("{steps: {2027: +10}}"), ScenarioError)


def test_schedules_from_python_are_checked_too():
    with pytest.raises(OutOfRange):
        Scenario(policy={"us.law.penalties": Schedule((Step(2027.0, Factor(9)),), 0)})


# Malformed files


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("policy: {\n", None, ""),
        ("policy: []\n", 2, "`policy` expects `name: value` pairs"),
        ("polcy: {}\n", 2, "did you mean 'policy'?"),
        (policy("high"), 3, 'expected {steps: {"2027-01": high}, ramp: 24 months}'),
        (policy("{}"), 3, "`steps` expects at least one date"),
        (policy("{steps: {}}"), 3, "`steps` expects at least one date"),
        (policy("{steps: {2027: high}, rampe: 3}"), 3, "did you mean 'ramp'?"),
        (policy("{steps: {2027: high}, ramp: soon}"), 3, "a ramp is written `24 months`"),
        (policy("{steps: {2027: high}, ramp: -3}"), 3, "a ramp is written `24 months`"),
        (policy("{steps: {2027: high}, ramp: 90 years}"), 3, "longer than the 36 years"),
        (policy("\n    steps:\n      2027: high\n      soon: low"), 6, "a date is written 2027"),
        (policy("\n    steps:\n      2027: hihg"), 5, "did you mean 'high'?"),
        (policy("{steps: {2027: high, 2027-01: low}}"), 3, "two steps at the same date"),
        (policy("{steps: {2027: true}}"), 3, "write a level (low, today, high, highest)"),
        (policy("{steps: {2027: .inf}}"), 3, "write a level (low, today, high, highest)"),
        (policy("{steps: {2027: .nan}}"), 3, "write a level (low, today, high, highest)"),
        (policy('{steps: {2027: "1,270"}}'), 3, "a number of 0 to 2,000"),
        (policy("{steps: {2027: x2}}", "us.force.strikes"), 3, "today's value, 0, is 0"),
        (policy("{steps: {2027: high}, source: seed_001}"), 3, "a list of source ids"),
        ("assume: [titration]\n", 2, "`assume` expects `name: value` pairs"),
        ("horizon: never\n", 2, "a date is written 2027"),
        ("horizon: 2030.5\n", 2, "a date is written 2027"),
        ("horizon: 0\n", 2, "a date is written 2027"),
        ("horizon: 2040\n", 2, "2000-01 to 2035-12"),
        ("horizon: 2026\n" + policy("{steps: {2027: high}}"), 2, "step after the horizon"),
        ("outcomes: us.overdose_deaths\n", 2, "`outcomes` expects a list"),
        ("label: {fr: essai}\n", 2, "`label` expects a text"),
        ("label: 3\n", 2, "`label` expects a text"),
        ("horizon: 2030\nhorizon: 2031\n", None, "duplicate key"),
        ("label: !!python/object:os.system x\n", 2, "tags are not allowed"),
        ("label: !!str x\n", 2, "tags are not allowed"),
        ("policy: &a {}\nassume: *a\n", 2, "anchors and aliases are not allowed"),
    ],
)
def test_malformed_files_give_file_line_and_what_was_expected(message, text, line, expected):
    told = message(text, ScenarioError)
    assert f"mine.yaml:{line}: " in told if line else "mine.yaml:" in told
    assert expected in told


def test_the_schema_is_asked_for(message):
    assert "mine.yaml" in message("policy: {}\n", ScenarioError, head="")
    assert "expected `schema: contraflow.scenario/1`" in message("policy: {}\n", ScenarioError, head="")
    assert "not 'contraflow.scenario/9'" in message("", ScenarioError, head="schema: contraflow.scenario/9\n")
    message("- a list\n", ScenarioError, head="")
    message("", ScenarioError, head="")


# The hash


def test_names_notes_and_sources_are_outside_the_hash(load):
    plain = load(policy("{steps: {2027: high}}"))
    dressed = load(
        "label: {en: A, es: B}\nnote: n\nleaves_out: l\nresembles: r\n"
        + policy("{steps: {2027: high}, source: [seed_001], note: why}")
    )
    assert dressed.hash == plain.hash
    assert (dressed.label.en, dressed.label.es, dressed.note.es) == ("A", "B", "n")
    assert dressed.sources == {NALOXONE: ("seed_001",)}
    assert dressed.notes[NALOXONE].en == "why"


def test_the_order_of_entries_is_outside_the_hash(load):
    first = load(
        "outcomes: [us.opioid_deaths, us.overdose_deaths]\nassume: {deterrence: off, lab_slack: 2}\npolicy:\n"
        "  us.health.naloxone: {steps: {2027: high, 2029: low}}\n  us.law.penalties: {steps: {2027: high}}\n"
    )
    second = load(
        "policy:\n  us.law.penalties: {steps: {2027: high}}\n  us.health.naloxone: {steps: {2029: low, 2027: high}}\n"
        "assume: {lab_slack: 2, deterrence: off}\noutcomes: [us.overdose_deaths, us.opioid_deaths]\n"
    )
    assert first.hash == second.hash
    assert first.assume == second.assume or first.assume.values == second.assume.values


@pytest.mark.parametrize("same", ['{steps: {"2027-01": 900}, ramp: 18}', "{steps: {2027: high}, ramp: 18 months}"])
def test_two_ways_to_write_the_same_have_one_hash(load, same):
    assert load(policy(same)).hash == load(policy("{steps: {2027: high}}")).hash


@pytest.mark.parametrize(
    "other",
    [
        policy("{steps: {2027: 801}}"),
        policy("{steps: {2027-02: high}}"),
        policy("{steps: {2027: high}, ramp: 17}"),
        policy("{steps: {2027: high}}") + "horizon: 2034\n",
        policy("{steps: {2027: high}}") + "assume: {deterrence: off}\n",
        policy("{steps: {2027: high}}") + "assume: {deterrence: 0.1}\n",
        policy("{steps: {2027: high}}") + "assume: {deterrence: [0, 0.1]}\n",
        policy("{steps: {2027: high}}") + "extensions: [prevention]\n",
    ],
)
def test_other_content_has_another_hash(load, other):
    assert load(other).hash != load(policy("{steps: {2027: high}}")).hash


def test_the_hash_is_stable_between_sessions():
    assert Scenario().hash == "fe4de4fb0d60faaddc89a61535c3f6bbaa4ac1f7e0626f4e9ada05569e375edd"
    assert (
        Scenario(policy={NALOXONE: {"steps": {"2027-01": "x2"}, "ramp": 24}}).hash
        == "410d392ca687d5df1a9d3c23931730ce06e35dc05bc77d8a96079897af27c672"
    )
