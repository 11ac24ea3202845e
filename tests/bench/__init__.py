"""Measurements, run by hand: `python -m tests.bench.updates`, `.profile` and `.telemetry`. pytest collects none."""
