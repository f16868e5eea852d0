"""`python3 -m pack_test DIR [PATTERN]`: finds or makes the pack's test environment, and runs its tests there.

Exit status: 0 all passed, 1 some failed, 2 they could not be run.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys

from pack_test import environment
from pack_test.environment import CannotTest
from pack_test.implied import implied_packages
from pack_test.pack import Pack

LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main(arguments=None):
    options = _options(arguments)
    try:
        return run(options)
    except CannotTest as e:
        sys.stderr.write("%s\n" % (e,))
        return 2


def run(options):
    pack = Pack(options.directory)
    if not pack.test_files(options.pattern):
        if options.pattern and pack.test_files(None):
            names = ", ".join(os.path.relpath(one, pack.path) for one in pack.test_files(None)[:10])
            raise CannotTest(
                "no test file of %s has %r in its path; there are: %s" % (pack.name, options.pattern, names)
            )
        raise CannotTest(
            "pack %s has no tests: put files test_*.py into %s, with classes that derive from st2tests.base.BaseActionTestCase "
            "or unittest.TestCase" % (pack.name, os.path.join(pack.path, "tests"))
        )
    python = _python(options.python)
    if options.virtualenv:
        python = environment.python_for(pack, python, implied_packages(pack), say)
    return _run_tests(pack, python, options)


def say(line):
    """Progress goes to stderr, where unittest writes too."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _options(arguments):
    parser = argparse.ArgumentParser(prog="pack_test", description="Runs a pack's own unit tests.")
    parser.add_argument("directory", help="the pack's folder")
    parser.add_argument("pattern", nargs="?", help="only test files with this in their path")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to test with")
    parser.add_argument("--no-virtualenv", dest="virtualenv", action="store_false", help="use what the interpreter has")
    parser.add_argument("--verbose", action="store_true", help="a line for every test")
    return parser.parse_args(arguments)


def _python(name):
    found = shutil.which(name)
    if found is None:
        raise CannotTest("there is no Python called %s; name one with --python" % (name,))
    # Newer Pythons than this one runs on matter too: the version is asked of the interpreter itself.
    asked = subprocess.run(
        [found, "-c", "import sys; print(sys.version_info >= (3, 9))"], capture_output=True, text=True
    )
    if asked.returncode != 0 or asked.stdout.strip() != "True":
        raise CannotTest("%s is no Python 3.9 or newer; name another one with --python" % (found,))
    return found


def _run_tests(pack, python, options):
    command = [python, "-m", "pack_test.run", pack.path] + (["--verbose"] if options.verbose else [])
    command += ["--", options.pattern] if options.pattern else []
    child = subprocess.Popen(command, env=_child_environment(pack, python), cwd=pack.path)
    # A terminal's Ctrl-C reaches both; what is sent to this process alone is handed on.
    signal.signal(signal.SIGTERM, lambda *args: child.terminate())
    while True:
        try:
            status = child.wait()
            break
        except KeyboardInterrupt:
            continue
    if status == -signal.SIGINT:
        return 130
    if status < 0:
        raise CannotTest("the tests' process was ended by signal %d (%s)" % (-status, signal.Signals(-status).name))
    return status


def _child_environment(pack, python):
    environment_ = dict(os.environ)
    environment_["PYTHONPATH"] = os.pathsep.join(pack.import_paths() + [LIBRARY])
    # Nothing is left behind in the pack's folder.
    environment_["PYTHONDONTWRITEBYTECODE"] = "1"
    environment_["PYTHONUNBUFFERED"] = "1"
    environment_["SQUALL_PACKS"] = os.path.dirname(pack.path)
    # Tests have no server; one that they reached by what this shell is signed in to would be a surprise.
    for name in ("ST2_AUTH_TOKEN", "ST2_API_KEY", "ST2_ACTION_AUTH_TOKEN"):
        environment_.pop(name, None)
    folder = os.path.dirname(python)
    environment_["PATH"] = os.pathsep.join([folder, environment_.get("PATH", "")])
    return environment_


if __name__ == "__main__":
    sys.exit(main())
