"""The validation put together: a result belongs to a model, a posterior and settings, and is stale when they change."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from contraflow.cli.validate import _summary
from contraflow.errors import ContraflowError, UnknownName
from contraflow.inference import fit
from contraflow.inference.posterior import PosteriorError
from contraflow.validation import held_back, record, validate
from contraflow.validation.record import Made
from contraflow.validation.validate import KEYS, Making, Part, made_anew

NOW = Made("model", "posterior")
SETTINGS = {"draws": 39}
HEAVY = Part("heavy", ("sbc", "recovery"), lambda making: {}, settings=lambda: SETTINGS)


class Invented:
    """A posterior of which only the hash and the record of its fit are asked."""

    hash = NOW.posterior
    report: Mapping[str, Any] = {}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder of results, a current posterior, and two parts: one stored, one made each time."""
    runs = []

    def heavy(making):
        runs.append(making.quick)
        making.step("half way")
        return {"sbc": {"datasets": 200 + (1 / 3), "quantities": 4, "inside_bands": 3}, "recovery": None}

    def light(making):
        return {"held_back": [{"id": "T9", "verdict": "agrees"}]}

    parts = (
        replace(HEAVY, run=heavy),
        Part("light", ("held_back",), light, stored=False),
        Part("slow", ("backtests",), lambda making: {"backtests": []}, light=False),
    )  # fmt: skip
    monkeypatch.setattr(validate, "PARTS", {p.id: p for p in parts})
    monkeypatch.setattr(validate, "load_posterior", lambda path=None, check=True: Invented())
    monkeypatch.setattr(validate, "fit_hash", lambda: NOW.model)
    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    return tmp_path, runs


def test_what_was_never_run_is_null_and_listed_with_its_command(place):
    whole = validate.validate(print)
    assert [key for key in whole if key in KEYS] == list(KEYS)
    assert whole["sbc"] is None and whole["held_back"]
    missing = {row["part"]: row for row in whole["missing"]}
    assert missing["heavy"]["command"] == "contraflow validate --part heavy"
    assert {"alternatives", "barlas"} <= set(missing)  # nothing makes them here
    assert validate.due() == ["heavy", "slow"] and whole["stale"] == []


def test_a_part_is_stored_with_what_it_belongs_to_and_read_again(place):
    folder, runs = place
    (path,) = validate.make(["heavy"], print)
    assert path.parent == folder and record.load("heavy").made == HEAVY.belongs(NOW)
    whole = validate.validate(print)
    assert whole["sbc"]["datasets"] == 200.33 and runs == [False]
    assert validate.due() == ["slow"]
    assert "heavy" not in {row["part"] for row in whole["missing"]}


@pytest.mark.parametrize("reads", [True, False])
def test_a_part_that_was_cut_off_goes_on_from_its_pieces(place, monkeypatch, reads):
    """What is finished is not made again, nor of another posterior where the part reads none; whole, none is left."""
    folder, made = place[0], []

    def piece(name):
        made.append(name)
        if made == ["first", "second"]:
            raise KeyboardInterrupt
        return {"of": name, "share": 1 / 3}

    def run(making):
        return {"sbc": [making.keep(name, lambda name=name: piece(name)) for name in ("first", "second")]}

    slow = Part("slow", ("sbc",), run, light=False, reads_posterior=reads, settings=lambda: SETTINGS)
    monkeypatch.setitem(validate.PARTS, "slow", slow)
    with pytest.raises(KeyboardInterrupt):
        validate.make(["slow"], print)
    assert [path.name for path in folder.rglob("*.json")] == ["first.json"] and record.load("slow") is None
    monkeypatch.setattr(Invented, "hash", "another")
    validate.make(["slow"], print)
    assert made == (["first", "second", "first", "second"] if reads else ["first", "second", "second"])
    assert record.load("slow").result == {"sbc": [{"of": n, "share": 0.33333} for n in ("first", "second")]}
    assert [path.name for path in folder.rglob("*.json")] == ["slow.json"]


def test_a_piece_of_other_settings_is_made_again(place):
    for n, settings in enumerate(("a", "a", "b")):
        found = record.piece("slow", "first", Made("model", "", settings), lambda n=n: {"n": n})
        assert found == {"n": {"a": 0, "b": 2}[settings]}


@pytest.mark.parametrize("made", [Made("other", NOW.posterior), Made(NOW.model, "other")])
def test_a_result_of_another_model_or_posterior_is_shown_and_listed_as_stale(place, made):
    record.save("heavy", HEAVY.belongs(made), {"sbc": {"datasets": 1}, "recovery": None})
    whole = validate.validate(print)
    (row,) = whole["stale"]
    assert row["part"] == "heavy" and "other" in row["why"] and whole["sbc"] == {"datasets": 1}
    assert "heavy" in validate.due()


def test_a_result_of_other_plans_scenarios_or_rules_is_stale(place, monkeypatch):
    validate.make(["heavy"], print)
    monkeypatch.setitem(SETTINGS, "draws", 78)
    (row,) = validate.validate(print)["stale"]
    assert row["part"] == "heavy" and "other plans, scenarios or rules" in row["why"]


