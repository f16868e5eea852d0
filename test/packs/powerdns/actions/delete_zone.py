from lib.pdns import PowerDNSAction, canonical


class DeleteZoneAction(PowerDNSAction):
    def run(self, zone):
        protected = [canonical(one) for one in self.config.get("protected_zones", [])]
        if canonical(zone) in protected:
            return False, "%s is protected by the configuration of the pack" % zone
        self.request("DELETE", self.zone_path(zone))
        return True, {"deleted": canonical(zone)}
