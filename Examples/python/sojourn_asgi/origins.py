"""Protection against cross-site request forgery (CSRF): does a request that may change something come from our own pages?

Browsers say where a request comes from, in headers that no page can set: `Origin`, in every request but GET and HEAD, and
`Sec-Fetch-Site`. This is preferred to tokens in forms (double submit), which need a key that all processes share, code in
every form and script, and can leak; see "Fetch Metadata" in OWASP's Cross-Site Request Forgery Prevention Cheat Sheet. A
request with neither header is refused: what is no browser has no use for a session cookie.

It holds for every path, also for logging in: otherwise others could log a visitor in as themselves.
"""

SAFE = {"GET", "HEAD", "OPTIONS"}  # RFC 9110, 9.2.1: nothing may change there


def is_ours(scope, origins):
    """Whether a request is safe, or comes from one of these origins (such as https://shop.example)."""
    # A WebSocket begins with GET, and what is sent over it may change anything.
    if scope["type"] == "http" and scope["method"] in SAFE:
        return True
    headers = scope["headers"]
    origin = [value for key, value in headers if key == b"origin"]
    site = [value for key, value in headers if key == b"sec-fetch-site"]
    if origin:
        return len(origin) == 1 and origin[0].decode("latin-1") in origins
    return site == [b"same-origin"]
