import pack_spec
import squall_api
from st2common.runners.base_action import Action


class GetPackDependenciesAction(Action):
    """What packs need that is not there yet, and what they need in another version than is there."""

    def run(self, packs_status, nested):
        """`nested` is how many more rounds there may be."""
        missing, conflicts = {}, []
        if not packs_status or nested <= 0:
            return {"dependency_list": [], "conflict_list": [], "nested": nested}
        for pack, status in packs_status.items():
            if "success" not in status.lower():
                continue
            for text in _facts(pack)["dependencies"]:
                try:
                    spec = pack_spec.parse(text)
                except ValueError as error:
                    return (False, 'The pack "%s" names a dependency that cannot be read: %s' % (pack, error))
                ref = _probable_ref(spec)
                version = _version_of(ref)
                if version is not None:
                    # Also the way out of a circle: what is there is not fetched again.
                    if spec.revision and spec.revision.lstrip("v") != version:
                        conflicts.append("%s (needed by %s, but %s %s is installed)" % (spec.text, pack, ref, version))
                elif ref in missing and missing[ref].revision != spec.revision:
                    conflicts.append("%s (needed by %s, but %s is needed too)" % (spec.text, pack, missing[ref].text))
                else:
                    missing.setdefault(ref, spec._replace(text=text))
        if missing and nested == 1:
            self.logger.warning("dependencies of dependencies go deeper than is followed: %s", ", ".join(missing))
        return {
            "dependency_list": [spec.text for spec in missing.values()],
            "conflict_list": conflicts,
            "nested": nested - 1,
        }


def _facts(pack):
    return squall_api.call("GET", "/packs/installed/" + squall_api.quote(pack))


def _version_of(ref):
    for path in ("/packs/installed/", "/packs/"):
        try:
            return squall_api.call("GET", path + squall_api.quote(ref))["version"]
        except squall_api.ApiError as error:
            if error.status != 404:
                raise
    return None


def _probable_ref(spec):
    """The Exchange calls the repository of the pack `aws` `stackstorm-aws`."""
    path = (spec.name or spec.url).rstrip("/")
    if path.endswith("/.git"):
        path = path[: -len("/.git")]
    name = path.split("/")[-1].split(":")[-1]
    for ending in (".git", ".tar.gz", ".tgz", ".zip", ".tar"):
        if name.endswith(ending):
            name = name[: -len(ending)]
    return name[len("stackstorm-") :] if name.startswith("stackstorm-") else name
