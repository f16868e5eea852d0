from lib.pdns import PowerDNSAction, PowerDNSError


class GetZoneAction(PowerDNSAction):
    def run(self, zone):
        try:
            return self.request("GET", self.zone_path(zone))
        except PowerDNSError as e:
            return (False, {"error": str(e), "status": e.status})
