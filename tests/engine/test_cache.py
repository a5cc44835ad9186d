"""Entries of the cache are found again, made again when damaged, and never stand for anything but what made them."""

import os
import stat
import textwrap
from pathlib import Path

import pytest

from contraflow.engine import Axis, ModelError, assemble, auxiliary, cache, series
from contraflow.engine import model as assembly


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "contraflow"


class Maker:
    """Makes contents, and counts them."""

    def __init__(self):
        self.made = 0

    def __call__(self) -> bytes:
        self.made += 1
        return b"content"


def test_an_entry_is_made_once_for_the_same_parts_and_anew_for_others(own_cache):
    make = Maker()
    for parts in (("a", 1), ("a", 1), ("a", 2), ("a", "1"), (("a", 1),)):
        assert cache.kept("kind", parts, make) == b"content"
    assert make.made == 4
    assert stat.S_IMODE((own_cache / "kind").stat().st_mode) == 0o700


def test_without_parts_nothing_is_kept(own_cache):
    make = Maker()
    assert [cache.kept("kind", None, make) for _ in range(2)] == [b"content"] * 2
    assert make.made == 2
    assert not own_cache.exists()


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b"", lambda b: b"d" + b[1:], lambda b: b + b"x", lambda b: b[-32:]]
)
def test_a_damaged_entry_is_made_again(own_cache, damage):
    make = Maker()
    cache.kept("kind", ("a",), make)
    (entry,) = (own_cache / "kind").iterdir()
    sound = entry.read_bytes()
    entry.write_bytes(damage(sound))
    assert cache.kept("kind", ("a",), make) == b"content"
    assert make.made == 2
    assert entry.read_bytes() == sound


def test_nothing_is_kept_of_what_cannot_be_made(own_cache):
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.kept("kind", ("a",), fail)
    assert not os.listdir(own_cache / "kind")


def test_a_folder_that_others_may_write_to_is_not_read(own_cache):
    make = Maker()
    cache.kept("kind", ("a",), make)
    (own_cache / "kind").chmod(0o777)
    assert cache.folder("kind") is None
    cache.kept("kind", ("a",), make)
    assert make.made == 2


def test_everything_works_where_no_folder_can_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache.folder("kind") is None
    assert cache.kept("kind", ("a",), Maker()) == b"content"


def test_a_disk_that_takes_nothing_is_no_error(monkeypatch):
    def full(*arguments, **options):
        raise OSError("no space")

    monkeypatch.setattr(cache.tempfile, "mkstemp", full)
    assert cache.kept("kind", ("a",), Maker()) == b"content"


def test_entries_used_longest_ago_go_first(own_cache, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 3)
    for k in range(3):
        cache.kept("kind", (k,), Maker())
        os.utime(own_cache / "kind" / cache.name_of(k), (1000 + k, 1000 + k))
    cache.kept("kind", (0,), Maker())
    cache.kept("kind", (3,), Maker())
    assert {p.name for p in (own_cache / "kind").iterdir()} == {cache.name_of(k) for k in (0, 2, 3)}


def test_an_entry_whose_time_cannot_be_set_is_still_sound(monkeypatch):
    make = Maker()
    cache.kept("kind", ("a",), make)

    def refused(*arguments, **options):
        raise PermissionError("not yours")

    monkeypatch.setattr(cache.os, "utime", refused)
    assert cache.kept("kind", ("a",), make) == b"content"
    assert make.made == 1


