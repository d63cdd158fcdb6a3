"""Access tokens that were forged, and keys that are exchanged."""

import base64
import hashlib
import hmac
import json
import subprocess

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER = "https://sessions.example"
AUDIENCE = "api.example"


@pytest.fixture(scope="module")
def worker(start_worker):
    return start_worker(issuer=ISSUER, audience=AUDIENCE).await_ready()


@pytest.fixture(scope="module")
def keys(worker):
    """What a resource server has: the published keys."""
    return jwt.PyJWKSet.from_dict(worker.json("/.well-known/jwks.json")[0])


def verify(token, keys):
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["ES256", "EdDSA"], audience=AUDIENCE, issuer=ISSUER)


def validity(client, token, **fields):
    answer = client.validate(token, **fields)
    return answer.get("reason", "valid")


# --- forgeries ---------------------------------------------------------------------------------------------------


def encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def rewrite(token, *, header=(), claims=()):
    """The same signature under a different payload."""
    parts = token.split(".")
    changed = [
        encode(json.dumps(json.loads(decode(part)) | dict(change)).encode())
        for part, change in ((parts[0], header), (parts[1], claims))
    ]
    return ".".join([*changed, parts[2]])


def flip(token, part):
    parts = token.split(".")
    raw = bytearray(decode(parts[part]))
    raw[len(raw) // 2] ^= 1
    return ".".join(encode(bytes(raw)) if index == part else each for index, each in enumerate(parts))


def sign(token, key, algorithm):
    """The same claims under another key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    header = jwt.get_unverified_header(token)
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": header["kid"], "typ": "at+jwt"})


def public_pem(keys, token):
    key = keys[jwt.get_unverified_header(token)["kid"]].key
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def hs256(token, secret):
    """By hand: PyJWT refuses a public key as a secret, which is the very confusion under test."""
    head, body, _ = rewrite(token, header={"alg": "HS256"}).split(".")
    signature = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{encode(signature)}"


FORGERIES = {
    "a bit of the signature": lambda token, keys: flip(token, 2),
    "a bit of the payload": lambda token, keys: flip(token, 1),
    "a later expiry": lambda token, keys: rewrite(token, claims={"exp": 4_000_000_000}),
    "another subject": lambda token, keys: rewrite(token, claims={"sub": "admin"}),
    "another session": lambda token, keys: rewrite(token, claims={"sid": "ses_" + "A" * 32}),
    "another kid": lambda token, keys: rewrite(token, header={"kid": "nobody"}),
    "no algorithm": lambda token, keys: rewrite(token, header={"alg": "none"}),
    "neither": lambda token, keys: rewrite(token, header={"alg": "none"}).rpartition(".")[0] + ".",
    "no signature": lambda token, keys: token.rpartition(".")[0] + ".",
    "two parts": lambda token, keys: token.rpartition(".")[0],
    "four parts": lambda token, keys: token + ".e30",
    "another type": lambda token, keys: rewrite(token, header={"typ": "JWT"}),
    "HS256 with the public key": lambda token, keys: hs256(token, public_pem(keys, token)),
    "HS256 with nothing": lambda token, keys: hs256(token, b""),
    "a key of one's own": lambda token, keys: sign(token, ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "a signature of zeroes": lambda token, keys: token.rpartition(".")[0] + "." + encode(bytes(64)),
    "padding": lambda token, keys: token + "==",
    "a space": lambda token, keys: token.replace(".", " .", 1),
    "in capitals": lambda token, keys: token.upper(),
    "nothing but dots": lambda token, keys: "..",
    "a very long one": lambda token, keys: (token.split(".")[0] + "." + "A" * 8100)[:8150] + ".AA",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_access_token_is_malformed(client, keys, subject, forgery):
    token = client.create(subject)["tokens"]["access"]
    forged = FORGERIES[forgery](token, keys)
    assert forged != token
    answer = client.validate(forged)
    assert (answer["valid"], answer["reason"]) == (False, "malformed")
    assert "session" not in answer
    assert validity(client, token) == "valid"


def test_a_forged_and_expired_token_is_malformed(client, subject):
    token = rewrite(client.create(subject)["tokens"]["access"], claims={"exp": 1})
    assert validity(client, token) == "malformed"


def test_a_forgery_is_malformed_even_after_its_valid_original(client, keys, subject):
    token = client.create(subject)["tokens"]["access"]
    for _ in range(3):
        assert validity(client, token) == "valid"
        assert validity(client, flip(token, 2)) == "malformed"
        assert validity(client, rewrite(token, claims={"sub": "admin"})) == "malformed"


def test_an_access_token_of_another_namespace_is_malformed(client, elsewhere, subject):
    _, stranger = elsewhere(issuer=ISSUER, audience=AUDIENCE)
    token = stranger.create(subject)["tokens"]["access"]
    assert validity(stranger, token) == "valid"
    assert validity(client, token) == "malformed"


# --- keys that are exchanged -------------------------------------------------------------------------------------


@pytest.fixture
def keyring(binary, tmp_path):
    """A keyring that no other worker uses."""
    path = str(tmp_path / "keyring.json")
    subprocess.run([binary, "keys", "init", path], check=True, stdin=subprocess.DEVNULL, timeout=60)
    return path


def test_keys_overlap_so_that_no_resource_server_meets_a_token_it_cannot_verify(
    elsewhere, binary, settings, keyring, subject
):
    worker, client = elsewhere(keyring_file=keyring, issuer=ISSUER, audience=AUDIENCE)

    def sojourn_keys(*arguments):
        variables = settings | {"SOJOURN_NAMESPACE": worker.namespace, "SOJOURN_KEYRING_FILE": keyring}
        done = subprocess.run(
            [binary, "keys", *arguments], env=variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
            check=True,
        )  # fmt: skip
        return done.stdout

    def published():
        return jwt.PyJWKSet.from_dict(worker.json("/.well-known/jwks.json")[0])

    before = published()
    old = new = client.create(subject)["tokens"]
    (first,) = json.loads(sojourn_keys("list", "--json"))["keys"]
    sojourn_keys("rotate", keyring, "--after", "4")

    def signed_anew():
        nonlocal new
        cached = published()  # by a resource server just before the rotation
        new = client.do("session.refresh", refreshToken=new["refresh"])["tokens"]
        verify(new["access"], cached)
        return cached if kid(new["access"]) != kid(old["access"]) else None

    both = client.wait(signed_anew, "the new key to sign")
    assert len(both.keys) == 2 * len(before.keys), "the old keys and the new"
    assert not refuses(both, old["access"]) and refuses(before, new["access"])
    assert [validity(client, each["access"]) for each in (old, new)] == ["valid"] * 2

    sojourn_keys("reseal")
    sojourn_keys("retire", keyring, first["id"], "--force")
    client.wait(lambda: len(published().keys) == len(before.keys), "the old keys to go")
    after = published()
    assert refuses(after, old["access"]) and not refuses(after, new["access"])
    assert [validity(client, each["access"]) for each in (old, new)] == ["malformed", "valid"]


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


def refuses(keys, token):
    """Whether a resource server with these keys lacks the token's key. If it has the key, the token must verify."""
    if kid(token) not in [each.key_id for each in keys.keys]:
        return True
    verify(token, keys)
    return False
