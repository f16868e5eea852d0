from lib.pdns import PowerDNSAction


class GetStatisticsAction(PowerDNSAction):
    def run(self, names=None):
        rows = self.request("GET", "/statistics")
        values = {row["name"]: row["value"] for row in rows if row["type"] == "StatisticItem"}
        return {name: int(values[name]) for name in (names or sorted(values)) if name in values}
