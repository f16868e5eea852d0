"""The stem: an interpreter with the SDK imported, from which a process for each action's module is forked (zygote.py).

Started by the runner with a socket as descriptor 3. First comes {"listen": path}, answered by {"stem": pid}; then
{"zygote": id, ...} forks one and {"end": id} kills it with what it started; {"gone": id, "status": n} says that one ended.
The stem ends with that socket, whatever ends the server. It imports nothing of any pack, so packs have nothing in common here.
"""

import os
import signal
import socket
import sys

CONTROL_FD = 3
MARK = "SQUALL_EXECUTION"


def main():
    from python_runner.execution import without_own_folder
    from python_runner.linux import EnvironmentMark
    from python_runner.reaper import Reaper
    from python_runner.rehearsal import rehearse
    from python_runner.wire import Lines
    from python_runner.zygote import run_zygote

    sys.path[:] = without_own_folder(sys.path)
    # As the action of a fresh interpreter sees it; `multiprocessing` starts workers by what the main program is.
    sys.argv = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_action_wrapper.py")]
    sys.modules["__main__"].__file__ = sys.argv[0]
    os.set_inheritable(CONTROL_FD, False)
    lines = Lines(socket.socket(fileno=CONTROL_FD))
    mark = EnvironmentMark(MARK)
    mark.write(os.environ[MARK])  # fails now, not in the first execution, where the system does not allow it
    (first,) = lines.receive()
    way_in = os.open(first["listen"], os.O_PATH)
    rehearse()
    reaper = Reaper()
    reaper.watch(CONTROL_FD)
    zygotes = {}
    lines.send({"stem": os.getpid()})

    while True:
        ready = reaper.wait()
        for pid, status in reaper.dead():
            lines.send({"gone": zygotes.pop(pid, None), "status": status})
        if not ready:
            continue
        messages = lines.receive()
        if messages is None:
            return
        for message in messages:
            if "end" in message:
                _kill(zygotes, message["end"])
                continue
            try:
                pid = os.fork()
            except OSError as e:
                lines.send({"gone": message["zygote"], "status": -1, "error": str(e)})
                continue
            if pid == 0:
                try:
                    reaper.close()
                    lines.close()
                    run_zygote(message, mark, way_in)
                except BaseException:  # ours: the runner goes on without it, and the server's stderr has this
                    sys.excepthook(*sys.exc_info())
                finally:
                    os._exit(0)
            zygotes[pid] = message["zygote"]


def _kill(zygotes, name):
    for pid, one in zygotes.items():
        if one == name:
            for kill in (os.killpg, os.kill):
                try:
                    kill(pid, signal.SIGKILL)
                    break
                except OSError:
                    pass  # it has no group yet, or is gone


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        pass  # the server is gone
