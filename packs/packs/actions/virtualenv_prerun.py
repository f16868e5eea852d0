from st2common.runners.base_action import Action


class VirtualenvPrerunAction(Action):
    """The packs that were fetched in this round and in those before, dependencies first."""

    def run(self, packs_status, packs_list=None):
        before = packs_list or []
        # A workflow's context merges objects, so the status tells of earlier rounds too.
        fetched = [pack for pack, status in packs_status.items() if "success" in status.lower() and pack not in before]
        return fetched + before
