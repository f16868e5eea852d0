import contextlib
import copy
import io
import json
import os
import sys
import unittest

PACK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(PACK, "actions"))

from track_incident import TrackIncidentAction  # noqa: E402


def payload(name):
    with open(os.path.join(PACK, "payloads", f"alertmanager-{name}.json")) as file:
        return json.load(file)


class Keys:
    """A datastore in memory, with the two methods of the action service that the action calls."""

    def __init__(self):
        self.values = {}
        self.writes = 0

    def get_value(self, name, local=True):
        assert not local
        return self.values.get(name)

    def set_value(self, name, value, local=True):
        assert not local
        self.values[name] = value
        self.writes += 1


class TrackIncidentTest(unittest.TestCase):
    def setUp(self):
        self.keys = Keys()

    def take_in(self, notification):
        with contextlib.redirect_stdout(io.StringIO()):
            return TrackIncidentAction(action_service=self.keys).run(notification)

    def incident(self):
        ((key, value),) = self.keys.values.items()
        self.assertRegex(key, r"^incident:[0-9a-f]{12}$")
        return json.loads(value)

    def test_a_firing_group_opens_an_incident(self):
        result = self.take_in(payload("firing"))
        self.assertEqual((result["change"], result["status"], result["firing"]), ("opened", "open", 2))
        self.assertEqual(self.incident()["opened_at"], "2026-03-02T08:14:27.145Z")

    def test_the_same_notification_again_changes_and_writes_nothing(self):
        for name in ("firing", "partly-resolved", "resolved"):
            self.take_in(payload(name))
            before = copy.deepcopy(self.keys.values)
            self.assertEqual(self.take_in(payload(name))["change"], "unchanged")
            self.assertEqual(self.keys.values, before)
        self.assertEqual(self.keys.writes, 3)

    def test_an_incident_stays_open_while_one_alert_fires(self):
        self.take_in(payload("firing"))
        result = self.take_in(payload("partly-resolved"))
        self.assertEqual((result["change"], result["status"], result["firing"], result["resolved"]), ("updated", "open", 1, 1))

    def test_the_last_resolved_alert_closes_it(self):
        for name in ("firing", "partly-resolved"):
            self.take_in(payload(name))
        result = self.take_in(payload("resolved"))
        self.assertEqual((result["change"], result["status"]), ("closed", "closed"))
        self.assertEqual(self.incident()["closed_at"], "2026-03-02T08:44:57.145Z")
        self.assertEqual([entry["change"] for entry in self.incident()["history"]], ["opened", "updated", "closed"])

    def test_a_late_firing_copy_does_not_open_a_closed_incident(self):
        for name in ("firing", "partly-resolved", "resolved"):
            self.take_in(payload(name))
        self.assertEqual(self.take_in(payload("firing"))["change"], "unchanged")

    def test_an_alert_that_starts_again_opens_it_again(self):
        for name in ("firing", "partly-resolved", "resolved"):
            self.take_in(payload(name))
        again = payload("firing")
        again["alerts"][0]["startsAt"] = "2026-03-02T10:00:00Z"
        result = self.take_in(again)
        self.assertEqual((result["change"], result["firing"]), ("reopened", 1))
        self.assertIsNone(self.incident()["closed_at"])

    def test_a_cut_off_notification_does_not_close_it(self):
        self.take_in(payload("firing"))
        cut = payload("resolved")
        cut["truncatedAlerts"] = 1
        self.assertEqual(self.take_in(cut)["status"], "open")

    def test_a_resolved_group_ends_alerts_it_no_longer_names(self):
        self.take_in(payload("firing"))
        result = self.take_in(payload("resolved"))
        self.assertEqual((result["change"], result["resolved"]), ("closed", 2))

    def test_a_resolved_group_that_nobody_opened_is_ignored(self):
        self.assertEqual(self.take_in(payload("resolved"))["change"], "ignored")
        self.assertEqual(self.keys.values, {})

    def test_times_are_compared_as_times(self):
        self.take_in(payload("firing"))
        early = payload("firing")
        early["alerts"][0].update(status="resolved", startsAt="2026-03-02T09:14:27.1+01:00", endsAt="2026-03-02T08:20:00Z")
        self.assertEqual(self.take_in(early)["firing"], 2)


if __name__ == "__main__":
    unittest.main()
