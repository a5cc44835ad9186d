"""A cache of its own for each test session, and models without a file."""

import shutil

import pytest


@pytest.fixture(scope="session")
def kernels(tmp_path_factory):
    """The folder that kernels are kept in during the session."""
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(autouse=True)
def own_cache(kernels, monkeypatch, request):
    if not any(shutil.which(c) for c in ("cc", "gcc", "clang")):
        pytest.skip("there is no C compiler on this machine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(kernels))
    monkeypatch.delenv("CC", raising=False)
