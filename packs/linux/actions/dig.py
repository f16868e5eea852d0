import random
import subprocess

from st2common.runners.base_action import Action


class DigAction(Action):
    def run(self, hostname, querytype="A", nameserver=None, queryopts="short", count=0, rand=False):
        command = ["dig"]
        if nameserver:
            command.append("@" + nameserver)
        command += ["+" + option.strip() for option in (queryopts or "").split(",") if option.strip()]
        # Named by options, so that no name is taken for one.
        command += ["-q", hostname, "-t", querytype]
        try:
            done = subprocess.run(command, capture_output=True, timeout=300)
        except FileNotFoundError:
            return False, "dig is not on the PATH; install it (Debian: dnsutils, Red Hat: bind-utils)"
        text = done.stdout.decode(errors="replace")
        if querytype.lower() == "txt":
            text = text.replace('"', "")
        lines = [line for line in text.split("\n") if line]
        lines = lines[: count if count > 0 else None]
        if rand:
            random.shuffle(lines)
        return lines
