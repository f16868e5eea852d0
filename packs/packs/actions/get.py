import os
import shutil
import subprocess

import squall_api
from pack_spec import without_password
from st2common.runners.base_action import Action


class GetAction(Action):
    """A pack of this server, and how its folder stands where that is a git repository."""

    def run(self, pack):
        try:
            found = squall_api.call("GET", "/packs/" + squall_api.quote(pack))
        except squall_api.ApiError as error:
            if error.status == 404:
                return {"pack": None, "git_status": None}
            return (False, str(error))
        return {"pack": found, "git_status": _git_status(found.get("path", ""))}


def _git_status(path):
    git = shutil.which("git")
    if git is None or not os.path.exists(os.path.join(path, ".git")):
        return None

    def said(*words):
        command = [git, "-c", "core.fsmonitor=false", "-C", path] + list(words)
        end = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return end.stdout.decode("utf-8", "replace").strip()

    status = said("status", "--short", "--branch").split("\n")[0]
    remotes = [line.split()[1] for line in said("remote", "-v").split("\n") if line.endswith("(fetch)")]
    return without_password("Status:\n%s\n\nRemotes:\n%s" % (status, "\n".join(remotes)))
