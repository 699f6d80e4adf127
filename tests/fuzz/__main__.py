"""Prints figures, and each violation with the number of its request. Runs in pytest, whose fixtures set the stage."""

import argparse
import sys

import pytest

given = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
given.add_argument("--requests", type=int, default=2000, help="how many, on each engine")
given.add_argument("--seed", type=int, default=1)
given.add_argument("--engine", choices=("sqlite", "postgresql"), help="only this one")
given.add_argument("--until", type=int, help="stop after this number, to replay a violation with all that led to it")
options = given.parse_args()
sys.exit(
    pytest.main([
        "tests/web/test_fuzz.py", "tests/graph/restore/test_address_checks.py", "-q", "-s", "-p", "no:cacheprovider",
        "-k", f"address_checks or {options.engine}" if options.engine else "",
        f"--fuzz-requests={min(options.requests, options.until or options.requests)}", f"--fuzz-seed={options.seed}",
    ])
)  # fmt: skip
