"""Signals, health and preflight of a service, each finding with how to fix it."""
