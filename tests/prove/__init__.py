"""What is claimed of the stores, shown by crashes: `python -m tests.prove`."""
