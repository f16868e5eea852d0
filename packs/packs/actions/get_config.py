import os

import squall_api
from st2common.runners.base_action import Action


class GetConfigAction(Action):
    """Where installed packs lie. They belong to the user who runs the server, not to a group of their own."""

    def run(self):
        path = squall_api.call("GET", "/packs/default")["path"]
        return {"pack_group": None, "pack_path": os.path.dirname(path)}
