"""What the fork server asks of Linux beyond Python's own library."""

import ctypes
import os

__all__ = ["EnvironmentMark", "die_with_parent"]

PR_SET_PDEATHSIG = 1
# Looked up once: each fork calls it.
_prctl = ctypes.CDLL(None, use_errno=True).prctl
_prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)


def die_with_parent(signal_number, parent):
    """This process gets the signal when the parent dies; ends here if that has happened already. 0 takes it back."""
    if _prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


class EnvironmentMark(object):
    """The value of a variable as others see it in /proc/PID/environ.

    That file shows the memory where the kernel put a program's environment when it was started, which a fork copies and
    `putenv` does not touch. Who looks for the processes of an execution reads it, so a fork writes its execution's id
    there. The program has to be started with a placeholder that is as long as any value to come.
    """

    def __init__(self, name):
        with open("/proc/self/stat", "rb") as file:
            text = file.read()
        # The command name is in parentheses and may hold anything, so fields are counted after the last one.
        fields = text[text.rindex(b")") + 2 :].split()
        start, end = int(fields[47]), int(fields[48])
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(start)
            environment = memory.read(end - start)
        key = name.encode("ascii") + b"="
        at = 0 if environment.startswith(key) else environment.index(b"\0" + key) + 1
        self._address = start + at + len(key)
        self._length = environment.index(b"\0", at) - at - len(key)

    def write(self, value):
        value = value.encode("ascii")
        if len(value) > self._length:
            raise ValueError("the mark %r is longer than %d bytes" % (value, self._length))
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(self._address)
            memory.write(value.ljust(self._length, b"\0"))
