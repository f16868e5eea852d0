"""Commands of the operating system."""

import os
import shlex
import signal
import subprocess

__all__ = ["kill_process", "quote_unix", "quote_windows", "run_command"]


def run_command(
    cmd, stdin=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, shell=False, cwd=None, env=None, close_fds=None
):
    """Runs it to its end: `(exit status, stdout, stderr)`. A command that is text goes to the shell, a list does not."""
    if not isinstance(cmd, (list, tuple, str)):
        raise TypeError("the command must be a list or a text, not %s" % (type(cmd).__name__,))
    done = subprocess.run(
        cmd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        shell=shell or isinstance(cmd, str),
        cwd=cwd,
        env=dict(os.environ) if not env else env,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def kill_process(process):
    """Ends a process that was started as the leader of its group, and the group. The status, or None if it was gone."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
    except OSError:
        return None
    return process.poll()


def quote_unix(value):
    """The text as one word of a POSIX shell."""
    return shlex.quote(value.strip()) if value.strip() else "''"


def quote_windows(value):
    """The text as one argument of a Windows command line."""
    return subprocess.list2cmdline([value])
