"""deploy/kubernetes: what kustomize makes of it, by the schemas of Kubernetes and the rules of checkov."""

import re
import shutil

import pytest
import yaml

from conftest import DEPLOY, ROOT, run, tool

KUBERNETES = DEPLOY / "kubernetes"
# The kinds of operators, for which kubernetes-validate has no schemas.
FOREIGN = {"ServiceMonitor", "ScaledObject", "TriggerAuthentication"}


@pytest.fixture(scope="module")
def manifests(binary, tmp_path_factory):
    """The example overlay, with secrets as its comment says."""
    folder = tmp_path_factory.mktemp("kubernetes") / "kubernetes"
    shutil.copytree(KUBERNETES, folder)
    secrets = folder / "example" / "secrets"
    run(DEPLOY / "credentials", "--rabbitmq", "rabbitmq.messaging", "--redis", "redis.data", secrets)
    run(binary, "keys", "init", secrets / "keyring.json")
    path = folder / "manifests.yaml"
    path.write_text(run(tool("kubectl"), "kustomize", folder / "example"))
    return path


def documents(path, kind=None):
    return [each for each in yaml.safe_load_all(path.read_text()) if kind in (None, each["kind"])]


def test_kubernetes_knows_every_field(manifests, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump_all(each for each in documents(manifests) if each["kind"] not in FOREIGN))
    run(tool("kubernetes-validate"), "--strict", own)


def test_checkov_accepts_the_manifests(manifests):
    # CKV_K8S_43: only whoever has built the image knows its digest.
    run(tool("checkov"), "--compact", "--quiet", "--skip-download", "--framework", "kubernetes",
        "--skip-check", "CKV_K8S_43", "--file", manifests)


def test_workers_get_the_secrets_that_exist(manifests):
    secrets = {each["metadata"]["name"]: each["data"] for each in documents(manifests, "Secret")}
    pod = documents(manifests, "Deployment")[0]["spec"]["template"]["spec"]
    mounted = {volume["name"]: volume["secret"]["secretName"] for volume in pod["volumes"]}
    container = pod["containers"][0]
    paths = {
        f"{mount['mountPath']}/{key}" for mount in container["volumeMounts"] for key in secrets[mounted[mount["name"]]]}
    wanted = {container["args"][-1], container["env"][0]["value"]}
    assert wanted == paths
    scaler = documents(manifests, "TriggerAuthentication")[0]["spec"]["secretTargetRef"][0]
    assert scaler["key"] in secrets[scaler["name"]]


def test_a_worker_has_time_to_drain(manifests):
    drain = int(re.search(r"`SOJOURN_DRAIN_SECONDS` \| seconds \| `(\d+)`", (ROOT / "README.md").read_text())[1])
    pod = documents(manifests, "Deployment")[0]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > drain + 10


def test_everything_selects_the_pods(manifests):
    deployment = documents(manifests, "Deployment")[0]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        documents(manifests, "PodDisruptionBudget")[0]["spec"]["selector"]["matchLabels"],
        documents(manifests, "NetworkPolicy")[0]["spec"]["podSelector"]["matchLabels"],
        documents(manifests, "Service")[0]["spec"]["selector"],
    ]
    for selector in selectors:
        assert selector.items() <= labels.items()
    service, monitor = documents(manifests, "Service")[0], documents(manifests, "ServiceMonitor")[0]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "sojourn", "the alerts expect this job"
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_probes_ask_what_a_worker_serves(manifests, worker):
    container = documents(manifests, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert worker.get(container[probe]["httpGet"]["path"]) == 200, probe


def test_it_scales_on_queues_that_exist(manifests, binary):
    topology = run(binary, "topology")
    for trigger in documents(manifests, "ScaledObject")[0]["spec"]["triggers"]:
        assert f'"name":"{trigger["metadata"]["queueName"]}"' in topology
