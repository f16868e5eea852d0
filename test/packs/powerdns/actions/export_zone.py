from lib.pdns import PowerDNSAction


class ExportZoneAction(PowerDNSAction):
    def run(self, zone):
        text = self.request("GET", self.zone_path(zone) + "/export")
        if isinstance(text, dict):  # for clients that accept JSON
            text = text["zone"]
        print(text)
        return {"lines": len(text.splitlines())}
