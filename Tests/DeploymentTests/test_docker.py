"""deploy/docker, as far as it can be checked without a container engine."""

import re
import subprocess

import pytest
import yaml

from conftest import DEPLOY, ROOT, run, tool

DOCKER = DEPLOY / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())


def test_hadolint_accepts_the_dockerfile():
    run(tool("hadolint"), "--failure-threshold", "style", DOCKER / "Dockerfile")


def test_checkov_accepts_the_dockerfile():
    run(tool("checkov"), "--compact", "--quiet", "--skip-download", "--framework", "dockerfile", "--file",
        DOCKER / "Dockerfile")


def test_the_context_has_what_the_image_is_built_from_and_no_more():
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[1] == "*" and [line[1:] for line in ignored if line.startswith("!")] == copied
    assert all((ROOT / path).exists() for path in copied)


def test_the_health_check_asks_for_livez(worker):
    command = yaml.safe_load(re.search(r'CMD (\["/bin/bash".*\])$', (DOCKER / "Dockerfile").read_text(), re.MULTILINE)[1])
    host, _, port = worker.admin.rpartition(":")
    command[2] = command[2].replace("127.0.0.1/9490", f"{host}/{port}")
    run(*command)
    command[2] = command[2].replace("/livez", "/nowhere")
    run(*command, status=1)


def test_compose_matches_its_specification_and_is_confined():
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml")
    run(tool("compose-lint"), "--fail-on", "high", DOCKER / "compose.yaml")


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_is_confined_and_reaches_nothing_beyond_loopback(name):
    service = COMPOSE["services"][name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert name.startswith("worker") or re.search(r":v?\d+\.\d+", service["image"]), "an image needs a version"


def test_compose_mounts_files_that_exist():
    made = re.findall(r'\$secrets(?:\.new)?/?"?/([\w.]+)', (DOCKER / "up").read_text())
    credentials = ["users.acl", "worker.json", "redis-exporter.env", "keyring.json"]
    text = (DOCKER / "compose.yaml").read_text()
    for path in re.findall(r"[ -](\.{1,2}/[\w./-]+)", text):
        if path.startswith("./secrets/"):
            assert path.removeprefix("./secrets/") in {*made, *credentials}, path
        else:
            assert (DOCKER / path).resolve().exists(), path


def test_up_says_what_is_missing(tmp_path):
    environment = {"PATH": str(tmp_path)}
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    done = subprocess.run(
        ["/bin/bash", DOCKER / "up"], env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and "docker is not on the PATH" in done.stderr


@pytest.mark.parametrize("path", [path for path in DEPLOY.rglob("*.y*ml")], ids=lambda path: path.name)
def test_yamllint_accepts(path):
    run(tool("yamllint"), "--strict", "--config-file", DEPLOY / ".yamllint", path)
