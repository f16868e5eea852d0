from st2common.runners.base_action import Action


class VirtualenvPrerunAction(Action):
    """The packs that were fetched in this round and in those before, dependencies first."""

    def run(self, packs_status, packs_list=None):
        fetched = [pack for pack, status in packs_status.items() if "success" in status.lower()]
        return fetched + [pack for pack in packs_list or [] if pack not in fetched]
