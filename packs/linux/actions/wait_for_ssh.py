import os
import stat
import subprocess
import tempfile
import time

from st2common.runners.base_action import Action


class WaitForSSHAction(Action):
    def run(self, hostname, port=22, username="stanley", password=None, keyfile=None, ssh_timeout=30, retries=10):
        why = "no try was made"
        for attempt in range(1, retries + 1):
            why = try_once(hostname, port, username, password, keyfile, ssh_timeout)
            if why is None:
                return True
            self.logger.info("try %s of %s: %s", attempt, retries, why)
            if attempt < retries:
                time.sleep(ssh_timeout)
        return False, f"{hostname} let nobody in within {retries} tries: {why}"


def try_once(hostname, port, username, password, keyfile, seconds):
    """None when it worked, else the last that ssh said."""
    command = ["ssh", "-p", str(port), "-l", username, "-o", f"ConnectTimeout={seconds}"]
    # A host that was never seen is taken for what it says; one whose key changed is not.
    command += ["-o", "StrictHostKeyChecking=accept-new", "-o", "NumberOfPasswordPrompts=1"]
    command += ["-o", f"BatchMode={'no' if password else 'yes'}"]
    if keyfile:
        command += ["-i", keyfile, "-o", "IdentitiesOnly=yes"]
    command += ["--", hostname, "true"]
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        if password:
            # ssh asks a program for the password; it has it from its environment, which others cannot read.
            program = os.path.join(folder, "askpass")
            with open(program, "w") as file:
                file.write("#!/bin/sh\nprintf '%s\\n' \"$SQUALL_SSH_PASSWORD\"\n")
            os.chmod(program, stat.S_IRWXU)
            environment.update(SSH_ASKPASS=program, SSH_ASKPASS_REQUIRE="force", DISPLAY=":", SQUALL_SSH_PASSWORD=password)
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds + 5,
                start_new_session=bool(password),
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {seconds} s"
        except FileNotFoundError:
            raise RuntimeError("ssh is not on the PATH; install the OpenSSH client") from None
    if done.returncode == 0:
        return None
    return (done.stderr.decode(errors="replace").strip().split("\n") or [""])[-1] or f"ssh ended with {done.returncode}"
