"""Hostile requests at every address and form: `python -m tests.fuzz --requests N --seed S` repeats what a seed did."""
