"""A Debian 12 that has booted: in a folder, with its own processes, users, network and systemd, and gone without a trace once
it ends."""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import uuid

from conftest import ROOT, run
from processes import start_process
from workers import wait_until

RELEASE = "bookworm"
# What every installation of Debian has, and its smallest variant lacks.
STANDARD = ("systemd-sysv", "dbus", "iproute2", "logrotate")
BOOT_SECONDS = 60
NEEDS = "It needs root, namespaces, and the right to mount: a machine, or a privileged container"
# What a program starts and mounts must not outlive the tests, however these end: all of it ends with the first process of
# its namespaces.
BOUND = ("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def image(packages):
    """The folder of a system as it is after an installation. `packages` are downloaded, but not installed: the machine has no
    network, and apt finds them in its cache. Kept in .build, for as long as the same packages are wanted."""
    wanted = "\n".join([RELEASE, *STANDARD, *sorted(packages)])
    folder = ROOT / ".build" / f"debian-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    assert os.geteuid() == 0, f"a machine cannot be made. {NEEDS}"
    folder.parent.mkdir(exist_ok=True)
    for old in folder.parent.glob("debian-*"):
        shutil.rmtree(old)
    partial = folder.with_name(f"{folder.name}.partial")
    download = f'chroot "$1" apt-get install --quiet --yes --download-only --install-recommends {" ".join(sorted(packages))}'
    # What Debian's installer sets up.
    configure = """
        echo sojourn >"$1/etc/hostname"
        printf '127.0.0.1 localhost\\n127.0.1.1 sojourn\\n' >"$1/etc/hosts"
        echo 'APT::Get::Assume-Yes "true";' >"$1/etc/apt/apt.conf.d/90-yes"
        """
    run(*BOUND, "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory", "--skip=cleanup/apt",
        f"--include={','.join(STANDARD)}", f"--customize-hook={download}", f"--customize-hook={configure}", RELEASE, partial,
        seconds=600)  # fmt: skip
    partial.rename(folder)
    return folder


class Machine:
    """Boots the system in a folder, which stays as it is: what the machine writes is kept in memory."""

    def __init__(self, folder, log):
        self.log = log
        self.name = f"sojourn-{uuid.uuid4().hex[:8]}"
        self._groups = [mount / self.name for mount in _control_groups()]
        keep = [] if pathlib.Path("/run/systemd/system").exists() else ["--keep-unit"]
        join = 'for group in $0; do mkdir "$group" && echo $$ >"$group/cgroup.procs" || exit; done; exec "$@"'
        command = [
            "sh", "-c", join, " ".join(map(str, self._groups)), *BOUND, "systemd-nspawn", "--quiet",
            "--register=no", *keep, f"--directory={folder}", "--volatile=overlay", "--private-network",
            f"--machine={self.name}", "--hostname=sojourn", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
            "--console=pipe", "--boot"]  # fmt: skip
        self._process = start_process(command, log)
        try:
            self._leader = wait_until(self._child, BOOT_SECONDS, "the machine to be started")
            wait_until(self._booted, BOOT_SECONDS, "the machine to boot")
            # Alertmanager does not start without a private address.
            self.run("ip address add 10.0.0.1/8 dev lo")
        except BaseException:
            self.end()
            raise

    def run(self, script, **options):
        """Runs a script in the machine, as root's shell would, and returns what it wrote. It ends at the first command that
        fails, which the options may expect; see `conftest.run`."""
        return run(*self._enter(), "bash", "-e", "-c", script, **options)

    def start(self, script, log):
        """Starts a script in the machine."""
        return start_process([*self._enter(), "bash", "-e", "-c", script], log)

    def write(self, path, text):
        run(*self._enter(), "tee", path, input=text, stdin=None)

    def copy(self, file, path):
        with open(file, "rb") as content:
            run(*self._enter(), "tee", path, stdin=content, stdout=subprocess.DEVNULL, capture_output=False)

    def end(self):
        """Ends it at once: it has nothing to keep."""
        for _ in range(10):
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGTERM)  # the second makes systemd-nspawn wait no longer
            try:
                self._process.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for group in self._groups:
            # Deepest first; a group of control groups cannot be removed as a tree.
            for path, _, _ in os.walk(group, topdown=False):
                wait_until(lambda path=path: _removed(path), 10, f"{path} to be empty")

    def _enter(self):
        environment = [
            "env", "--ignore-environment", "--chdir=/root", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]  # fmt: skip
        return ["nsenter", f"--target={self._leader}", "--all", "--root", "--", *environment]

    def _child(self):
        output = self.log.read_text(errors="replace")[-2000:]
        assert self._process.poll() is None, f"no machine can be booted here. {NEEDS}:\n{output}"
        nspawn = _children(self._process.pid)
        systemd = _children(nspawn[0]) if nspawn else []
        return systemd[-1] if systemd else None

    def _booted(self):
        self._leader = self._child()
        done = subprocess.run(
            [*self._enter(), "systemctl", "is-system-running", "--wait"], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=BOOT_SECONDS, check=False)  # fmt: skip
        return done.stdout.strip() in ("running", "degraded")


def _control_groups():
    """The control groups that systemd manages, where it does not run: otherwise it gives the machine one itself."""
    if pathlib.Path("/run/systemd/system").exists():
        return
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, path, kind, options, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options):
            yield pathlib.Path(path)


def _children(process):
    try:
        return pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except FileNotFoundError:
        return []


def _removed(path):
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True
