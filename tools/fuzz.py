"""Throws damaged answers of trackers at the mappings, as many as wanted: ./dev fuzz --cases 100000 [--seed N]."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "tests" / "connectors" / "fuzz"


def main() -> int:
    """Run them; gives pytest's exit code."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="shared among the trackers (100,000)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="to repeat a run; said at its start")
    wanted = parser.parse_args()
    os.environ["FLOWMART_FUZZ_CASES"], os.environ["FLOWMART_FUZZ_SEED"] = str(wanted.cases), str(wanted.seed)
    print(f"fuzz: {wanted.cases:,} cases, --seed {wanted.seed}", flush=True)
    return int(pytest.main([str(TESTS), "-q", "--durations=3", "-p", "no:cacheprovider"]))


if __name__ == "__main__":
    sys.exit(main())
