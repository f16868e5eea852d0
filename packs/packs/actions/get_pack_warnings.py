import squall_api
from st2common.runners.base_action import Action


class GetPackWarningsAction(Action):
    """What whoever installs these packs should know, and which of them need a virtualenv."""

    def run(self, packs_status=None, packs_list=None):
        status = packs_status or {}
        packs = packs_list or [pack for pack, said in status.items() if "success" in said.lower()]
        facts = [squall_api.call("GET", "/packs/installed/" + squall_api.quote(pack)) for pack in packs]
        return {
            "warning_list": [warning for one in facts for warning in one["warnings"]],
            "requirements_list": [one["ref"] for one in facts if one["has_requirements"]],
        }
