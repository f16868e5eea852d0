import unittest

from syslog_sensor import parse


class ParseTestCase(unittest.TestCase):
    def test_rfc5424(self):
        got = parse("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed")
        self.assertEqual((got["facility"], got["severity"], got["app_name"]), ("auth", "crit", "su"))
        self.assertEqual(got["message"], "'su root' failed")

    def test_bsd(self):
        got = parse("<38>Oct 11 22:14:15 bastion sshd[123]: Failed password for root from 192.0.2.1")
        self.assertEqual((got["host"], got["app_name"], got["procid"]), ("bastion", "sshd", "123"))

    def test_something_else(self):
        self.assertIsNone(parse("hello"))
