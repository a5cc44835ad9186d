"""The register of forecasts: dated, hashed predictions of public statistics, scored when the figures come.

``targets`` says what is forecast, ``predictive`` draws it, ``file`` makes and reads an entry, ``register`` keeps them
in order, ``scores`` holds one against observations and rivals, ``scoreboard`` keeps the scores.
"""
