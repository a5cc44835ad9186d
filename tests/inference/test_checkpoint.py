"""Saved work comes back as it was, to the fit that saved it and to no other."""

import numpy as np
import pytest

from contraflow.errors import ContraflowError
from contraflow.inference.checkpoint import Checkpoints

KEY = {"model": "abc", "seed": 1, "quick": False, "until": 2025.0, "points": 363}


def test_what_was_saved_comes_back_bit_for_bit(tmp_path):
    piece = Checkpoints(tmp_path / "x.resume", KEY).of("mode")
    assert piece.load() is None
    x = np.random.default_rng(0).standard_normal((4, 3))
    piece.save(x=x, done=3, none=np.empty((0, 3)))
    held = piece.load()
    assert set(held) == {"x", "done", "none"}
    assert np.array_equal(held["x"], x)
    assert int(held["done"]) == 3 and held["none"].shape == (0, 3)
    assert [p.name for p in piece.path.parent.iterdir()] == ["mode.npz"]


@pytest.mark.parametrize("other", [{"model": "x"}, {"seed": 2}, {"quick": True}, {"until": 2020.0}, {"points": 362}])
def test_the_work_of_another_fit_is_never_used(tmp_path, other):
    Checkpoints(tmp_path, KEY).of("mode").save(x=np.ones(3))
    assert Checkpoints(tmp_path, {**KEY, **other}).of("mode").load() is None
    assert Checkpoints(tmp_path, dict(reversed(KEY.items()))).of("mode").load() is not None


@pytest.mark.parametrize("keep", [0, 10, 300, -30])
def test_damaged_work_counts_as_absent(tmp_path, keep):
    piece = Checkpoints(tmp_path, KEY).of("mode")
    piece.save(x=np.ones(100))
    piece.path.write_bytes(piece.path.read_bytes()[:keep])
    assert piece.load() is None


def test_a_stop_while_saving_leaves_what_was_saved_before(tmp_path, monkeypatch):
    piece = Checkpoints(tmp_path, KEY).of("mode")
    piece.save(x=np.ones(3))

    def stopped(file, **arrays):
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", stopped)
    with pytest.raises(KeyboardInterrupt):
        piece.save(x=np.zeros(3))
    assert np.array_equal(piece.load()["x"], np.ones(3))


def test_removal_takes_what_was_saved_and_nothing_else(tmp_path):
    work = Checkpoints(tmp_path / "x.resume", KEY)
    work.remove()
    work.of("mode").save(x=np.ones(3))
    (work.folder / "half.partial").write_bytes(b"")
    (work.folder / "letter.txt").write_text("mine")
    work.remove()
    assert [p.name for p in work.folder.iterdir()] == ["letter.txt"]
    (work.folder / "letter.txt").unlink()
    work.remove()
    assert not work.folder.exists()


def test_work_that_cannot_be_saved_says_where(tmp_path):
    (tmp_path / "x.resume").write_text("in the way")
    with pytest.raises(ContraflowError, match="cannot save the work done in .*x.resume"):
        Checkpoints(tmp_path / "x.resume", KEY).of("mode").save(x=np.ones(3))
