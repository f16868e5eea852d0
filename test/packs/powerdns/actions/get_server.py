from lib.pdns import PowerDNSAction


class GetServerAction(PowerDNSAction):
    def run(self):
        server = self.request("GET", "")
        self.action_service.set_value("last_seen_version", server["version"])
        return {"version": server["version"], "daemon_type": server["daemon_type"]}
