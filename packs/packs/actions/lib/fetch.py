"""Brings what a specification names into a file or folder of this machine, and sends it to the server."""

import base64
import os
import shutil
import socket
import ssl
import tarfile
import urllib.error
import urllib.parse
import urllib.request

import git_source
import squall_api
from pack_spec import without_password

# The server refuses larger ones; there is no use in fetching them.
MAX_ARCHIVE_BYTES = 100 * 1024 * 1024
ARCHIVES = {
    ".tar.gz": "application/gzip",
    ".tgz": "application/gzip",
    ".tar": "application/x-tar",
    ".zip": "application/zip",
}
_CHUNK = 1024 * 1024
# No answer for this long is no answer.
_ANSWER_SECONDS = 60


class FetchError(Exception):
    pass


class Fetched:
    """A pack on this machine: an archive to send, or (`ref`) one that lies among the installed ones already."""

    def __init__(self, spec, archive=None, content_type="application/gzip", ref=None, origin=""):
        self.spec = spec
        self.archive = archive
        self.content_type = content_type
        self.ref = ref
        self.origin = origin


def fetch(spec, folder, verify, log):
    """Raises FetchError, GitError or ApiError that says what is wrong and where."""
    url = spec.url or _look_up(spec.name)
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        return _from_this_machine(spec, parts, folder, log)
    kind = _kind_of_archive(parts.path) if parts.scheme in ("http", "https") else None
    if kind and not spec.revision:
        archive = os.path.join(folder, "fetched")
        log("fetching %s" % without_password(url))
        _download(url, archive, verify)
        return Fetched(spec, archive, ARCHIVES[kind], origin=without_password(url))
    return _from_git(spec, url, folder, log)


def send(fetched, force):
    """The server's facts of the pack, which lies in its place now."""
    if fetched.ref is not None:
        return squall_api.call("GET", "/packs/installed/" + squall_api.quote(fetched.ref))
    with open(fetched.archive, "rb") as file:
        path = "/packs/archive?register=false&force=%s" % ("true" if force else "false")
        return squall_api.upload(path, file, os.path.getsize(fetched.archive), fetched.content_type)


def take_back(ref, virtualenv=False):
    """What was not registered goes; what was there before it returns. Gives what was done."""
    path = "/packs/installed/%s?undo=true&virtualenv=%s" % (squall_api.quote(ref), "true" if virtualenv else "false")
    answer = squall_api.call("DELETE", path)
    if answer["restored"]:
        return "put back as it was"
    return "removed" if answer["folder"] else "kept: nothing of it is new"


def _look_up(name):
    found = squall_api.call("POST", "/packs/index/search", {"pack": name})
    if not found:
        health = squall_api.call("GET", "/packs/index")
        down = ["%s: %s" % (one["url"], one["message"]) for one in health.get("status", []) if one.get("error")]
        more = " Not every index could be read: %s" % "; ".join(down) if down else ""
        raise FetchError('No record of the "%s" pack in the index.%s' % (name, more))
    url = found.get("repo_url")
    if not isinstance(url, str) or not url or url.startswith("-"):
        raise FetchError('The index names no repository for the pack "%s".' % name)
    return url


def _from_this_machine(spec, parts, folder, log):
    # The server's files are not everybody's to read through an action.
    if not squall_api.call("GET", "/user")["rbac"]["is_admin"]:
        raise FetchError("%s: only an administrator may install from a folder of the server" % spec.text)
    if parts.netloc not in ("", "localhost"):
        raise FetchError("%s: a file:// URL has three slashes, as in file:///srv/packs/mypack" % spec.text)
    path = os.path.realpath(urllib.parse.unquote(parts.path))
    if os.path.isfile(path):
        kind = _kind_of_archive(path)
        if kind is None:
            raise FetchError("%s is no archive: use one of %s" % (spec.text, ", ".join(ARCHIVES)))
        return Fetched(spec, path, ARCHIVES[kind], origin=path)
    if not os.path.isdir(path):
        raise FetchError("%s: there is no such file or folder on %s" % (spec.text, socket.gethostname()))
    is_bare = os.path.isdir(os.path.join(path, "objects")) and os.path.isfile(os.path.join(path, "HEAD"))
    if os.path.exists(os.path.join(path, ".git")) or is_bare:
        return _from_git(spec, "file://" + urllib.parse.quote(path), folder, log)
    if spec.revision:
        raise FetchError('%s: the folder is no git repository, so it has no "%s"' % (spec.text, spec.revision))
    if not os.path.isfile(os.path.join(path, "pack.yaml")):
        raise FetchError("%s is no pack: there is no pack.yaml in it" % spec.text)
    ref = _installed_at(path)
    if ref is not None:
        return Fetched(spec, ref=ref, origin=path)
    return Fetched(spec, _packed(path, os.path.join(folder, "packed.tar.gz")), origin=path)


def _from_git(spec, url, folder, log):
    clone = os.path.join(folder, "clone")
    commit = git_source.clone(url, spec.revision, clone, log)
    if not os.path.isfile(os.path.join(clone, "pack.yaml")):
        raise FetchError("%s is no pack: there is no pack.yaml at the top of the repository" % spec.text)
    log("%s is at %s" % (spec.text, commit[:12]))
    archive = _packed(clone, os.path.join(folder, "packed.tar.gz"))
    shutil.rmtree(clone, ignore_errors=True)
    return Fetched(spec, archive, origin="%s at %s" % (without_password(url), commit))


def _installed_at(path):
    """The ref of the pack whose place this is, when it is one of the installed ones."""
    try:
        facts = squall_api.call("GET", "/packs/installed/" + squall_api.quote(os.path.basename(path)))
    except squall_api.ApiError as error:
        if error.status == 404:
            return None
        raise
    return facts["ref"] if os.path.realpath(facts["path"]) == path else None


def _packed(folder, archive):
    def without_git(member):
        return None if os.path.basename(member.name) == ".git" else member

    # Level 1: it goes no further than to the server beside us.
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(folder, arcname=".", filter=without_git)
    return archive


def _download(url, path, verify):
    parts = urllib.parse.urlsplit(url)
    request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))
    if "@" in parts.netloc:
        login = urllib.parse.unquote(parts.netloc.rpartition("@")[0])
        # Unredirected: another host that this one points to does not get the login.
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    shown = without_password(url)
    try:
        with opener.open(request, timeout=_ANSWER_SECONDS) as answer, open(path, "wb") as file:
            size = 0
            while True:
                chunk = answer.read(_CHUNK)
                if not chunk:
                    break
                size += len(chunk)
                if size > MAX_ARCHIVE_BYTES:
                    raise FetchError("%s is larger than %d bytes, the limit for a pack" % (shown, MAX_ARCHIVE_BYTES))
                file.write(chunk)
    except urllib.error.HTTPError as error:
        hint = " It asks for a login, and nobody can be asked here." if error.code in (401, 403, 407) else ""
        raise FetchError("%s answers %d %s.%s" % (shown, error.code, error.reason, hint)) from None
    except (OSError, ValueError) as error:
        raise FetchError("cannot fetch %s: %s" % (shown, without_password(str(error)))) from None


def _kind_of_archive(path):
    return next((kind for kind in ARCHIVES if path.endswith(kind)), None)
