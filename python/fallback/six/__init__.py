"""What packs that once ran on Python 2 use of the package `six`, as it is on Python 3."""

import builtins
import functools
import io
import operator
import sys
import types

PY2 = False
PY3 = True
PY34 = True
MAXSIZE = sys.maxsize

string_types = (str,)
integer_types = (int,)
class_types = (type,)
text_type = str
binary_type = bytes

StringIO = io.StringIO
BytesIO = io.BytesIO
Iterator = object

next = advance_iterator = builtins.next
callable = builtins.callable
unichr = chr
int2byte = operator.methodcaller("to_bytes", 1, "big")
byte2int = operator.itemgetter(0)
indexbytes = operator.getitem
iterbytes = iter
wraps = functools.wraps
get_function_closure = operator.attrgetter("__closure__")
get_function_code = operator.attrgetter("__code__")
get_function_defaults = operator.attrgetter("__defaults__")
get_function_globals = operator.attrgetter("__globals__")
get_method_function = operator.attrgetter("__func__")
get_method_self = operator.attrgetter("__self__")
create_bound_method = types.MethodType
exec_ = builtins.exec
print_ = builtins.print


def b(s):
    return s.encode("latin-1")


def u(s):
    return s


def get_unbound_function(unbound):
    return unbound


def create_unbound_method(func, cls):
    return func


def iterkeys(d, **kw):
    return iter(d.keys(**kw))


def itervalues(d, **kw):
    return iter(d.values(**kw))


def iteritems(d, **kw):
    return iter(d.items(**kw))


def iterlists(d, **kw):
    return iter(d.lists(**kw))


viewkeys = operator.methodcaller("keys")
viewvalues = operator.methodcaller("values")
viewitems = operator.methodcaller("items")


def reraise(tp, value, tb=None):
    raise (tp() if value is None else value).with_traceback(tb)


def raise_from(value, from_value):
    raise value from from_value


def with_metaclass(meta, *bases):
    """A base whose subclasses have the metaclass."""

    class Temporary(type):
        def __new__(cls, name, this_bases, namespace):
            return meta(name, types.resolve_bases(bases), namespace)

    return type.__new__(Temporary, "temporary_class", (), {})


def add_metaclass(metaclass):
    """A decorator: the class again, made by the metaclass."""

    def again(cls):
        namespace = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
        slots = namespace.get("__slots__") or ()
        for name in [slots] if isinstance(slots, str) else slots:
            namespace.pop(name, None)
        return metaclass(cls.__name__, cls.__bases__, namespace)

    return again


def ensure_binary(s, encoding="utf-8", errors="strict"):
    if not isinstance(s, (str, bytes)):
        raise TypeError("not expecting type '%s'" % (type(s),))
    return s.encode(encoding, errors) if isinstance(s, str) else s


def ensure_str(s, encoding="utf-8", errors="strict"):
    if not isinstance(s, (str, bytes)):
        raise TypeError("not expecting type '%s'" % (type(s),))
    return s.decode(encoding, errors) if isinstance(s, bytes) else s


ensure_text = ensure_str


def python_2_unicode_compatible(klass):
    return klass


def assertCountEqual(self, *args, **kwargs):
    return self.assertCountEqual(*args, **kwargs)


def assertRaisesRegex(self, *args, **kwargs):
    return self.assertRaisesRegex(*args, **kwargs)


def assertRegex(self, *args, **kwargs):
    return self.assertRegex(*args, **kwargs)


def assertNotRegex(self, *args, **kwargs):
    return self.assertNotRegex(*args, **kwargs)
