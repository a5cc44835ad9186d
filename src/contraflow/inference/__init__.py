"""Fitting the model to data: priors, likelihood, posterior."""
