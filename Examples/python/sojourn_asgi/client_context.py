"""What the policy's context rules compare: where a request comes from, in the form of `context` in a command."""

import ipaddress

MAX_USER_AGENT = 1024  # characters, as in schemas/common.json


def context_of(scope, proxies):
    """`proxies` is how many reverse proxies of ours each request passes. What cannot be known is left out."""
    found = {"ip": _address(scope, proxies), "userAgent": _user_agent(scope)}
    return {key: value for key, value in found.items() if value}


def _address(scope, proxies):
    """Each proxy appends the address it was called from to X-Forwarded-For. Ours wrote the last `proxies`; anything before
    them is the client's own word, and not used."""
    if proxies == 0:
        client = scope.get("client")
        return _normal(client[0]) if client else None
    forwarded = b",".join(value for key, value in scope["headers"] if key == b"x-forwarded-for")
    addresses = forwarded.decode("latin-1").split(",")
    return _normal(addresses[-proxies].strip(" \t")) if len(addresses) >= proxies else None


def _normal(text):
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None  # `unknown`, a name, or with a port
    if address.version == 6 and address.ipv4_mapped:
        return str(address.ipv4_mapped)  # the same client, seen through a socket for both versions
    return None if getattr(address, "scope_id", None) else str(address)


def _user_agent(scope):
    values = [value for key, value in scope["headers"] if key == b"user-agent"]
    return values[0].decode("latin-1")[:MAX_USER_AGENT] if values else None
