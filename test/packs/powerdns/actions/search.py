from lib.pdns import PowerDNSAction


class SearchAction(PowerDNSAction):
    def run(self, query, max):
        found = self.request("GET", "/search-data", params={"q": query, "max": max, "object_type": "all"})
        return sorted("%(object_type)s %(name)s" % one for one in found)
