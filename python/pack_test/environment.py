"""Virtualenvs for tests: one per content of the requirements, kept and used again."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time

__all__ = ["CannotTest", "cache_folder", "python_for"]

KEPT_SECONDS = 30 * 24 * 3600
LAST_LINES = 15


class CannotTest(Exception):
    """The tests cannot be run; the message says what to do."""


def cache_folder():
    base = os.environ.get("SQUALL_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "squall"
    )
    return os.path.join(base, "pack-tests")


def python_for(pack, python, implied, say):
    """The interpreter that has what the pack requires: `python` itself where it requires nothing more."""
    files = [path for path in pack.requirement_files() if _names_packages(path)]
    if not files and not _missing(python, implied):
        return python
    folder = cache_folder()
    path = os.path.join(folder, "%s-%s" % (pack.name, _digest(python, files, implied)))
    os.makedirs(folder, exist_ok=True)
    with open(path + ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run makes this virtualenv; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        ready = os.path.join(path, ".ready")
        if not os.path.exists(ready):
            _make(pack, path, python, files, implied, say)
        with open(ready, "a"):
            os.utime(ready)
    _remove_unused(folder, path)
    return os.path.join(path, "bin", "python")


def _make(pack, path, python, files, implied, say):
    # A run that was ended half-way leaves a folder without its mark.
    shutil.rmtree(path, ignore_errors=True)
    say("making a virtualenv for the tests of %s in %s" % (pack.name, path))
    if implied:
        say("also installing %s: the pack imports it and its requirements do not name it" % (", ".join(implied),))
    requirements = [argument for file in files for argument in ("-r", file)] + implied
    uv = shutil.which("uv")
    try:
        if uv:
            _step([uv, "venv", "--quiet", "--python", python, path], "uv venv", say)
            _step(
                [uv, "pip", "install", "--python", os.path.join(path, "bin", "python")] + requirements, "uv", say, pack
            )
        else:
            _step([python, "-m", "venv", path], "python -m venv", say)
            pip = [os.path.join(path, "bin", "python"), "-m", "pip", "install", "--disable-pip-version-check"]
            _step(pip + ["--no-input", "--progress-bar", "off"] + requirements, "pip", say, pack)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _step(command, name, say, pack=None):
    """Runs it with progress; a failure shows its last lines."""
    environment = dict(os.environ)
    # The pack's code must not be what pip runs with.
    environment.pop("PYTHONPATH", None)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=environment,
        # Where requirements such as ./vendor/one.whl are looked for.
        cwd=pack.path if pack else None,
    )
    last = []
    try:
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            last = (last + [line])[-LAST_LINES:]
            if re.match(
                r"(Collecting|Downloading|Building|Installing|Successfully|Resolved|Prepared|Installed) ", line
            ):
                say("  %s" % (line,))
    except BaseException:
        process.kill()
        raise
    finally:
        process.stdout.close()
        process.wait()
    if process.returncode != 0:
        where = " for pack %s" % (pack.name,) if pack else ""
        cure = (
            "check the names and versions in requirements.txt and requirements-tests.txt, and that the package index can be "
            "reached; --no-virtualenv tests with what the interpreter has"
            if pack
            else "--python names another interpreter; on Debian and Ubuntu the package python3-venv may be missing"
        )
        raise CannotTest("%s failed%s:\n%s\n%s" % (name, where, "\n".join("  " + line for line in last), cure))


def _names_packages(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return any(line.strip() and not line.strip().startswith("#") for line in file)


def _missing(python, implied):
    """Those of the implied packages that the interpreter does not have."""
    if not implied:
        return []
    from pack_test.implied import PROVIDED

    modules = sorted(module for module, package in PROVIDED.items() if package in implied)
    code = "import importlib.util, sys; print(*[one for one in sys.argv[1:] if importlib.util.find_spec(one) is None])"
    # -I: neither this process's PYTHONPATH nor the folder it runs in count.
    asked = subprocess.run([python, "-I", "-c", code] + modules, capture_output=True, text=True, check=True)
    return asked.stdout.split()


def _digest(python, files, implied):
    digest = hashlib.sha256()
    version = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout
    for part in [os.path.realpath(python), version] + implied:
        digest.update(part.encode("utf-8") + b"\0")
    for path in files:
        _add_file(digest, path, set())
    return digest.hexdigest()[:16]


def _add_file(digest, path, seen):
    """Also what the file includes with -r and -c."""
    if path in seen or not os.path.isfile(path):
        return
    seen.add(path)
    with open(path, "rb") as file:
        content = file.read()
    digest.update(content + b"\0")
    for other in re.findall(rb"(?m)^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)", content):
        _add_file(digest, os.path.join(os.path.dirname(path), other.decode("utf-8", "replace")), seen)


def _remove_unused(folder, used):
    """Takes away what was not used for a month."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        ready = os.path.join(path, ".ready")
        if path != used and os.path.isfile(ready) and time.time() - os.stat(ready).st_mtime > KEPT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
            if os.path.exists(path + ".lock"):
                os.remove(path + ".lock")
