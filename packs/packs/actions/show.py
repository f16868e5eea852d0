import squall_api
from st2common.runners.base_action import Action


class ShowAction(Action):
    def run(self, pack):
        try:
            return {"pack": squall_api.call("POST", "/packs/index/search", {"pack": pack}) or None}
        except squall_api.ApiError as error:
            return (False, str(error))
