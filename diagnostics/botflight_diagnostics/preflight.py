"""Preflight: sections that run side by side, each within its deadline, and one result that says how to fix."""


class TransientError(Exception):
    """A check failed in a way that may pass by itself: the runner tries again within the section's deadline."""
