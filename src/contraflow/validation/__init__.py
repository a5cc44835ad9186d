"""Tests of the reference model from outside it: published models run again on the same engine."""
