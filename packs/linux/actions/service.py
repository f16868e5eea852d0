#!/usr/bin/env python3
"""Runs on the host itself, with nothing but Python there. Knows systemd, and the scripts of older systems."""
import os
import re
import subprocess
import sys


def command(act, service):
    if os.path.isdir("/run/systemd/system"):
        return ["systemctl", act, service]
    script = os.path.join("/etc/init.d", service)
    if os.path.exists(script):
        return [script, act]
    if os.path.exists("/etc/init/{}.conf".format(service)):
        return ["service", service, act]
    return None


def main(act="", service="", *_):
    for what, word in (("act", act), ("service", service)):
        if not re.match(r"^[A-Za-z0-9_@.:][A-Za-z0-9_@.:\\-]*$", word) or ".." in word:
            sys.exit("{} is {!r}, which is no name of one".format(what, word))
    run = command(act, service)
    if run is None:
        print("Unknown service")
        return 2
    return subprocess.call(run)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
