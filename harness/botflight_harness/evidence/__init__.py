"""The evidence of a release: one run of the tests, told as an entry of the smoke run log and as JSON.

Run `python -m botflight_harness.evidence -- pytest`; see docs/decisions/0007-evidence.md.
"""
