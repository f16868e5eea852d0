from lib.pdns import PowerDNSAction, canonical


class CreateZoneAction(PowerDNSAction):
    def run(self, zone, nameservers, kind="Native"):
        body = {"name": canonical(zone), "kind": kind, "nameservers": [canonical(one) for one in nameservers]}
        created = self.request("POST", "/zones", json=body)
        return {"id": created["id"], "serial": created["serial"]}
