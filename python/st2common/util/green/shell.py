"""Commands with a timeout and their output as it comes."""

import os
import signal
import subprocess
import threading

__all__ = ["run_command"]

TIMEOUT_EXIT_CODE = -9


def run_command(
    cmd,
    stdin=None,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    shell=False,
    cwd=None,
    env=None,
    timeout=60,
    preexec_func=None,
    kill_func=None,
    read_stdout_func=None,
    read_stderr_func=None,
    read_stdout_buffer=None,
    read_stderr_buffer=None,
    stdin_value=None,
    bufsize=0,
):
    """Runs it for at most `timeout` seconds: `(exit status, stdout, stderr, timed out)`, texts as UTF-8.

    On timeout the command's whole group is killed (or `kill_func(process=...)` called) and the status is -9.
    """
    process = subprocess.Popen(
        cmd,
        stdin=subprocess.PIPE if stdin_value is not None else stdin,
        stdout=stdout,
        stderr=stderr,
        shell=shell,
        cwd=cwd,
        env=env or dict(os.environ),
        start_new_session=preexec_func is None,
        preexec_fn=preexec_func,
        bufsize=bufsize if bufsize > 0 else -1,
    )
    readers = [
        _Reader(process.stdout, read_stdout_func, read_stdout_buffer),
        _Reader(process.stderr, read_stderr_func, read_stderr_buffer),
    ]
    timed_out = False
    try:
        if stdin_value is not None:
            _feed(process, stdin_value)
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        if kill_func:
            kill_func(process=process)
        else:
            _kill(process)
        process.wait()
    out, err = [reader.text() for reader in readers]
    return TIMEOUT_EXIT_CODE if timed_out else process.returncode, out, err, timed_out


def _feed(process, value):
    try:
        process.stdin.write(value if isinstance(value, bytes) else value.encode("utf-8"))
    except BrokenPipeError:
        return  # it ended without reading all of it, which is its business
    finally:
        process.stdin.close()


def _kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()


class _Reader(object):
    """Reads a stream in a thread, so that neither of two full pipes can block the command."""

    def __init__(self, stream, function, buffer):
        self._stream = stream
        self._function = function
        self._buffer = buffer
        self._lines = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        if stream is not None:
            self._thread.start()

    def _read(self):
        if self._function:
            self._function(self._stream, self._buffer)
            return
        with self._stream:
            for line in self._stream:
                self._lines.append(line)

    def text(self):
        if self._stream is None:
            return ""
        # What the command left behind may hold the pipe open for ever.
        self._thread.join(2)
        if self._buffer is not None and hasattr(self._buffer, "getvalue"):
            return self._buffer.getvalue()
        return b"".join(self._lines).decode("utf-8", "replace")
