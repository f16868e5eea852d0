"""Packages that a pack imports without naming them in its requirements.

Under StackStorm such a pack works, because its code sees StackStorm's own packages. What StackStorm does not have is the
pack's own affair, and is left to fail.
"""

import ast
import os
import re

__all__ = ["implied_packages"]

# Module -> package, of what StackStorm's own environment has that pack code uses.
PROVIDED = {
    "apscheduler": "apscheduler<4",
    "cryptography": "cryptography",
    "dateutil": "python-dateutil",
    "eventlet": "eventlet",
    "git": "gitpython",
    "jinja2": "jinja2",
    "jsonpath_rw": "jsonpath-rw",
    "jsonschema": "jsonschema",
    "kombu": "kombu",
    "networkx": "networkx",
    "oslo_config": "oslo.config",
    "paramiko": "paramiko",
    "passlib": "passlib",
    "prettytable": "prettytable",
    "prompt_toolkit": "prompt-toolkit",
    "pymongo": "pymongo",
    "pytest": "pytest",
    "pytz": "pytz",
    "redis": "redis",
    "requests": "requests",
    "retrying": "retrying",
    "semver": "semver<3",
    "simplejson": "simplejson",
    "sseclient": "sseclient-py",
    "tabulate": "tabulate",
    "tenacity": "tenacity",
    "ujson": "ujson",
    "webob": "webob",
    "winrm": "pywinrm",
    "yaml": "pyyaml",
    "yaql": "yaql",
    "zmq": "pyzmq",
}


def implied_packages(pack):
    """Packages to install beside the pack's requirements, sorted."""
    named = _named_packages(pack)
    found = {PROVIDED[module] for module in _imported_modules(pack) if module in PROVIDED}
    if pack.has_test_functions():
        found.add(PROVIDED["pytest"])
    return sorted(one for one in found if _normal(re.split(r"[<>=]", one)[0]) not in named)


def _imported_modules(pack):
    """Top-level names of unconditional imports."""
    modules = set()
    for path in pack.python_files():
        with open(path, "rb") as file:
            source = file.read()
        try:
            tree = ast.parse(source, path)
        except (SyntaxError, ValueError):
            continue  # running the tests says where
        modules.update(_imports(tree.body))
    own = {os.path.splitext(os.path.basename(path))[0] for path in pack.python_files()}
    return {one for one in modules if one not in own}


def _imports(nodes):
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            if node.module and not node.level:
                yield node.module.partition(".")[0]
        elif not isinstance(node, ast.Try):  # what is tried may fail
            yield from _imports(ast.iter_child_nodes(node))


def _named_packages(pack):
    named = set()
    for path in pack.requirement_files():
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line)
                if match:
                    named.add(_normal(match[1]))
                egg = re.search(r"#egg=([A-Za-z0-9._-]+)", line)
                if egg:
                    named.add(_normal(egg[1]))
    return named


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()
