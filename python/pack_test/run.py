"""Runs in the interpreter that has what the pack requires: finds its tests and runs them.

By unittest, or by pytest where the tests use it.
"""

import importlib
import importlib.util
import os
import sys
import types
import unittest

from pack_test.pack import Pack

HERE = os.path.dirname(os.path.abspath(__file__))


def main(arguments):
    verbose = "--verbose" in arguments
    words = [one for one in arguments if not one.startswith("--")]
    pack = Pack(words[0])
    files = pack.test_files(words[1] if len(words) > 1 else None)
    _prepare(pack)
    if _uses_pytest(pack):
        return _run_pytest(pack, files, verbose)
    suite = unittest.TestSuite()
    for path in files:
        suite.addTests(_tests_of(pack, path))
    if suite.countTestCases() == 0:
        sys.stderr.write(
            "the files of %s hold no tests: classes that derive from unittest.TestCase, with methods test_*, or functions "
            "test_*, which pytest runs where it is installed\n" % (pack.name,)
        )
        return 2
    result = unittest.TextTestRunner(verbosity=2 if verbose else 1, buffer=False).run(suite)
    return 0 if result.wasSuccessful() else 1


def _prepare(pack):
    """What tests written for StackStorm rely on."""
    from st2tests.pack_resource import PackTestCase

    # `python -m` puts the folder it runs in first; the pack's own order is on PYTHONPATH.
    if sys.path and os.path.realpath(sys.path[0] or os.getcwd()) == pack.path:
        del sys.path[0]
    # mock and unittest2, where the pack's environment has neither.
    sys.path.append(os.path.join(HERE, "fallback"))
    for name, method in vars(PackTestCase).items():
        if name.startswith("assert") and not hasattr(unittest.TestCase, name):
            setattr(unittest.TestCase, name, method)
    tests = os.path.join(pack.path, "tests")
    if os.path.isdir(tests):
        sys.path.insert(0, tests)
        if not os.path.isfile(os.path.join(tests, "__init__.py")):
            # Otherwise a package `tests` of somebody else would be found for `from tests.x import y`.
            package = types.ModuleType("tests")
            package.__path__ = [tests]
            sys.modules["tests"] = package


def _tests_of(pack, path):
    """The tests of a file. One that cannot be imported is a test that fails, with the reason."""
    loader = unittest.TestLoader()
    name = _module_name(pack, path)
    try:
        module = _import(name, path)
    except unittest.SkipTest as skipped:
        return [_skipped(name, str(skipped))]
    except BaseException as e:
        if isinstance(e, KeyboardInterrupt):
            raise
        return [_broken(name, path, pack)]
    if hasattr(module, "load_tests"):
        return [loader.loadTestsFromModule(module)]
    return [
        loader.loadTestsFromTestCase(one)
        for one in vars(module).values()
        # `__test__` is how base classes of tests say that they are none.
        if isinstance(one, type) and issubclass(one, unittest.TestCase) and getattr(one, "__test__", True)
    ]


def _module_name(pack, path):
    """`tests.sub.test_x` where tests is a package, so that relative imports work; else the file's own name."""
    folder = os.path.dirname(path)
    parts = [os.path.splitext(os.path.basename(path))[0]]
    while os.path.isfile(os.path.join(folder, "__init__.py")) and folder != pack.path:
        parts.insert(0, os.path.basename(folder))
        folder = os.path.dirname(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return ".".join(parts)


def _import(name, path):
    known = sys.modules.get(name)
    if known is None:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin and os.path.realpath(spec.origin) == os.path.realpath(path):
            return importlib.import_module(name)
    elif os.path.realpath(getattr(known, "__file__", None) or "") == os.path.realpath(path):
        return known
    # Another file of that name is found first.
    unique = "squall_pack_test_%d_%s" % (len(sys.modules), name.replace(".", "_"))
    spec = importlib.util.spec_from_file_location(unique, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    spec.loader.exec_module(module)
    return module


def _broken(name, path, pack):
    import traceback

    text = traceback.format_exc()
    error = sys.exc_info()[1]
    cure = ""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("st2"):
        cure = (
            "\nIf %s is a package, add it to requirements.txt, or to requirements-tests.txt if only tests use it."
            % (error.name,)
        )

    def fail(self):
        self.fail("cannot import %s\n%s%s" % (os.path.relpath(path, pack.path), text, cure))

    return type("ImportOf", (unittest.TestCase,), {name: fail})(name)


def _skipped(name, reason):
    return type("ImportOf", (unittest.TestCase,), {name: unittest.skip(reason)(lambda self: None)})(name)


def _uses_pytest(pack):
    """True when pytest is there and the tests, or the requirements, name it."""
    if importlib.util.find_spec("pytest") is None:
        return False
    texts = list(pack.requirement_files()) + list(pack.test_files())
    if pack.has_test_functions() or any(
        os.path.isfile(os.path.join(pack.path, *where, "conftest.py")) for where in ((), ("tests",))
    ):
        return True
    for path in texts:
        with open(path, encoding="utf-8", errors="replace") as file:
            if "pytest" in file.read():
                return True
    return False


def _run_pytest(pack, files, verbose):
    import pytest

    arguments = ["--rootdir", pack.path, "-p", "no:cacheprovider"] + (["-v"] if verbose else [])
    status = int(pytest.main(arguments + files))
    # 5: it found no tests.
    return status if status in (0, 1) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
