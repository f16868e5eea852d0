import squall_api
from st2common.runners.base_action import Action


class LoadAction(Action):
    """Registers the content of packs, as POST /v1/packs/register does."""

    def run(self, register="all", packs=None, timeout=300):
        types = [one.strip() for one in register.split(",") if one.strip()]
        body = {"types": types or ["all"], "fail_on_failure": True}
        if packs:
            body["packs"] = packs
        try:
            return squall_api.call("POST", "/packs/register", body, timeout=timeout)
        except squall_api.ApiError as error:
            return (False, str(error))
