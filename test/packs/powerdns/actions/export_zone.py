from lib.pdns import PowerDNSAction


class ExportZoneAction(PowerDNSAction):
    def run(self, zone):
        text = self.request("GET", self.zone_path(zone) + "/export")
        print(text)
        return {"lines": len(text.splitlines())}
