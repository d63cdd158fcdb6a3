"""What a process has used: CPU time and memory, as the kernel counts them."""

import os
import pathlib
import re
import time


def cpu_seconds(pid):
    """The CPU time of all threads so far, in nanosecond resolution: the process's POSIX CPU-time clock, whose id on Linux is
    made of the complement of the pid and CPUCLOCK_SCHED (2)."""
    return time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid, field="VmHWM"):
    """The largest resident memory so far (VmHWM) or the present one (VmRSS)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def listener(port):
    """The pid of the process that listens on a loopback TCP port: its socket's inode is in /proc/net/tcp, and among the
    process's file descriptors."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):
            continue
        for line in pathlib.Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:  # 0A: listening
                inodes.add(f"socket:[{fields[9]}]")
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(entry) in inodes for entry in (folder / "fd").iterdir()):
                return int(folder.name)
        except OSError:  # it has ended, or belongs to somebody else
            continue
    raise SystemExit(f"error: no process of this user listens on port {port}")