def test_what_another_process_is_writing_is_no_entry(own_cache, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 1)
    cache.kept("kind", (0,), Maker())
    begun = own_cache / "kind" / ".begun.partial"
    begun.write_bytes(b"con")
    os.utime(begun, (1000, 1000))
    os.utime(own_cache / "kind" / cache.name_of(0), (2000, 2000))
    cache.kept("kind", (1,), Maker())
    assert {p.name for p in (own_cache / "kind").iterdir()} == {begun.name, cache.name_of(1)}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder of files that have long stood there."""
    folder = tmp_path / "package"
    (folder / "part").mkdir(parents=True)
    (folder / "a.py").write_text("x = 1\n")
    (folder / "part" / "b.csv").write_text("1,2\n")
    monkeypatch.setattr(cache, "_BEGAN", cache.time.time() + 2 * cache.SETTLED)
    return folder


def renamed(folder: Path) -> None:
    (folder / "a.py").rename(folder / "c.py")


def moved_over(folder: Path) -> None:
    (folder / "a.py").write_text("x = 1\n1,2\n")
    (folder / "part" / "b.csv").write_text("")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("x = 2\n"),
        lambda folder: (folder / "part" / "b.csv").write_text("1,3\n"),
        lambda folder: (folder / "new.yaml").write_text(""),
        lambda folder: (folder / "part" / "b.csv").unlink(),
        renamed,
        moved_over,
    ],
)
def test_any_change_of_any_file_is_another_content(package, change):
    before = cache.content_of(package)
    assert before is not None and cache.content_of(package) == before
    change(package)
    assert cache.content_of(package) not in (before, None)


def test_files_that_changed_since_the_process_began_have_no_content(package, monkeypatch):
    monkeypatch.setattr(cache, "_BEGAN", cache.time.time())
    assert cache.content_of(package) is None
    os.utime(package / "a.py", (1000, 1000))  # an old date on new text, as some tools set it
    os.utime(package / "part" / "b.csv", (1000, 1000))
    assert cache.content_of(package) is None


def test_a_folder_that_is_not_there_has_no_content(package):
    assert cache.content_of(package, package / "none") is None


def declarations(unit="kg/year", factor=2.0):
    @auxiliary(unit)
    def amount(given):
        """A multiple."""
        return factor * given

    return {"given": series("kg/year", role="driver", doc="An input."), "amount": amount}


@pytest.fixture
def checks(monkeypatch):
    """Models whose units were checked and not taken from the cache."""
    seen = []
    real = assembly.check_units
    monkeypatch.setattr(assembly, "check_units", lambda m, t: seen.append(m) or real(m, t))
    return seen


def test_units_are_checked_once_for_one_content(checks):
    for _ in range(2):
        assemble(declarations(), {}, content="files")
    assert len(checks) == 1
    assemble(declarations(), {}, content="other files")
    assemble(declarations(factor=3.0), {}, content="files")
    assemble(declarations(), {}, content="files", axes=(Axis("place", ("here", "there"), -2),))
    assert len(checks) == 4


def test_a_model_that_nobody_vouches_for_is_checked_each_time(checks):
    for _ in range(2):
        assemble(declarations(), {})
    assert len(checks) == 2


def test_a_unit_made_wrong_in_memory_is_found_though_the_files_are_the_same(checks):
    assemble(declarations(), {}, content="files")
    for _ in range(2):  # what fails is not kept
        with pytest.raises(ModelError, match="kg/year, declared person"):
            assemble(declarations("person"), {}, content="files")
    assert len(checks) == 3


def test_a_unit_made_wrong_in_a_file_is_found(package, monkeypatch):
    source = textwrap.dedent('''
        from contraflow.engine import auxiliary, series
        RATES = {"high": 2.0}
        given = series("kg/year", role="driver", doc="An input.")
        @auxiliary("UNIT")
        def amount(given):
            """A multiple."""
            return RATES["high"] * given
    ''')
    monkeypatch.syspath_prepend(str(package.parent))

    def assembled(unit):
        import importlib
        import sys

        (package / "sector.py").write_text(source.replace("UNIT", unit))
        importlib.invalidate_caches()
        sys.modules.pop("package.sector", None)
        module = importlib.import_module("package.sector")
        return assemble([module], {}, content=cache.content_of(package))

    first = assembled("kg/year")
    assert first.content is not None
    with pytest.raises(ModelError, match="kg/year, declared person"):
        assembled("person")
    source = source.replace("2.0", "-2.0")  # what the hash of the equations does not see, the content does
    second = assembled("kg/year")
    assert second.hash == first.hash
    assert second.cache_key() != first.cache_key()
