"""A package that uses only the client, as README says: what it has to download."""

import json
import shutil

import pytest

from conftest import ROOT, run

MANIFEST = """// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "service",
    dependencies: [.package(name: "sojourn", path: "%s"%s)],
    targets: [.executableTarget(name: "service", dependencies: [.product(name: "%s", package: "sojourn")])]
)
"""
# Of a worker and of its tools.
FOREIGN = {"jwt-kit", "swift-argument-parser", "swift-configuration", "swift-subprocess", "hdrhistogram-swift"}

# Hummingbird's own, unless its traits are left out.
OF_HUMMINGBIRD = {"swift-configuration"}


def packages(folder, product, traits=""):
    """The packages that a package with this product resolves."""
    (folder / "Sources" / "service").mkdir(parents=True)
    (folder / "Sources" / "service" / "main.swift").write_text(f"import {product}\n")
    (folder / "Package.swift").write_text(MANIFEST % (ROOT, traits, product))
    return resolved(folder)


def resolved(folder):
    """The packages that the package in this folder resolves."""
    output = run("swift", "package", "--package-path", folder, "show-dependencies", "--format", "json", seconds=300)
    found = set()

    def collect(package):
        for each in package["dependencies"]:
            found.add(each["url"].rstrip("/").rsplit("/", 1)[-1].removesuffix(".git"))
            collect(each)

    collect(json.loads(output[output.index("{"):output.rindex("}") + 1]))
    return found


@pytest.mark.parametrize("product", ["SojournClient", "SojournVerifier"])
def test_a_client_does_not_get_the_packages_of_a_worker(product, tmp_path):
    found = packages(tmp_path, product, ", traits: []")
    assert {"swift-nio", "swift-nio-ssl"} <= found
    assert not found & FOREIGN and "hummingbird" not in found


def test_the_middleware_brings_hummingbird_and_nothing_of_a_worker(tmp_path):
    found = packages(tmp_path, "SojournHummingbird", ', traits: ["Hummingbird"]')
    assert "hummingbird" in found and not found & FOREIGN - OF_HUMMINGBIRD


@pytest.mark.parametrize("traits", ["", ', traits: ["Worker"]'])
def test_by_default_everything_is_resolved(traits, tmp_path):
    assert {"jwt-kit", "hummingbird"} <= packages(tmp_path, "SojournService", traits)


@pytest.mark.parametrize(("traits", "worker"), [('["Worker"]', {"jwt-kit", "hummingbird"}), ("[]", set())])
def test_the_package_of_the_tutorial_resolves(traits, worker, tmp_path):
    tutorial = shutil.copytree(ROOT / "Examples" / "tutorial", tmp_path / "front-desk")
    manifest = (tutorial / "Package.swift").read_text()
    published = 'url: "https://…/sojourn", from: "0.1.0", traits: ["Worker"]'
    assert published in manifest
    local = f'name: "sojourn", path: "{ROOT}", traits: {traits}'
    (tutorial / "Package.swift").write_text(manifest.replace(published, local))
    found = resolved(tutorial)
    assert {"swift-log", "swift-service-lifecycle"} <= found and found & {"jwt-kit", "hummingbird"} == worker


@pytest.mark.parametrize("traits", ["traits: [])", 'traits: ["Hummingbird"])'])
def test_readme_says_so(traits):
    assert traits in (ROOT / "README.md").read_text()
