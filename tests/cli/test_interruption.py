"""Ctrl-C ends a command even where Python drops the exception that it raised."""

import gc
import json
import signal
from pathlib import Path

import pytest

from contraflow.analysis.runs import Model
from contraflow.cli import interruption, output
from contraflow.report import study

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def lost_interruption():
    """SIGINT while a callback of the garbage collector runs, as JAX has one: what the handler raises there is lost."""
    reached = []

    def callback(phase, about):
        if not reached:
            reached.append(phase)
            signal.raise_signal(signal.SIGINT)

    gc.callbacks.append(callback)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(callback)
    assert reached


def test_what_is_raised_in_a_callback_of_the_garbage_collector_is_lost_and_raised_again():
    with pytest.raises(KeyboardInterrupt), interruption.recorded():
        lost_interruption()  # goes on, as if nothing had been raised
        went_on = True
    assert went_on
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interruption_is_raised_at_once():
    with pytest.raises(KeyboardInterrupt), interruption.recorded():
        lost_interruption()
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on")


def test_one_command_is_not_ended_by_the_interruption_of_another():
    with pytest.raises(KeyboardInterrupt), interruption.recorded():
        lost_interruption()
    with interruption.recorded():
        interruption.stop_if_interrupted()


def test_an_interruption_that_is_ignored_stays_so():
    """A shell starts commands in the background so."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruption.recorded():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("shown", [(), ("--json",), ("--out", "results")])
def test_a_run_ends_by_an_interruption_that_was_lost(call, monkeypatch, tmp_path, shown):
    compare = Model.compare

    def interrupted(*arguments, **options):
        found = compare(*arguments, **{**options, "progress": None})
        lost_interruption()
        return found

    monkeypatch.setattr(Model, "compare", interrupted)
    result = call("run", "baseline", "--draws", "2", *shown)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.endswith("interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_a_study_ends_by_an_interruption_that_was_lost_while_its_page_was_made(call, monkeypatch, tmp_path):
    Path("latest").mkdir()
    Path("latest/study.json").write_text(json.dumps({"earlier": True}))
    monkeypatch.setattr(study, "load", lambda: None)
    monkeypatch.setattr(study, "_simulated", lambda *arguments: None)
    monkeypatch.setattr(study.opening, "summary", lambda *arguments: "What it found.")
    monkeypatch.setattr(study.page, "write", lambda *arguments: lost_interruption())
    result = call("study", "--out", "latest")
    assert (result.exit_code, result.stdout) == (130, "")
    assert [path.name for path in tmp_path.rglob("*")] == ["latest", "study.json"]
    assert json.loads(Path("latest/study.json").read_text()) == {"earlier": True}


@pytest.mark.parametrize("told", [lambda: output.progress("running", 2), lambda: output.parts("checking")])
def test_progress_is_where_a_lost_interruption_is_raised(told):
    with pytest.raises(KeyboardInterrupt), interruption.recorded(), told() as step:
        lost_interruption()
        step(1)
        pytest.fail("went on")
