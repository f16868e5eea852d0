import squall_api
from st2common.runners.base_action import Action


class UnloadAction(Action):
    """Takes packs and all they brought out of the server; their folders stay."""

    def run(self, packs):
        done = {}
        for pack in packs:
            try:
                squall_api.call("DELETE", "/packs/" + squall_api.quote(pack))
                done[pack] = "unloaded"
                self.logger.info('Removed everything of the pack "%s".', pack)
            except squall_api.ApiError as error:
                if error.status != 404 or not _has_folder(pack):
                    return (False, 'The pack "%s" is not unloaded: %s' % (pack, error))
                done[pack] = "was not registered"
        return done


def _has_folder(pack):
    """A pack whose installation broke off is in its place, but not registered."""
    try:
        return bool(squall_api.call("GET", "/packs/installed/" + squall_api.quote(pack)))
    except squall_api.ApiError as error:
        # One that cannot be read any more has a folder nevertheless.
        return error.status != 404
