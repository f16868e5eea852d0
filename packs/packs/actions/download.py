import signal
import sys
import tempfile
import threading

import fetch
import pack_spec
from git_source import GitError
from squall_api import ApiError
from st2common.runners.base_action import Action


class DownloadAction(Action):
    """Fetches packs, all of them before the first one is put into its place."""

    def run(self, packs, force=False, verifyssl=True, dependency_list=None):
        # Dependencies that a round of the installation found go before what was asked for first.
        wanted = dependency_list or packs
        _clean_up_when_told_to_end()
        with tempfile.TemporaryDirectory(prefix="squall-pack-") as base:
            fetched = []
            for text in dict.fromkeys(wanted):
                try:
                    spec = pack_spec.parse(text)
                    folder = tempfile.mkdtemp(dir=base)
                    fetched.append(fetch.fetch(spec, folder, verifyssl, self.logger.info))
                except (ValueError, fetch.FetchError, GitError, ApiError) as error:
                    return self._failed(text, error, [one.ref for one in fetched if one.ref])
            status = {}
            for one in fetched:
                try:
                    facts = fetch.send(one, force)
                except ApiError as error:
                    return self._failed(one.spec.text, error, list(status))
                self.logger.info("%s %s from %s", facts["ref"], facts["version"], one.origin)
                for warning in facts.get("warnings", []):
                    self.logger.warning(warning)
                status[facts["ref"]] = "Success."
        return status

    def _failed(self, text, error, placed):
        """Nothing of this round stays: what was in the place of these packs before is put back."""
        text = pack_spec.without_password(text)
        message = pack_spec.without_password(str(error))
        self.logger.error("%s: %s", text, message)
        for ref in placed:
            fetch.take_back(ref)
        return (False, 'The pack "%s" has not been downloaded: %s' % (text, message))


def _clean_up_when_told_to_end():
    """A canceled action gets SIGTERM first: leaving by an exception removes what was fetched."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
