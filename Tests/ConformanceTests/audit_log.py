"""An independent judge of audit logs, from docs/audit.md alone."""

import base64
import hashlib
import hmac
import json
import pathlib
import re

NONE = "0" * 64
LINE = re.compile(
    rb'(?P<hashed>\{"version":1,.*,"sequence":(?P<sequence>[1-9][0-9]*),"previous":"(?P<previous>[0-9a-f]{64})")'
    rb',"hash":"(?P<hash>[0-9a-f]{64})"\}'
)


def chain_key(keyring, namespace):
    """HKDF-SHA256 (RFC 5869) of the keyring's root, without salt, one block."""
    root = json.loads(pathlib.Path(keyring).read_text(encoding="utf-8"))["root"]
    secret = hmac.digest(bytes(32), base64.urlsafe_b64decode(root + "=="), hashlib.sha256)
    return hmac.digest(secret, f"sojourn/1/audit/{namespace}".encode() + b"\x01", hashlib.sha256)


def read(*paths):
    """The records of files in their order, whatever they are."""
    return [json.loads(line) for path in paths for line in pathlib.Path(path).read_bytes().splitlines()]


def judge(key, *paths):
    """Checks the chain through files in their order, and returns the records."""
    records, last = [], None
    for path in paths:
        content = pathlib.Path(path).read_bytes()
        assert content.endswith(b"\n"), f"{path} ends within a line"
        for number, line in enumerate(content.splitlines(), 1):
            where = f"{path}:{number}"
            parts = LINE.fullmatch(line)
            assert parts, f"{where} is no record: {line[:200]!r}"
            expected = hmac.digest(key, parts["hashed"], hashlib.sha256).hex()
            assert parts["hash"].decode() == expected, f"{where} was changed"
            previous = (last["sequence"], last["hash"]) if last else (0, NONE)
            assert (int(parts["sequence"]) - 1, parts["previous"].decode()) == previous, f"{where} does not follow"
            last = json.loads(line)
            records.append(last)
    return records


def read_torn(path):
    """The records of a file, without lines that a killed worker left incomplete."""
    return [json.loads(line) for line in pathlib.Path(path).read_bytes().splitlines() if LINE.fullmatch(line)]
