import requests

from st2common.runners.base_action import Action

__all__ = ["PowerDNSAction", "PowerDNSError", "canonical"]


class PowerDNSError(Exception):
    def __init__(self, status, message):
        super(PowerDNSError, self).__init__("PowerDNS answered %s: %s" % (status, message))
        self.status = status


def canonical(name):
    """PowerDNS takes only names that end with a dot."""
    return name if name.endswith(".") else name + "."


class PowerDNSAction(Action):
    def __init__(self, config):
        super(PowerDNSAction, self).__init__(config)
        connection = self.config["connection"]
        self._base = "%s/api/v1/servers/%s" % (connection["url"].rstrip("/"), connection["server_id"])
        self._timeout = connection.get("timeout", 10)
        self._session = requests.Session()
        self._session.headers.update({"X-API-Key": connection["api_key"], "Accept": "application/json"})

    def request(self, method, path, json=None, params=None):
        response = self._session.request(
            method, self._base + path, json=json, params=params, timeout=self._timeout
        )
        self.logger.debug("%s %s: %s", method, path, response.status_code)
        if response.status_code >= 400:
            try:
                message = response.json().get("error", response.text)
            except ValueError:
                message = response.text
            raise PowerDNSError(response.status_code, message)
        if not response.content:
            return None
        if "json" in response.headers.get("Content-Type", ""):
            return response.json()
        return response.text

    def zone_path(self, zone):
        return "/zones/" + canonical(zone)

    def change_rrset(self, zone, rrset):
        self.request("PATCH", self.zone_path(zone), json={"rrsets": [rrset]})

    def rrset(self, zone, name, rtype):
        found = self.request("GET", self.zone_path(zone))
        for one in found["rrsets"]:
            if one["name"] == canonical(name) and one["type"] == rtype:
                return one
        return None
