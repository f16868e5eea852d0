import hashlib
import json
import re
from datetime import datetime

from st2common.runners.base_action import Action

# The last things that happened to an incident; older ones are dropped so that a record stays small.
HISTORY_LENGTH = 100
# What Alertmanager writes for an alert that has not ended.
NEVER = "0001-01-01T00:00:00Z"


class TrackIncidentAction(Action):
    """Keeps the incident of a group of alerts in the datastore, under `incident:<id>`.

    Alertmanager repeats notifications and, in a cluster, sends them more than once: taking one in again changes
    nothing.
    """

    def run(self, notification):
        key = "incident:" + incident_id(notification["groupKey"])
        stored = self.action_service.get_value(key, local=False)
        before = json.loads(stored) if stored else None
        incident, change = update(before, notification)
        if change == "ignored":
            print(f"nothing known as {key}, and nothing fires: ignored")
            return {"incident": key, "change": change}
        if change != "unchanged":
            self.action_service.set_value(key, json.dumps(incident, sort_keys=True), local=False)
        firing = sum(alert["status"] == "firing" for alert in incident["alerts"].values())
        print(f"{key} {change}: {incident['title']} ({firing} of {len(incident['alerts'])} alerts firing)")
        return {
            "incident": key,
            "change": change,
            "status": incident["status"],
            "title": incident["title"],
            "firing": firing,
            "resolved": len(incident["alerts"]) - firing,
        }


def incident_id(group_key):
    """The same for every notification of a group, and short enough to say."""
    return hashlib.sha256(group_key.encode()).hexdigest()[:12]


def update(before, notification):
    """The incident after this notification, and what that changed. Pure, so that a repetition shows as `unchanged`."""
    alerts = notification.get("alerts") or []
    if before is None and not any(alert.get("status") == "firing" for alert in alerts):
        return None, "ignored"
    incident = json.loads(json.dumps(before)) if before else begin(notification)
    for alert in alerts:
        merge_alert(incident["alerts"], alert)
    incident["truncated_alerts"] = notification.get("truncatedAlerts") or 0
    if notification.get("status") == "resolved" and not incident["truncated_alerts"]:
        end_missing_alerts(incident["alerts"], alerts)
    firing = any(alert["status"] == "firing" for alert in incident["alerts"].values())
    # Cut-off alerts may still fire: such a notification cannot close an incident.
    incident["status"] = "open" if firing or incident["truncated_alerts"] else "closed"
    change = name_change(before, incident)
    if change in ("closed", "opened", "reopened"):
        stamp(incident, change)
    if change != "unchanged":
        note(incident, change)
    return incident, change


def begin(notification):
    common = notification.get("commonAnnotations") or {}
    labels = notification.get("groupLabels") or {}
    return {
        "group_key": notification["groupKey"],
        "title": common.get("summary") or ", ".join(f"{name}={labels[name]}" for name in sorted(labels)) or "alerts",
        "labels": notification.get("commonLabels") or {},
        "receiver": notification.get("receiver"),
        "url": notification.get("externalURL"),
        "status": "open",
        "opened_at": None,
        "closed_at": None,
        "alerts": {},
        "truncated_alerts": 0,
        "history": [],
    }


def merge_alert(known, alert):
    fingerprint = alert.get("fingerprint") or json.dumps(alert.get("labels") or {}, sort_keys=True)
    old = known.get(fingerprint)
    starts_at = alert.get("startsAt")
    if old is not None:
        # A late copy: of an earlier round of the alert, or one that says "firing" of the round that has ended.
        if moment(starts_at) < moment(old["starts_at"]):
            return
        if moment(starts_at) == moment(old["starts_at"]) and old["status"] == "resolved":
            return
    ends_at = alert.get("endsAt")
    known[fingerprint] = {
        "status": alert["status"],
        "labels": alert.get("labels") or {},
        "annotations": alert.get("annotations") or {},
        "starts_at": starts_at,
        "ends_at": ends_at if alert["status"] == "resolved" and ends_at != NEVER else None,
        "url": alert.get("generatorURL"),
    }


def end_missing_alerts(known, alerts):
    """The whole group is resolved: alerts that it no longer names (they were silenced) have ended with it."""
    ends = [alert["endsAt"] for alert in alerts if alert.get("endsAt") not in (None, NEVER)]
    for alert in known.values():
        if alert["status"] == "firing":
            alert["status"] = "resolved"
            alert["ends_at"] = max(ends, key=moment) if ends else None


def name_change(before, incident):
    if before is None:
        return "opened"
    if incident == before:
        return "unchanged"
    if incident["status"] == before["status"]:
        return "updated"
    return "closed" if incident["status"] == "closed" else "reopened"


def stamp(incident, change):
    """Times are those of the alerts, not of this clock: taken in late or twice, an incident reads the same."""
    alerts = incident["alerts"].values()
    if change == "closed":
        incident["closed_at"] = max((alert["ends_at"] for alert in alerts if alert["ends_at"]), key=moment, default=None)
    else:
        firing = [alert["starts_at"] for alert in alerts if alert["status"] == "firing"]
        incident["closed_at"] = None
        if change == "opened":
            incident["opened_at"] = min(firing, key=moment, default=None)


def moment(text):
    """Go writes as many digits of a second as there are, up to nine; Python before 3.11 reads three or six."""
    parts = re.fullmatch(r"(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if parts is None:
        raise ValueError(f"'{text}' is no time as Alertmanager writes it, such as 2026-03-02T08:14:27.145Z")
    fraction = (parts[2] or "")[:6].ljust(6, "0")
    zone = "+00:00" if parts[3] == "Z" else parts[3]
    return datetime.fromisoformat(f"{parts[1]}.{fraction}{zone}")


def note(incident, change):
    alerts = incident["alerts"]
    incident["history"].append(
        {
            "change": change,
            "firing": sorted(name for name, alert in alerts.items() if alert["status"] == "firing"),
            "resolved": sorted(name for name, alert in alerts.items() if alert["status"] == "resolved"),
        }
    )
    del incident["history"][:-HISTORY_LENGTH]
