"""Gets packs out of git repositories, with the git of this machine. It never asks anybody anything."""

import os
import re
import shutil
import subprocess
import urllib.parse

from pack_spec import without_password

# What a command line of git may name. `ext::` and the like run programs.
_PROTOCOLS = "https:http:ssh:git:file"
_AUTHENTICATION = re.compile(
    r"could not read (Username|Password)|Authentication failed|terminal prompts disabled|Permission denied \(|"
    r"\b(401|403)\b|HTTP Basic: Access denied|Invalid username or|credentials",
    re.IGNORECASE,
)
_HOST_KEY = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED", re.IGNORECASE)
_NO_SHALLOW = re.compile(r"shallow|dumb http transport", re.IGNORECASE)
_COMMIT = re.compile(r"^[0-9a-f]{7,64}$")
_VERSION = re.compile(r"^v?\d+\.\d+\.\d+")


class GitError(Exception):
    pass


def clone(url, revision, folder, log):
    """Checks the revision (None: the default branch) of the repository out into the folder. Gives the commit.

    Revisions are tried as StackStorm does: a branch, then a tag or commit, then `v` before a version.
    """
    git = _Git(url, log)
    if revision is None:
        git.clone(folder, [])
        return git.output(folder, ["rev-parse", "HEAD"])
    names = git.remote_names()
    for name in [revision, "v" + revision] if _VERSION.match(revision) else [revision]:
        if "refs/heads/" + name in names or "refs/tags/" + name in names:
            git.clone(folder, ["--branch", name])
            return git.output(folder, ["rev-parse", "HEAD"])
    if _COMMIT.match(revision):
        # A commit can be named by its beginning, so everything is needed to find it.
        git.clone(folder, ["--no-checkout"], shallow=False)
        if git.run(["-C", folder, "checkout", "--quiet", "--detach", revision, "--"], check=False).returncode == 0:
            return git.output(folder, ["rev-parse", "HEAD"])
    tags = sorted(name[len("refs/tags/") :] for name in names if name.startswith("refs/tags/"))
    versions = [tag for tag in tags if _VERSION.match(tag)]
    raise GitError(
        '"%s" is not a valid version, hash, tag or branch in %s. %s'
        % (revision, git.shown, "Available versions are: %s." % ", ".join(versions) if versions else "It has no versions.")
    )


class _Git:
    def __init__(self, url, log):
        self.program = shutil.which("git")
        if self.program is None:
            raise GitError("there is no git on the server: install it, or install the pack from an archive")
        self.shown = without_password(url)
        self.log = log
        self.url, self.environment = _with_credentials_aside(url)

    def clone(self, folder, options, shallow=True):
        self.log("cloning %s" % self.shown)
        words = ["clone", "--quiet", "--config", "core.hooksPath=/dev/null"]
        # Of the whole history only a commit needs more than one branch or tag.
        words += ["--single-branch", "--no-tags"] if shallow else []
        depth = ["--depth", "1"] if shallow else []
        end = self.run(words + depth + options + ["--", self.url, folder], check=False)
        if end.returncode != 0 and shallow and _NO_SHALLOW.search(end.stderr):
            shutil.rmtree(folder, ignore_errors=True)
            end = self.run(words + options + ["--", self.url, folder], check=False)
        if end.returncode != 0:
            raise self.failure("cannot clone", end.stderr)

    def remote_names(self):
        end = self.run(["ls-remote", "--heads", "--tags", "--", self.url], check=False)
        if end.returncode != 0:
            raise self.failure("cannot read", end.stderr)
        return {line.split("\t", 1)[1] for line in end.stdout.splitlines() if "\t" in line and not line.endswith("^{}")}

    def output(self, folder, words):
        return self.run(["-C", folder] + words).stdout.strip()

    def run(self, words, check=True):
        end = subprocess.run(
            [self.program] + words,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
        if check and end.returncode != 0:
            raise self.failure("git %s failed for" % words[0], end.stderr)
        return end

    def failure(self, what, stderr):
        said = without_password(stderr.strip())
        last = "\n".join(said.splitlines()[-5:]) or "git said nothing"
        if _HOST_KEY.search(stderr):
            hint = "The host is unknown to ssh, or its key has changed: put its key into known_hosts of the user who runs the server."
        elif _AUTHENTICATION.search(stderr):
            hint = (
                "The repository asks for a login, and nobody can be asked here: check the address, or give the user who runs "
                "the server access with an ssh key or a git credential helper."
            )
        else:
            hint = "Check the address, and whether the server can reach it."
        return GitError("%s %s: %s\n%s" % (what, self.shown, last, hint))


def _with_credentials_aside(url):
    """The URL without a login, and an environment in which git finds the login: not in arguments, which everybody sees."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ST2_", "GIT_"))}
    environment.update(
        GIT_TERMINAL_PROMPT="0",
        GIT_ASKPASS=shutil.which("false") or "/bin/false",
        SSH_ASKPASS=shutil.which("false") or "/bin/false",
        GIT_SSH_COMMAND="ssh -o BatchMode=yes",
        GIT_ALLOW_PROTOCOL=_PROTOCOLS,
        LC_ALL="C",
    )
    # Repositories of another user on this machine may be read: cloning runs nothing of theirs.
    # A server that says nothing for a minute is given up.
    settings = [("safe.directory", "*"), ("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", "60")]
    parts = urllib.parse.urlsplit(url)
    if parts.scheme in ("http", "https") and "@" in parts.netloc:
        login, _, host = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        url = urllib.parse.urlunsplit(parts._replace(netloc=host))
        environment["SQUALL_GIT_USER"] = urllib.parse.unquote(user)
        environment["SQUALL_GIT_PASSWORD"] = urllib.parse.unquote(password)
        # For this host alone, whatever it redirects to.
        name = "credential.%s://%s.helper" % (parts.scheme, host)
        helper = '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$SQUALL_GIT_USER" "$SQUALL_GIT_PASSWORD"; }; f'
        settings += [(name, ""), (name, helper)]
    environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for index, (name, value) in enumerate(settings):
        environment["GIT_CONFIG_KEY_%d" % index] = name
        environment["GIT_CONFIG_VALUE_%d" % index] = value
    return url, environment
