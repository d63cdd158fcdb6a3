"""A tour through all commands, all types of events, and rejections, with recognisable values."""

from dataclasses import dataclass, field

from authenticator import Authenticator, confirm, enroll

POLICIES = {
    "tour": {"context": {"userAgent": "notify", "country": "elevate"}},
    "tour-always": {"mfa": {"required": "always"}},
    "tour-single": {"maxSessions": 1},
    "tour-graceless": {"refreshGraceSeconds": 0},
}
PASSWORD = {"methods": ["pwd"]}


@dataclass
class Words:
    """The values that a tour uses. The tenant must have no policies of its own, and the subject no sessions."""

    subject: str
    tenant: str = "default"
    actor: str = "support-7"
    reason: str = "because"
    policy: str = "of-our-own"
    label: str = "Phone"
    issuer: str = "Example"
    device: dict = field(default_factory=lambda: {"id": "device-1", "name": "Firefox", "fingerprint": "f1"})
    context: dict = field(default_factory=lambda: {"ip": "2001:db8::7", "userAgent": "Mozilla", "country": "DE"})
    attributes: dict = field(default_factory=lambda: {"theme": "dark"})


def tour(client, words):
    """Does everything once. Afterwards the subject is disabled, enabled, and has no living session."""
    common = {"tenant": words.tenant}
    subject = common | {"subject": words.subject}

    def do(command, **body):
        return client.do(command, **(common | body))

    def refused(command, **body):
        return client.refused(command, **(common | body))

    def create(**fields):
        return do("session.create", subject=words.subject, **fields)

    # Factors.
    enrolment = enroll(client, words.subject, **common, label=words.label, issuer=words.issuer)
    wrong = {"factorId": enrolment["factorId"], "code": Authenticator(enrolment).wrong()}
    refused("factor.confirm", subject=words.subject, **wrong)
    authenticator = confirm(client, words.subject, enrolment, **common)
    do("factor.list", subject=words.subject)

    # A session's life.
    created = create(
        policy="tour", device=words.device, context=words.context, attributes=words.attributes, actor=words.actor,
        authentication=PASSWORD, factor=authenticator.recovery_proof(),
    )  # fmt: skip
    session, tokens = created["session"]["id"], created["tokens"]
    do("session.validate", token=tokens["session"], context=words.context)
    do("session.validate", token=tokens["access"])
    newer, elsewhere = {"userAgent": words.context["userAgent"] + "/2"}, {"country": "FR"}
    for change in (newer, elsewhere):
        do("session.validate", token=tokens["session"], context=words.context | change)
    tokens = tokens | do("session.refresh", refreshToken=tokens["refresh"])["tokens"]
    tokens = do("session.elevate", token=tokens["session"], factor=authenticator.proof())["tokens"]
    do("session.update", sessionId=session, attributes=words.attributes | {"more": [words.attributes]})
    child = create(parentId=session, device=words.device)["session"]["id"]
    do("session.lock", sessionId=session, reason=words.reason)
    refused("session.refresh", refreshToken=tokens["refresh"])
    do("session.unlock", sessionId=session, reason=words.reason)
    proof = {"authentication": PASSWORD, "context": words.context}
    tokens = do("session.reauthenticate", token=tokens["session"], **proof)["tokens"]
    do("session.get", token=tokens["session"])
    do("session.list", subject=words.subject, includeEnded=True)
    do("session.activity", sessionId=session)
    ticket = do("session.transfer.begin", token=tokens["session"])["ticket"]
    moved = do("session.transfer.complete", ticket=ticket, device=words.device, context=words.context)
    refused("session.transfer.complete", ticket=ticket)
    do("session.revoke", sessionId=child, reason=words.reason)
    do("session.revoke", token=moved["tokens"]["session"], reason=words.reason)

    # Sessions that end in other ways.
    token = create(policy="tour-graceless")["tokens"]["refresh"]
    do("session.refresh", refreshToken=token)
    refused("session.refresh", refreshToken=token)
    for _ in range(2):
        create(policy="tour-single", context=words.context)
    create(idleSeconds=1, device=words.device, context=words.context, attributes=words.attributes)
    client.await_event(words.subject, "session.expired", tenant=words.tenant)
    waiting = create(policy="tour-always", authentication=PASSWORD)["tokens"]["session"]
    refused("session.elevate", token=waiting, factor=authenticator.wrong_proof())

    # Policies, and rejections.
    do("policy.put", name=words.policy, policy={"idleSeconds": 60})
    do("policy.get", name=words.policy)
    do("policy.list")
    do("policy.remove", name=words.policy)
    refused("session.create", subject=words.subject, policy="nowhere")
    client.attempt("session.create", subject | {"device": words.device | {"unknown": words.device["name"]}})
    client.attempt("session.create", subject | {"attributes": words.attributes, "idleSeconds": 0})
    client.attempt("session.validate", {"token": tokens["session"] + "x", "tenant": words.tenant})
    client.attempt("session.create", f'{{"subject": "{words.subject}", '.encode())
    client.attempt("session.refresh", {"refreshToken": tokens["refresh"], "context": []})

    # The end.
    do("factor.remove", subject=words.subject, factorId=authenticator.id)
    do("subject.disable", subject=words.subject, reason=words.reason)
    refused("session.create", subject=words.subject)
    do("subject.enable", subject=words.subject, reason=words.reason)
    client.await_event(words.subject, "subject.enabled", tenant=words.tenant)


def secrets(client):
    """All secrets that the client received, by kind."""
    found = {"token": set(), "access": set(), "totp": set(), "uri": set(), "recovery": set()}
    for reply in [each for replies in client.replies.values() for each in replies]:
        data = (reply.body or {}).get("data") or {}
        tokens = data.get("tokens") or {}
        found["token"] |= {tokens[key] for key in ("session", "refresh") if key in tokens}
        found["token"] |= {data["ticket"]} if "ticket" in data else set()
        found["access"] |= {tokens["access"]} if "access" in tokens else set()
        found["totp"] |= {data["secret"]} if "secret" in data else set()
        found["uri"] |= {data["uri"]} if "uri" in data else set()
        found["recovery"] |= set(data.get("recoveryCodes", ()))
    assert all(found.values()), f"not a secret of every kind: {[key for key, each in found.items() if not each]}"
    return found
