"""The Debian package: what it contains, that lintian has no objection, and that it runs where there is no Swift."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import DEPLOY, ROOT, run

LIBRARY = re.compile(r"=> (/\S+)|^\s*(/lib64/\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def field(package):
    return lambda name: run("dpkg-deb", "--field", package, name).strip()


@pytest.fixture(scope="module")
def system(package, tmp_path_factory):
    """A folder into which dpkg has installed the package, beside no other."""
    root = tmp_path_factory.mktemp("system")
    for folder in ("etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    # The scripts run here, with DPKG_ROOT: there is no shell in that folder. What the package depends on is not there.
    dpkg(root, "--install", package)
    return root


def dpkg(root, *arguments):
    environment = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    run("fakeroot", "dpkg", f"--root={root}", "--force-script-chrootless", "--force-depends", "--force-not-root",
        f"--log={root}/dpkg.log", *arguments, env=environment)


def test_lintian_finds_no_errors(package):
    run("lintian", "--fail-on", "error", "--allow-root", package, seconds=300)


def test_the_checksums_are_those_of_the_files(package):
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=package.parent)
    assert (package.parent / "SHA256SUMS").read_text().count("\n") == 2
    sbom = next(package.parent.glob("*.cdx.json"))
    assert sbom.read_text() == (ROOT / "docs" / "sbom.cdx.json").read_text()


def test_it_is_stripped(system):
    assert run("file", "--brief", system / "usr/bin/sojourn").strip().endswith(", stripped")


def test_it_does_without_icu(system):
    """The least import of Foundation, rather than FoundationEssentials, would double its size."""
    assert (system / "usr/bin/sojourn").stat().st_size < 60_000_000


def test_it_brings_what_the_operations_page_uses(system):
    page = (ROOT / "docs" / "operations.md").read_text()
    named = set(re.findall(r"/usr/share/sojourn/[\w./-]+\w", page))
    assert len(named) >= 5
    for path in named:
        assert (system / path.lstrip("/")).exists(), path
    for path in ("lib/systemd/system/sojourn@.service", "lib/systemd/system/sojourn.target",
                 "usr/share/man/man1/sojourn-worker.1.gz", "usr/share/man/man1/sojourn-doctor.1.gz",
                 "usr/share/bash-completion/completions/sojourn", "usr/share/zsh/vendor-completions/_sojourn",
                 "usr/share/fish/vendor_completions.d/sojourn.fish"):  # fmt: skip
        assert (system / path).exists(), path


def test_only_its_group_looks_into_its_folder(system):
    assert "sojourn:" in (system / "etc/passwd").read_text()
    assert oct((system / "etc/sojourn").stat().st_mode)[-3:] == "750"


def test_it_runs_without_swift(system, field, tmp_path):
    """Beside the package, the folder has only those libraries that Debian packages it depends on contain."""
    root = tmp_path / "root"
    shutil.copytree(system, root, symlinks=True)
    needed = [pathlib.Path(one or two) for one, two in LIBRARY.findall(run("ldd", root / "usr/bin/sojourn"))]
    owners = set()
    for library in needed:
        copy = root / str(library).lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, copy)
        owners.add(_owner(library))
    assert {"librabbitmq4", "libhiredis0.14", "libc6"} <= owners
    assert not [path for path in root.rglob("*") if "swift" in path.name.lower() and ".so" in path.name]
    (root / "proc").mkdir()
    (root / "tmp").mkdir()
    # Swift's runtime reads its arguments in /proc.
    enter = 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"'
    inside = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []), "sh", "-c", enter, root]
    assert run(*inside, "/usr/bin/sojourn", "--version").strip() == field("Version")
    assert '"sojourn.commands"' in run(*inside, "/usr/bin/sojourn", "topology")
    run(*inside, "/usr/bin/sojourn", "keys", "init", "/tmp/keyring.json")


def _owner(library):
    """The Debian package of a library; dpkg knows it by its path before or after the merge of /lib and /usr/lib."""
    for path in (library, library.resolve(), pathlib.Path("/usr") / str(library).lstrip("/")):
        done = subprocess.run(["dpkg", "--search", str(path)], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode == 0:
            return done.stdout.partition(":")[0]
    raise AssertionError(f"no Debian package has {library}")


def test_the_image_has_the_libraries_that_the_package_depends_on(field):
    runtime = (DEPLOY / "docker" / "Dockerfile").read_text().split("\nFROM ")[2]
    libraries = set(re.findall(r"\b(lib\S+) \(", field("Depends"))) - {"libc6", "libgcc-s1"}
    assert "librabbitmq4" in libraries
    assert not [library for library in libraries if f" {library} " not in runtime], "debian:bookworm-slim has the others"


def test_the_keyring_survives_a_purge(system, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(system, root, symlinks=True)
    (root / "etc/sojourn/keyring.json").write_text("{}")
    dpkg(root, "--purge", "sojourn")
    assert not (root / "usr/bin/sojourn").exists() and not (root / "etc/sojourn/worker.env").exists()
    assert (root / "etc/sojourn/keyring.json").exists()
