from st2common.runners.base_action import Action


class CountAction(Action):
    def run(self, host, message):
        name = "failures.%s" % host
        count = int(self.action_service.get_value(name) or 0) + 1
        self.action_service.set_value(name, count, ttl=3600)
        self.logger.info("%s: %s", host, message)
        return {"host": host, "count": count}
