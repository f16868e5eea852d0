import sys

from lib.pdns import PowerDNSAction


class GetRecordAction(PowerDNSAction):
    def run(self, zone, name, type):
        found = self.rrset(zone, name, type)
        if not found:
            sys.stderr.write("no %s record %s in %s\n" % (type, name, zone))
            sys.exit(2)
        return {"ttl": found["ttl"], "contents": [record["content"] for record in found["records"]]}
