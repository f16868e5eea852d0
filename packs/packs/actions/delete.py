import fetch
import squall_api
from st2common.runners.base_action import Action


class DeleteAction(Action):
    """Removes the folders of installed packs, and their virtualenvs."""

    def run(self, packs, delete_env=True, only_unregistered=False):
        done = {}
        for pack in packs:
            try:
                if only_unregistered:
                    done[pack] = fetch.take_back(pack, delete_env)
                    self.logger.info("%s: %s", pack, done[pack])
                    continue
                path = "/packs/installed/%s?virtualenv=%s" % (squall_api.quote(pack), "true" if delete_env else "false")
                answer = squall_api.call("DELETE", path)
            except squall_api.ApiError as error:
                return (False, 'The folder of the pack "%s" is not removed: %s' % (pack, error))
            done[pack] = "removed" if answer["folder"] else "kept: its folder is not among the installed packs"
            self.logger.info("%s: %s", pack, done[pack])
        return done

