import squall_api
from st2common.runners.base_action import Action


class SearchAction(Action):
    def run(self, query):
        try:
            return squall_api.call("POST", "/packs/index/search", {"query": query})
        except squall_api.ApiError as error:
            return (False, str(error))
