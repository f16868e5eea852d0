import mimetypes
import os
import shutil
import socket
import subprocess
from email.message import EmailMessage

from st2common.runners.base_action import Action


class SendmailAction(Action):
    # The parameter `from` is a word of Python's, so it only comes by **.
    def run(
        self,
        to,
        subject,
        body,
        sendmail_binary=None,
        send_empty_body=True,
        content_type="text/html",
        attachments=None,
        **parameters,
    ):
        if not body.strip() and not send_empty_body:
            return True, {"sent": False, "reason": "the body is empty and send_empty_body is false"}
        message = compose(parameters.get("from") or "stanley", to, subject, body, content_type)
        for path in split(attachments):
            attach(message, path)
        program = find_program(sendmail_binary)
        # -t takes the recipients from the message, so none of them can be read as an option; -i keeps a line of one dot.
        done = subprocess.run([program, "-t", "-i"], input=message.as_bytes(), capture_output=True, timeout=300)
        if done.returncode != 0:
            return False, {"sent": False, "reason": done.stderr.decode(errors="replace") or f"exit code {done.returncode}"}
        return True, {"sent": True, "to": split(to)}


def compose(sender, to, subject, body, content_type):
    maintype, _, subtype = content_type.partition("/")
    if maintype != "text" or not subtype:
        raise ValueError(f"content_type is '{content_type}'; it must be text/<something>, such as text/html")
    message = EmailMessage()
    # EmailMessage refuses line ends in these, so nobody can add headers of their own.
    message["From"] = sender if "@" in sender else f"{sender}@{socket.gethostname()}"
    message["To"] = ", ".join(split(to))
    message["Subject"] = subject
    message.set_content(body, subtype=subtype)
    return message


def attach(message, path):
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    maintype, subtype = kind.split("/", 1)
    with open(path, "rb") as file:
        message.add_attachment(file.read(), maintype=maintype, subtype=subtype, filename=os.path.basename(path))


def find_program(given):
    found = shutil.which(given or "sendmail", path=os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin")
    if found is None:
        raise FileNotFoundError(f"there is no program '{given or 'sendmail'}'; install a mail server or give sendmail_binary")
    return found


def split(text):
    return [part.strip() for part in (text or "").split(",") if part.strip()]
