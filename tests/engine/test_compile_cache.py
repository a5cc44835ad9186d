"""Compiled models are kept in the user's own cache folder, and nothing fails where there is none."""

import os
import stat

import jax
import pytest

from contraflow.engine import compile_cache


@pytest.fixture(autouse=True)
def settings_put_back(monkeypatch):
    before = jax.config.jax_compilation_cache_dir
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    yield
    jax.config.update("jax_compilation_cache_dir", before)


def test_the_folder_is_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compile_cache.enable()
    (folder,) = (tmp_path / "contraflow").iterdir()
    assert jax.config.jax_compilation_cache_dir == str(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_named_by_the_user_is_left_alone(tmp_path, monkeypatch):
    jax.config.update("jax_compilation_cache_dir", "named")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "named")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compile_cache.enable()
    assert jax.config.jax_compilation_cache_dir == "named"
    assert not os.listdir(tmp_path)


def test_without_a_folder_models_are_compiled_anew(tmp_path, monkeypatch):
    jax.config.update("jax_compilation_cache_dir", None)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    compile_cache.enable()
    assert jax.config.jax_compilation_cache_dir is None
