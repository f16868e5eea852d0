from lib.pdns import PowerDNSAction, canonical


class DeleteRecordAction(PowerDNSAction):
    def run(self, zone, name, type):
        if self.rrset(zone, name, type) is None:
            self.logger.warning("there is no %s record %s", type, name)
            return {"changed": False}
        self.change_rrset(zone, {"name": canonical(name), "type": type, "changetype": "DELETE"})
        return {"changed": True}
