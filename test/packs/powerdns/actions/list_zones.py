from lib.pdns import PowerDNSAction


class ListZonesAction(PowerDNSAction):
    def run(self, kind=None):
        zones = self.request("GET", "/zones")
        return [zone["name"] for zone in zones if kind is None or zone["kind"] == kind]
