"""Compiled models kept between runs, in the user's cache folder: the second run of a model starts several times sooner.

XLA keys its files by the program, its options and its own version. The folder is further divided by processor, since
compiled code for one may not run on another. ``JAX_COMPILATION_CACHE_DIR`` names another folder; empty, it means none.
"""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

import jax

#: Programs that compile faster than this many seconds are not kept.
WORTH_KEEPING = 1.0


def enable() -> None:
    """Use the cache, where a folder of the user's own can be made; otherwise compile anew each time."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = user_cache() / "contraflow" / f"compiled-{processor()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid if hasattr(os, "getuid") else None
    except (OSError, RuntimeError):
        return
    if owner is not None and owner != os.getuid():
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH_KEEPING)


def user_cache() -> Path:
    """The folder that the user's programs keep caches in."""
    named = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else Path.home() / ".cache"


def processor() -> str:
    """Fingerprint of the processor and what it can do."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        known = sorted({line for line in text.splitlines() if line.startswith(("model name", "flags", "Features"))})
    except OSError:
        known = [platform.machine(), platform.processor()]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:12]
