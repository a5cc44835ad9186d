"""The register of forecasts: dated, hashed predictions of public statistics, scored when the figures come.

``targets`` says what is forecast, ``predictive`` draws it, ``file`` writes and reads an entry, ``scores`` holds it
against observations and rivals, ``scoreboard`` keeps the scores.
"""
