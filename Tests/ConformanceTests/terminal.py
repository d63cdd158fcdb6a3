"""A program at a terminal: what it shows there, and what its user answers."""

import fcntl
import os
import pty
import struct
import subprocess
import termios


def at_terminal(command, environment, *, width=80, answer=""):
    """Runs `command` at a terminal of this width, with this answer; returns its status and what it shows."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(command, env=environment, stdin=there, stdout=there, stderr=there)
    os.close(there)
    os.write(here, answer.encode())
    shown = b""
    try:
        while chunk := os.read(here, 65536):
            shown += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(here)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")
