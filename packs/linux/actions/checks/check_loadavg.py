#!/usr/bin/env python3
"""Runs on the host itself, with nothing but Python there."""
import json
import os
import sys


def main(period="all"):
    processors = os.cpu_count() or 1
    averages = dict(zip(("1", "5", "15"), (str(load / processors) for load in os.getloadavg())))
    # The words are StackStorm's other names for them.
    period = {"one": "1", "five": "5", "fifteen": "15"}.get(period, period)
    print(averages[period] if period in averages else json.dumps(averages))


if __name__ == "__main__":
    main(*sys.argv[1:2])