def test_settings_see_what_a_part_depends_on_beside_model_and_posterior(monkeypatch):
    def settings():
        return {id: p.belongs(NOW).settings for id, p in validate.PARTS.items()}

    def changed(old):
        return {id for id, digest in settings().items() if digest != old[id]}

    before = settings()
    assert not changed(before)
    with monkeypatch.context() as m:
        m.setattr(fit, "BRIEF", replace(fit.BRIEF, chains=8))
        assert changed(before) == {"backtests", "true-supply", "alternatives"}
    with monkeypatch.context() as m:
        m.setattr(held_back, "TOO_WIDE", 4.0)
        assert changed(before) == {"held-back"}
    with monkeypatch.context() as m:
        m.setattr(validate.Scenario, "load", lambda name: validate.Scenario(id=name))
        assert changed(before) == {"calibration", "recovery", "posterior-calibration", "alternatives"}


def test_quick_makes_light_parts_anew_shows_the_rest_as_stored_and_stores_nothing(place):
    folder, runs = place
    record.save("heavy", HEAVY.belongs(NOW), {"sbc": {"datasets": 1}, "recovery": None})
    slow = validate.PARTS["slow"]
    record.save("slow", slow.belongs(NOW), {"backtests": [{"origin": 2012}]})
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    whole = validate.validate(print, quick=True)
    assert runs == [True] and whole["quick"] and whole["sbc"]["datasets"] == 200.33
    assert whole["backtests"] == [{"origin": 2012}]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_stale_posterior_is_told_and_nothing_is_made_of_it(place, monkeypatch):
    def refused(path=None, check=True):
        if check:
            raise PosteriorError("equations have changed")
        return Invented()

    monkeypatch.setattr(validate, "load_posterior", refused)
    whole = validate.validate(print)
    assert whole["stale"] == [{"part": "posterior", "why": "equations have changed", "command": "contraflow fit"}]
    with pytest.raises(PosteriorError):
        validate.make(["heavy"], print)


def test_an_unknown_part_is_refused_before_any_is_run(place):
    with pytest.raises(UnknownName, match="heavy"):
        validate.make(["heavy", "heavi"], print)
    assert place[1] == []


def test_a_damaged_result_says_how_to_make_it_again(place):
    (place[0] / "heavy.json").write_text("{}")
    with pytest.raises(ContraflowError, match="--part heavy"):
        validate.validate(print)


def test_stored_numbers_are_short_and_json():
    assert record.rounded({"a": 0.123456789, "b": [float("nan"), 3, "x"], "c": None}) == {
        "a": 0.12346, "b": [None, 3, "x"], "c": None,
    }  # fmt: skip


def test_a_part_named_twice_is_made_once(place):
    assert len(validate.make(["heavy", "heavy"], print)) == 1
    assert place[1] == [False]


def test_a_result_without_what_the_part_now_makes_is_stale_and_not_shown(place):
    record.save("heavy", HEAVY.belongs(NOW), {"sbc": {"datasets": 1}})
    whole = validate.validate(print)
    (row,) = whole["stale"]
    assert row["part"] == "heavy" and "recovery" in row["why"]
    assert whole["sbc"] is None and "heavy" in validate.due()


def test_calibration_is_told_with_how_many_fall_outside_by_chance(place):
    validate.make(["heavy"], print)
    told = _summary(validate.validate(print))["Calibration"]
    assert "3 of 4 quantities inside" in told and "0.2 expected outside by chance" in told


def test_the_shipped_parts_fill_the_promised_keys_once():
    filled = [key for p in validate.PARTS.values() for key in p.fills]
    assert len(filled) == len(set(filled)) and set(filled) <= set(KEYS)
    assert all(id == p.id for id, p in validate.PARTS.items())


def test_diagnostics_are_the_worst_of_the_stages_used(monkeypatch):
    stages = {
        "joint": {"rhat_max": 9.0, "ess_bulk_min": 1.0, "ess_tail_min": 1.0},
        "supply": {"rhat_max": 1.004, "ess_bulk_min": 900.0, "ess_tail_min": 700.0},
        "rest, given draw 3": {"rhat_max": 1.02, "ess_bulk_min": 500.0, "ess_tail_min": 800.0},
    }
    went = {"joint": {"divergence_share": 0.5}, "supply": {"divergence_share": 0.0}, "rest": {"divergence_share": 1e-4}}

    class Fitted(Invented):
        report = {"diagnostics": stages, "stages": went}

    monkeypatch.setattr(validate, "load_posterior", lambda path=None, check=True: Fitted())
    found = validate.PARTS["diagnostics"].run(Making(print, False, made_anew))
    assert found == {
        "diagnostics": {"rhat_max": 1.02, "ess_bulk_min": 500.0, "ess_tail_min": 700.0, "divergence_share": 1e-4}
    }
