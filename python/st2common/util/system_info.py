"""This machine and process."""

import os
import socket

__all__ = ["get_host_info", "get_process_info"]


def get_host_info():
    return {"hostname": socket.gethostname()}


def get_process_info():
    return {"hostname": socket.gethostname(), "pid": os.getpid()}
