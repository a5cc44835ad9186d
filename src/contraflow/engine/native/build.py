"""Kernels built by the machine's C compiler, and kept in the user's cache folder.

A build is named by everything that it depends on: the C text, the compiler and its flags, the processor, and jaxlib,
whose header the call from XLA is compiled with. Files end in a checksum and appear under their name at once, so that
neither a build cut short nor two at the same time can be taken for a good one.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import jax
import jaxlib.version

from contraflow.engine import compile_cache
from contraflow.engine.variables import ModelError

#: Everything that this processor can do; how a compiler is told depends on the family.
PROCESSOR = "-march=native" if platform.machine().lower() in ("x86_64", "amd64") else "-mcpu=native"
FLAGS = ("-O2", "-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-shared", "-fPIC")
_DIGEST = hashlib.sha256().digest_size


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
    folder = _folder()
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="contraflow-") as private:
            return ctypes.CDLL(str(_built(text, command, Path(private), name)))
    path = folder / f"{name}.so"
    return ctypes.CDLL(str(path if _sound(path) else _built(text, command, folder, name)))


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
    machine = (PROCESSOR, compile_cache.processor(), jaxlib.version.__version__)
    parts = (text, command, _version(command), FLAGS, *machine)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _folder() -> Path | None:
    """The user's own folder for kernels; None where there can be none that nobody else may write to."""
    try:
        folder = compile_cache.user_cache() / "contraflow" / "native"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
        fit = stat.S_IMODE(about.st_mode) & 0o022 == 0 and os.access(folder, os.W_OK)
    except (OSError, RuntimeError):
        return None
    return folder if fit and (not hasattr(os, "getuid") or about.st_uid == os.getuid()) else None


def _sound(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return len(content) > _DIGEST and hashlib.sha256(content[:-_DIGEST]).digest() == content[-_DIGEST:]


def _built(text: str, command: tuple[str, ...], folder: Path, name: str) -> Path:
    with tempfile.TemporaryDirectory(prefix="build-", dir=folder) as here:
        source, product = Path(here, "kernel.c"), Path(here, "kernel.so")
        source.write_text(text, encoding="utf-8")
        line = [*command, PROCESSOR, *FLAGS, f"-I{jax.ffi.include_dir()}", "kernel.c", "-o", "kernel.so"]
        try:
            done = subprocess.run(line, cwd=here, capture_output=True, text=True, check=False)
        except OSError as error:
            raise UnavailableError(f"the C compiler {command[0]} does not start: {error}") from None
        if done.returncode:
            first = next((x for x in done.stderr.splitlines() if "error" in x), done.stderr.strip())
            raise UnavailableError(f"the C compiler {command[0]} failed: {first[:300]}")
        with product.open("ab") as file:
            file.write(hashlib.sha256(product.read_bytes()).digest())
        return product.replace(folder / f"{name}.so")
