from lib.pdns import PowerDNSAction, canonical


class AddRecordAction(PowerDNSAction):
    def run(self, zone, name, type, content, ttl=None):
        old = self.rrset(zone, name, type)
        contents = [record["content"] for record in old["records"]] if old else []
        if content in contents:
            return {"changed": False, "records": contents}
        contents.append(content)
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
        return {"changed": True, "records": contents}
