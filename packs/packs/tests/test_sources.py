import os
import sys
import tarfile
import tempfile
import unittest
from unittest import mock

ACTIONS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "actions")
sys.path[:0] = [ACTIONS, os.path.join(ACTIONS, "lib")]

import fetch  # noqa: E402
import git_source  # noqa: E402
import pack_spec  # noqa: E402
from get_pack_dependencies import _probable_ref  # noqa: E402


class PackSpecTest(unittest.TestCase):
    def test_names_and_urls_with_and_without_a_revision(self):
        for text, expected in {
            "aws": ("aws", None, None),
            "aws=1.2.3": ("aws", None, "1.2.3"),
            "some-pack=feature/x": ("some-pack", None, "feature/x"),
            "owner/repo": (None, "https://github.com/owner/repo", None),
            "owner/repo=v1.0.0": (None, "https://github.com/owner/repo", "v1.0.0"),
            "https://host/a/b.git": (None, "https://host/a/b.git", None),
            "https://host/a/b.git=master": (None, "https://host/a/b.git", "master"),
            "https://host/b.zip?a=b": (None, "https://host/b.zip?a=b", None),
            "git@host.example:a/b.git=1.0.0": (None, "git@host.example:a/b.git", "1.0.0"),
            "ssh://git@host:22/a/b": (None, "ssh://git@host:22/a/b", None),
            "file:///srv/packs/x": (None, "file:///srv/packs/x", None),
        }.items():
            spec = pack_spec.parse(text)
            self.assertEqual((spec.name, spec.url, spec.revision), expected, text)

    def test_what_names_nothing_is_refused(self):
        for text in ["", "=1", "a b", "-x", "--upload-pack=x", "aws=-x", "aws=", "../x", "/x", "ext::sh -c x", "ftp://host/x", "x=;ls"]:
            with self.assertRaises(ValueError, msg=text):
                pack_spec.parse(text)

    def test_a_login_is_not_shown(self):
        self.assertEqual(pack_spec.parse("https://me:s3cret@host/x").text, "https://***@host/x")
        with self.assertRaises(ValueError) as caught:
            pack_spec.parse("ftp://me:s3cret@host/x")
        self.assertNotIn("s3cret", str(caught.exception))


class GitTest(unittest.TestCase):
    def test_a_server_without_git_says_so(self):
        with mock.patch.dict(os.environ, {"PATH": "/nothing/here"}):
            with self.assertRaisesRegex(git_source.GitError, "there is no git on the server"):
                git_source.clone("https://host/x", None, "/nothing", print)

    def test_a_login_is_in_no_argument_and_for_its_host_alone(self):
        url, environment = git_source._with_credentials_aside("https://me:s3%2Fcret@host.example/a/b.git")
        self.assertEqual(url, "https://host.example/a/b.git")
        self.assertEqual((environment["SQUALL_GIT_USER"], environment["SQUALL_GIT_PASSWORD"]), ("me", "s3/cret"))
        names = {value for name, value in environment.items() if name.startswith("GIT_CONFIG_KEY")}
        self.assertIn("credential.https://host.example.helper", names)
        self.assertFalse([value for name, value in environment.items() if "s3/cret" in value and name != "SQUALL_GIT_PASSWORD"])

    def test_the_executions_token_is_not_for_git(self):
        with mock.patch.dict(os.environ, {"ST2_AUTH_TOKEN": "t0ken", "GIT_SSH_COMMAND": "evil"}):
            _, environment = git_source._with_credentials_aside("https://host/x")
        self.assertNotIn("t0ken", environment.values())
        self.assertEqual(environment["GIT_SSH_COMMAND"], "ssh -o BatchMode=yes")
        self.assertEqual(environment["GIT_TERMINAL_PROMPT"], "0")

    def test_what_git_said_comes_with_what_to_do(self):
        git = git_source._Git("https://me:s3cret@host/x", print)
        for said, hint in {
            "fatal: could not read Username for 'https://host': terminal prompts disabled": "asks for a login",
            "git@host: Permission denied (publickey).": "asks for a login",
            "Host key verification failed.": "known_hosts",
            "fatal: unable to access 'https://me:s3cret@host/x': Could not resolve host": "Check the address",
        }.items():
            message = str(git.failure("cannot clone", said))
            self.assertIn(hint, message)
            self.assertNotIn("s3cret", message)


class FetchTest(unittest.TestCase):
    def test_git_files_stay_out_of_the_archive(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "pack", ".git"))
            os.makedirs(os.path.join(folder, "pack", "actions"))
            for path in ["pack.yaml", ".gitignore", ".git/config", "actions/a.py"]:
                open(os.path.join(folder, "pack", path), "w").close()
            archive = fetch._packed(os.path.join(folder, "pack"), os.path.join(folder, "packed.tar.gz"))
            with tarfile.open(archive) as tar:
                names = sorted(name for name in tar.getnames() if name != ".")
            self.assertEqual(names, ["./.gitignore", "./actions", "./actions/a.py", "./pack.yaml"])

    def test_the_ref_that_a_dependency_probably_has(self):
        for text, ref in {
            "aws=1.0.0": "aws",
            "StackStorm-Exchange/stackstorm-aws": "aws",
            "https://host/packs/net.git=v1.0.0": "net",
            "git@host:tools.git": "tools",
            "file:///srv/repo/.git": "repo",
            "https://host/x/y.tar.gz": "y",
        }.items():
            self.assertEqual(_probable_ref(pack_spec.parse(text)), ref, text)


if __name__ == "__main__":
    unittest.main()
