"""Fitting the model to data: priors, likelihood, posterior. Always in double precision (the engine sees to it)."""

import contraflow.engine  # noqa: F401
