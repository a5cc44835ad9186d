"""Benchmarks: the native engine against other ways to run the same models, on equal work and equal outputs.

In the package, and not beside it, so that ``contraflow bench`` works wherever contraflow is installed and the layers
and tests hold for it too. What it compares with is optional: what is not installed is reported as not measured.
"""
