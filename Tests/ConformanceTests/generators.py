"""Clients generated from schemas/ by tools from PyPI, in folders of their own."""

import pathlib
import shutil
import subprocess
import sys

import yaml

from bundle import bundle
from schemas_support import KINDS, SCHEMAS

# Times as text, because a generated model writes what it has parsed differently, and checks no pattern. No null, which
# Sojourn accepts nowhere. No string for a number.
OPTIONS = """[tool.datamodel-codegen]
formatters = ["builtin"]
type-mappings = ["string+date-time=string"]
strict-nullable = true
strict-types = ["str", "int", "float", "bool"]
"""


def _run(program, *arguments, folder):
    path = pathlib.Path(sys.executable).with_name(program)
    done = subprocess.run([path, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def generate_models(folder):
    """Pydantic models of all messages, by datamodel-code-generator, as schemas/README.md says: package sojourn_models."""
    (folder / "pyproject.toml").write_text(OPTIONS)
    for kind in KINDS:
        shutil.copytree(SCHEMAS / kind, folder / "in" / kind)
    shutil.copy(SCHEMAS / "common.json", folder / "in")
    _run(
        "datamodel-codegen", "--input", "in", "--input-file-type", "jsonschema", "--output", "sojourn_models",
        "--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11", folder=folder)


def generate_application(folder, namespace, commands, events):
    """An application by asyncapi-python: the package sojourn_application."""
    (folder / "pyproject.toml").write_text(OPTIONS)
    (folder / "asyncapi.yaml").write_text(yaml.safe_dump(bundle(namespace, commands, events), sort_keys=False))
    _run("asyncapi-python-codegen", "asyncapi.yaml", "sojourn_application", folder=folder)
