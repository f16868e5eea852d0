from lib.pdns import PowerDNSAction, canonical


class ReplaceRecordAction(PowerDNSAction):
    def run(self, zone, name, type, contents, ttl=None):
        self.change_rrset(
            zone,
            {
                "name": canonical(name),
                "type": type,
                "ttl": ttl or self.config["default_ttl"],
                "changetype": "REPLACE",
                "records": [{"content": one, "disabled": False} for one in contents],
            },
        )
        return True
