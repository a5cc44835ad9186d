"""Kernels built by the machine's C compiler, and kept in the user's cache folder.

A build is named by everything that it depends on: the C text, the compiler and its flags, the processor, and jaxlib,
whose header the call from XLA is compiled with.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import jax
import jaxlib.version

from contraflow.engine import cache
from contraflow.engine.variables import ModelError

#: Everything that this processor can do; how a compiler is told depends on the family.
PROCESSOR = "-march=native" if platform.machine().lower() in ("x86_64", "amd64") else "-mcpu=native"
FLAGS = ("-O2", "-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-shared", "-fPIC", "-pthread")


class UnavailableError(ModelError):
    """There is no C compiler, or it failed; the reference simulator runs without one."""


@dataclass(frozen=True)
class Library:
    """A kernel in this process, and its name for XLA."""

    code: ctypes.CDLL
    target: str


_loaded: dict[str, Library] = {}
_lock = threading.Lock()


def library(text: str) -> Library:
    """The kernel of this C text, built if neither this process nor the cache has a sound copy.

    Raises ``UnavailableError`` when it cannot be built.
    """
    command = _compiler()
    name = _name(text, command)
    with _lock:
        if name not in _loaded:
            code = _open(text, command, name)
            code.contraflow_run.restype = ctypes.c_int
            target = f"contraflow_{name}"  # XLA takes each name once in a process
            jax.ffi.register_ffi_target(target, jax.ffi.pycapsule(code.contraflow_call), platform="cpu")
            _loaded[name] = Library(code, target)
        return _loaded[name]


def _open(text: str, command: tuple[str, ...], name: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(prefix="contraflow-") as private:
        alone = Path(private)
        if (place := cache.folder("native")) is not None:
            with contextlib.suppress(OSError):  # a full disk, or a process that pruned the entry after it was read
                return _kept(text, command, alone, place / f"{name}.so")
        try:
            return _kept(text, command, alone, alone / f"{name}.so")
        except OSError as error:
            raise UnavailableError(f"the kernel cannot be kept or loaded: {error}") from None


def _kept(text: str, command: tuple[str, ...], private: Path, path: Path) -> ctypes.CDLL:
    """The kernel at this path, built there if there is no sound one. Raises ``OSError``."""
    if cache.read(path) is None:
        cache.write(path, _built(text, command, private))
    return ctypes.CDLL(str(path))


def _compiler() -> tuple[str, ...]:
    named = os.environ.get("CC", "").split()
    for candidate in [named] if named else [["cc"], ["gcc"], ["clang"]]:
        found = shutil.which(candidate[0])
        if found:
            return (found, *candidate[1:])
    raise UnavailableError("there is no C compiler (cc, gcc or clang)")


@functools.cache
def _version(command: tuple[str, ...]) -> str:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    return done.stdout


def _name(text: str, command: tuple[str, ...]) -> str:
    machine = (PROCESSOR, cache.processor(), jaxlib.version.__version__)
    return cache.name_of(text, command, _version(command), FLAGS, *machine)


def _built(text: str, command: tuple[str, ...], folder: Path) -> bytes:
    source, product = folder / "kernel.c", folder / "kernel.so"
    source.write_text(text, encoding="utf-8")
    line = [*command, PROCESSOR, *FLAGS, f"-I{jax.ffi.include_dir()}", source.name, "-o", product.name]
    try:
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UnavailableError(f"the C compiler {command[0]} does not start: {error}") from None
    if done.returncode:
        first = next((x for x in done.stderr.splitlines() if "error" in x), done.stderr.strip())
        raise UnavailableError(f"the C compiler {command[0]} failed: {first[:300]}")
    return product.read_bytes()
