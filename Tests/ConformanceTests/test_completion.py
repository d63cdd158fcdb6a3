"""What the shell completes, in a real bash."""

import subprocess

import pytest

# What bash does when a person presses the tabulator key behind these words, without a terminal.
COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
_sojourn "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(binary, tmp_path_factory):
    path = tmp_path_factory.mktemp("completion") / "sojourn"
    done = subprocess.run([binary, "--generate-completion-script", "bash"], capture_output=True, timeout=60, check=True)
    assert done.stderr == b""
    path.write_bytes(done.stdout)
    return path


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ver",), {"verify"}), (("do",), {"doctor"}), (("sessions", "l"), {"list"}),
        (("send", "session.re"), {"session.reauthenticate", "session.refresh", "session.revoke"}),
        (("watch", "subject."), {"subject.disabled", "subject.enabled"}),
        (("verify", "--token"), {"--token-file"}), (("quarantine", "replay", "--may"), {"--may-repeat"}),
        (("doctor", "--redis-rep"), {"--redis-replicas"}),
    ],
)  # fmt: skip
def test_bash_completes(script, words, offered):
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", str(script), "sojourn", *words], capture_output=True, text=True,
        timeout=60, check=False)
    assert done.stderr == "" and {line.strip() for line in done.stdout.splitlines()} == offered


def test_bash_completes_files(script, tmp_path):
    (tmp_path / "token.txt").touch()
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", str(script), "sojourn", "verify", "--token-file", "tok"],
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.stdout.split() == ["token.txt"]


def test_a_shell_that_is_not_known(binary):
    done = subprocess.run([binary, "--generate-completion-script", "tcsh"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 64 and done.stdout == b""
