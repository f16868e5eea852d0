import abc
import os
import subprocess
import sys
import threading
import unittest

LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Ours, whatever is installed here.
sys.path.insert(0, os.path.join(LIBRARY, "fallback"))
try:
    for _name in [one for one in sys.modules if one.partition(".")[0] in ("six", "eventlet")]:
        del sys.modules[_name]
    import eventlet
    import six
    import six.moves.urllib.request  # noqa: F401
    from eventlet.greenpool import GreenPool
    from six.moves import configparser, http_client, queue, range, urllib, zip_longest  # noqa: F401
    from six.moves.urllib.parse import urlencode
finally:
    sys.path.pop(0)


class SixTest(unittest.TestCase):
    def test_moved_modules_are_where_they_were(self):
        self.assertEqual((http_client.OK, urlencode({"a": "b c"}), urllib.parse.quote("a b")), (200, "a=b+c", "a%20b"))
        self.assertTrue(callable(urllib.request.urlopen))

    def test_metaclasses_are_set_both_ways(self):
        @six.add_metaclass(abc.ABCMeta)
        class One(object):
            @abc.abstractmethod
            def run(self):
                pass

        class Two(six.with_metaclass(abc.ABCMeta, dict)):
            pass

        self.assertRaises(TypeError, One)
        self.assertEqual((type(Two), Two.__bases__), (abc.ABCMeta, (dict,)))

    def test_texts_and_dicts(self):
        self.assertEqual((six.ensure_str(b"a"), six.ensure_binary("a"), six.b("\xff")), ("a", b"a", b"\xff"))
        self.assertEqual(list(six.iteritems({"a": 1})), [("a", 1)])
        self.assertTrue(isinstance("a", six.string_types) and isinstance(1, six.integer_types))
        with self.assertRaisesRegex(ValueError, "x"):
            six.reraise(ValueError, ValueError("x"))


class EventletTest(unittest.TestCase):
    def test_functions_run_beside_and_give_their_results(self):
        eventlet.monkey_patch(os=True, thread=True)
        self.assertEqual(eventlet.spawn(lambda a: a + 1, 1).wait(), 2)
        with self.assertRaises(ZeroDivisionError):
            eventlet.spawn(lambda: 1 / 0).wait()
        self.assertIs(eventlet.queue.Queue, queue.Queue)
        self.assertFalse(eventlet.patcher.is_monkey_patched("socket"))

    def test_a_pool_runs_so_many_at_once_and_waits_for_all(self):
        pool = GreenPool(2)
        go, seen = threading.Event(), []
        for number in range(2):
            pool.spawn(lambda n: (go.wait(10), seen.append(n)), number)
        self.assertEqual((pool.running(), pool.free()), (2, 0))
        go.set()
        pool.waitall()
        self.assertEqual((sorted(seen), pool.running()), ([0, 1], 0))
        self.assertEqual(list(pool.imap(lambda a: a * 2, [1, 2, 3])), [2, 4, 6])

    def test_what_did_not_begin_can_be_stopped(self):
        ran = []
        thread = eventlet.spawn_after(3600, ran.append, 1)
        thread.cancel()
        self.assertTrue(thread.dead)
        self.assertEqual(ran, [])

    def test_what_it_lacks_says_so(self):
        with self.assertRaisesRegex(AttributeError, "requirements.txt"):
            eventlet.wsgi
        with self.assertRaisesRegex(RuntimeError, "requirements.txt"):
            eventlet.Timeout(5)


class OrderTest(unittest.TestCase):
    def test_ours_are_found_where_nobody_brings_any(self):
        code = "import st2common, six, eventlet, st2client; print(six.__file__, eventlet.__file__, st2client.__file__)"
        environment = dict(os.environ, PYTHONPATH=LIBRARY)
        run = subprocess.run(
            [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        for path in run.stdout.split():
            self.assertTrue(path.startswith(os.path.join(LIBRARY, "fallback")), path)


if __name__ == "__main__":
    unittest.main()
