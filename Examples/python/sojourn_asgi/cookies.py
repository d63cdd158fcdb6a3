"""The session cookie. It holds the session token, and nothing else.

`__Host-` makes browsers refuse the cookie unless it is Secure, for the whole host, and set by this very host: no other
subdomain and no plain HTTP can plant one. HttpOnly hides it from scripts. SameSite=Lax keeps it out of requests that other
sites make, other than following a link (see also origins.py).
"""

import re

NAME = "__Host-session"
MAX_HEADER_BYTES = 8192  # of all cookies of a request; more is none of ours
TOKEN = re.compile(r"sjs_[A-Za-z0-9_-]{92}")  # schemas/common.json, sessionToken
ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def values_in(headers, name=NAME):
    """The values of the cookies of this name in a request's headers (pairs of bytes)."""
    header = b"; ".join(value for key, value in headers if key == b"cookie")
    if len(header) > MAX_HEADER_BYTES:
        return []
    pairs = [each.partition("=") for each in header.decode("latin-1").split(";")]
    return [value.strip(" \t") for key, _, value in pairs if key.strip(" \t") == name]


def token_in(headers, name=NAME):
    """The session token in a request's headers, or None.

    None also if there are several cookies of this name: which one a browser meant cannot be known, so neither is used.
    """
    values = values_in(headers, name)
    return values[0] if len(values) == 1 and TOKEN.fullmatch(values[0]) else None


def setting(token, name=NAME):
    """The header that gives a browser the token. It goes when the browser closes, or the session ends.

    Raises ValueError for what is no session token: whatever its source, it cannot bring a header of its own."""
    if not TOKEN.fullmatch(token):
        raise ValueError("not a session token")
    return b"set-cookie", f"{name}={token}; {ATTRIBUTES}".encode("ascii")


def deletion(name=NAME):
    """The header that makes a browser forget the token."""
    return b"set-cookie", f"{name}=; Max-Age=0; {ATTRIBUTES}".encode("ascii")
