"""Kernels are built once, kept safely, and never taken for good when they are not."""

import logging
import os
import re
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from contraflow.engine import Grid, assemble, auxiliary, cache, native, series, simulate
from contraflow.engine.native import build, calls, kernel
from contraflow.engine.native.emission import c_text
from contraflow.engine.native.program import program


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """A cache and a process that hold nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "_loaded", {})
    monkeypatch.setattr("jax.ffi.register_ffi_target", lambda *a, **k: None)  # a name may be registered once only
    calls._notice.cache_clear()
    return tmp_path / "contraflow" / "native"


def model(factor=2.0, content=None):
    @auxiliary("1")
    def value(x):
        """A multiple."""
        return factor * x

    return assemble({"x": series("1", role="driver", doc="An input."), "value": value}, {}, content=content)


def value(of):
    return native.simulate(of, {}, {"x": np.full(4, 3.0)}, Grid(2000, 2), ["value"]).values["value"][0, 0]


@pytest.fixture
def compilations(monkeypatch):
    """The command lines of compilers that were started."""
    seen = []
    real = subprocess.run

    def run(command, **options):
        if "-o" in command:
            seen.append(command)
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_a_kernel_is_kept_in_the_users_own_folder_and_found_again(empty_cache, compilations, monkeypatch):
    assert value(model()) == 6
    (kept,) = empty_cache.iterdir()
    assert stat.S_IMODE(empty_cache.stat().st_mode) == 0o700
    monkeypatch.setattr(build, "_loaded", {})
    assert value(model()) == 6
    assert len(compilations) == 1
    assert list(empty_cache.iterdir()) == [kept]


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-40] + bytes(40)])
def test_a_damaged_file_is_built_again(empty_cache, compilations, damage, monkeypatch):
    assert value(model()) == 6
    (kept,) = empty_cache.iterdir()
    content = kept.read_bytes()
    kept.unlink()  # a process maps the file: another of the same name must take its place
    kept.write_bytes(damage(content))
    monkeypatch.setattr(build, "_loaded", {})
    assert value(model()) == 6
    assert len(compilations) == 2
    assert cache.read(kept) is not None


@pytest.fixture
def traced(monkeypatch):
    """Models whose kernels were traced and not taken from the cache."""
    seen = []
    real = kernel.program
    monkeypatch.setattr(kernel, "program", lambda model, *a, **k: seen.append(model) or real(model, *a, **k))
    return seen


def test_the_text_of_a_kernel_is_kept_for_one_content_of_files(traced, compilations, monkeypatch):
    for _ in range(2):
        monkeypatch.setattr(build, "_loaded", {})
        assert value(model(content="files")) == 6
    assert len(traced) == len(compilations) == 1
    assert value(model(content="other files")) == 6
    assert value(model(3.0, content="files")) == 9
    assert (len(traced), len(compilations)) == (3, 2)


def test_what_a_kernel_records_is_part_of_its_name(traced):
    first, grid = model(content="files"), Grid(2000, 2)
    assert value(first) == 6
    found = native.simulate(model(content="files"), {}, {"x": np.full(4, 3.0)}, grid, ["x", "value"])
    assert set(found.values) == {"x", "value"}
    native.simulate(model(content="files"), {}, {"x": np.full(4, 3.0)}, grid, ["value"], single=True)
    assert len(traced) == 3


def test_a_damaged_text_is_made_again(empty_cache, traced):
    assert value(model(content="files")) == 6
    (kept,) = (empty_cache.parent / "kernels").iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    assert value(model(content="files")) == 6
    assert len(traced) == 2


def test_a_model_that_nobody_vouches_for_is_traced_each_time(empty_cache, traced):
    assert [value(model()) for _ in range(2)] == [6, 6]
    assert len(traced) == 2
    assert not (empty_cache.parent / "kernels").exists()


def test_another_equation_processor_or_compiler_is_another_kernel(monkeypatch):
    text = c_text(program(model(), ["value"]))
    names = {build._name(text, ("cc",)), build._name(c_text(program(model(3.0), ["value"])), ("cc",))}
    names.add(build._name(c_text(program(model(), ["value"]), single=True), ("cc",)))
    monkeypatch.setattr(build, "_version", lambda command: "another")
    names.add(build._name(text, ("cc",)))
    monkeypatch.setattr("contraflow.engine.cache.processor", lambda: "another")
    names.add(build._name(text, ("cc",)))
    monkeypatch.setattr(build, "PROCESSOR", "-another")
    names.add(build._name(text, ("cc",)))
    assert len(names) == 6


def test_the_same_model_has_the_same_text():
    assert c_text(program(model(), ["value"], gradient=True)) == c_text(program(model(), ["value"], gradient=True))


def test_processes_may_build_at_once(empty_cache):
    code = textwrap.dedent("""
        import numpy as np
        from contraflow.engine import Grid, assemble, native, series, auxiliary
        @auxiliary("1")
        def value(x):
            "A multiple."
            return 2 * x
        m = assemble({"x": series("1", role="driver", doc="An input."), "value": value}, {})
        print(native.simulate(m, {}, {"x": np.full(4, 3.0)}, Grid(2000, 2), ["value"]).values["value"][0, 0])
    """)
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [p.communicate()[0].strip() for p in started] == ["6.0"] * 3
    (kept,) = empty_cache.iterdir()
    assert cache.read(kept) is not None


def test_an_entry_pruned_between_reading_and_loading_is_built_for_the_process_alone(
    empty_cache, compilations, monkeypatch
):
    real = build.ctypes.CDLL

    def load(path):
        if str(path).startswith(str(empty_cache)):
            raise OSError("no such file")
        return real(path)

    monkeypatch.setattr(build.ctypes, "CDLL", load)
    assert value(model()) == 6
    assert len(compilations) == 2


def test_a_folder_that_others_may_write_to_is_not_trusted(empty_cache):
    empty_cache.mkdir(parents=True)
    empty_cache.chmod(0o777)
    assert value(model()) == 6
    assert not os.listdir(empty_cache)


def test_without_a_folder_a_kernel_is_built_for_the_process_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert value(model()) == 6


@pytest.mark.parametrize(
    ("compiler", "reason"), [("no-such-compiler", "there is no C compiler"), ("false", "the C compiler .*false failed")]
)
def test_without_a_working_compiler_the_reference_runs_with_one_notice(compiler, reason, monkeypatch, caplog):
    monkeypatch.setenv("CC", compiler)
    with caplog.at_level(logging.WARNING):
        found = [value(model()) for _ in range(2)]
    expected = simulate(model(), {}, {"x": np.full(4, 3.0)}, Grid(2000, 2), ["value"]).values["value"][0, 0]
    assert found == [expected, expected]
    (notice,) = caplog.messages
    assert re.search(reason, notice)
