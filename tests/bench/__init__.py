"""Measurements, run by hand: `python -m tests.bench.updates`, `.profile`, `.telemetry`. pytest collects none of them."""
