"""Models compiled by XLA, kept between runs in the cache: the second run of a model starts several times sooner.

XLA keys its files by the program, its options and its own version. The folder is further divided by processor, since
compiled code for one may not run on another. ``JAX_COMPILATION_CACHE_DIR`` names another folder; empty, it means none.
"""

from __future__ import annotations

import os

import jax

from contraflow.engine import cache

#: Programs that compile faster than this many seconds are not kept.
WORTH_KEEPING = 1.0


def enable() -> None:
    """Use the cache, where a folder of the user's own can be made; otherwise compile anew each time."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = cache.folder(f"compiled-{cache.processor()}")
    if folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH_KEEPING)
