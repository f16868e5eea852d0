"""Modules and functions that have other names on Python 3; each is imported when it is asked for."""

import importlib
import importlib.abc
import importlib.machinery
import sys

MODULES = {
    "BaseHTTPServer": "http.server",
    "CGIHTTPServer": "http.server",
    "SimpleHTTPServer": "http.server",
    "_thread": "_thread",
    "builtins": "builtins",
    "cPickle": "pickle",
    "collections_abc": "collections.abc",
    "configparser": "configparser",
    "copyreg": "copyreg",
    "email_mime_base": "email.mime.base",
    "email_mime_image": "email.mime.image",
    "email_mime_multipart": "email.mime.multipart",
    "email_mime_nonmultipart": "email.mime.nonmultipart",
    "email_mime_text": "email.mime.text",
    "html_entities": "html.entities",
    "html_parser": "html.parser",
    "http_client": "http.client",
    "http_cookiejar": "http.cookiejar",
    "http_cookies": "http.cookies",
    "queue": "queue",
    "reprlib": "reprlib",
    "socketserver": "socketserver",
    "tkinter": "tkinter",
    "urllib": "urllib",
    "urllib.error": "urllib.error",
    "urllib.parse": "urllib.parse",
    "urllib.request": "urllib.request",
    "urllib.response": "urllib.response",
    "urllib.robotparser": "urllib.robotparser",
    "urllib_error": "urllib.error",
    "urllib_parse": "urllib.parse",
    "urllib_robotparser": "urllib.robotparser",
    "winreg": "winreg",
    "xmlrpc_client": "xmlrpc.client",
    "xmlrpc_server": "xmlrpc.server",
}
FUNCTIONS = {
    "StringIO": ("io", "StringIO"),
    "UserDict": ("collections", "UserDict"),
    "UserList": ("collections", "UserList"),
    "UserString": ("collections", "UserString"),
    "cStringIO": ("io", "StringIO"),
    "filter": ("builtins", "filter"),
    "filterfalse": ("itertools", "filterfalse"),
    "getcwd": ("os", "getcwd"),
    "getcwdb": ("os", "getcwdb"),
    "getoutput": ("subprocess", "getoutput"),
    "input": ("builtins", "input"),
    "intern": ("sys", "intern"),
    "map": ("builtins", "map"),
    "range": ("builtins", "range"),
    "reduce": ("functools", "reduce"),
    "reload_module": ("importlib", "reload"),
    "shlex_quote": ("shlex", "quote"),
    "xrange": ("builtins", "range"),
    "zip": ("builtins", "zip"),
    "zip_longest": ("itertools", "zip_longest"),
}


def __getattr__(name):
    if name in MODULES:
        # urllib.parse and its like are attributes of urllib only once they are imported.
        for other in MODULES.values():
            if other.startswith(MODULES[name] + "."):
                importlib.import_module(other)
        return importlib.import_module(MODULES[name])
    if name in FUNCTIONS:
        module, attribute = FUNCTIONS[name]
        return getattr(importlib.import_module(module), attribute)
    raise AttributeError("module six.moves has no attribute %s" % (name,))


class _Moved(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """`import six.moves.urllib.parse` gives the module itself."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.startswith(__name__ + ".") and fullname[len(__name__) + 1 :] in MODULES:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname.endswith(".urllib"))
        return None

    def create_module(self, spec):
        real = importlib.import_module(MODULES[spec.name[len(__name__) + 1 :]])
        module = type(sys)(spec.name)
        module.__dict__.update({name: value for name, value in vars(real).items() if name not in _OWN})
        module.__getattr__ = lambda name: getattr(real, name)
        return module

    def exec_module(self, module):
        pass


_OWN = ("__name__", "__spec__", "__loader__", "__package__", "__path__", "__file__", "__cached__")

sys.meta_path.append(_Moved())
