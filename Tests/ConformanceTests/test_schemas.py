"""The promises of schemas/ itself: valid schemas, and a README whose example runs."""

import re
import subprocess
import sys

import jsonschema
import pytest

from schema_examples import read, walk
from schemas_support import BASE, KINDS, SCHEMAS, load, registry, schema_files


@pytest.mark.parametrize("path", schema_files())
def test_each_schema_is_valid_2020_12(path):
    schema = load(path)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", schema_files())
def test_each_schema_uses_only_known_keywords(path):
    # Validators silently ignore misspelt keywords.
    known = set("""
        $schema $id $ref $defs $anchor title description default examples type enum const properties required
        additionalProperties unevaluatedProperties propertyNames minProperties maxProperties dependentRequired
        items uniqueItems minItems maxItems minLength maxLength minimum maximum pattern format
        allOf anyOf oneOf not if then else
    """.split())
    for where, schema in walk(load(path)):
        if isinstance(schema, dict):
            assert set(schema) <= known, where


@pytest.mark.parametrize("path", schema_files())
def test_each_id_is_the_path_of_its_file(path):
    assert load(path)["$id"] == BASE + path
    assert load(path)["title"] and load(path)["description"]


@pytest.mark.parametrize("path", schema_files())
def test_each_reference_resolves_by_id_and_on_disk(path):
    resolver = registry().resolver(base_uri=BASE + path)
    references = [schema["$ref"] for _, schema in walk(load(path)) if isinstance(schema, dict) and "$ref" in schema]
    assert references or not path.startswith(KINDS)
    for reference in references:
        resolver.lookup(reference)
        file, _, pointer = reference.partition("#")
        target = (SCHEMAS / path).parent / file if file else SCHEMAS / path
        node = read(target)
        for part in pointer.split("/")[1:]:
            node = node[part.replace("~1", "/").replace("~0", "~")]


@pytest.mark.parametrize("path", schema_files())
def test_each_property_has_a_description(path):
    resolver = registry().resolver(base_uri=BASE + path)
    for where, owner, schema in described_places(load(path)):
        if schema is False:
            continue
        if where[-2] == "$defs":
            assert schema.get("title") and schema.get("description"), where
        elif "description" not in schema and "$ref" in schema:
            assert resolver.lookup(schema["$ref"]).contents["description"], where
        else:
            # Only a refinement of a property described in a referenced schema may lack a description.
            assert len(schema.get("description", "")) > 5 or "$ref" in owner, where


def described_places(schema, path=()):
    """Each definition and property, except in conditions and refinements: its path, its owner, and itself."""
    for keyword in ("properties", "$defs"):
        for name, inner in schema.get(keyword, {}).items():
            where = (*path, keyword, name)
            yield where, schema, inner
            if isinstance(inner, dict) and inner.get("$ref") != "#":
                yield from described_places(inner, where)
                if isinstance(inner.get("items"), dict):
                    yield from described_places(inner["items"], (*where, "items"))


# --- the README


def test_the_commands_in_the_readme_work():
    text = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=SCHEMAS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "colour" in done.stdout
