"""The commands that are measured, and the sessions they need."""


def create_body(subject):
    """A login with an ordinary device, context, and 100 bytes of attributes."""
    return {
        "subject": subject,
        "device": {"id": "d4c1a2f0-5f0e-4c5b", "name": "Firefox on Debian", "platform": "linux"},
        "context": {
            "ip": "192.0.2.10",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "country": "DE",
        },
        "attributes": {"theme": "dark", "locale": "de-DE", "cart": "x" * 58},
    }


def check(results, name):
    """All of the results have succeeded; and a validated token was valid."""
    for result in results:
        if result["status"] != "succeeded" or result["data"].get("valid", True) is not True:
            raise SystemExit(f"error: a reply to {name} has the status {result['status']}: {result.get('error')}")
    return results


class Commands:
    """Sends commands to one worker, with tokens from earlier replies."""

    def __init__(self, loader, worker, namespace):
        self.loader = loader
        self.worker = worker
        self.exchange = namespace + ".commands"
        self.created = 0

    def run(self, name, bodies, count, window, save=None, rate=None):
        return self.loader.run(self.worker, self.exchange, name, bodies, count, window, save, rate)

    def create(self, count, window, save=None):
        """Creates a session for each of `count` new subjects."""
        bodies = self.create_bodies(count)
        return self.run("session.create", bodies, count, window, save)

    def create_bodies(self, count):
        first, self.created = self.created, self.created + count
        return self.loader.bodies("create", (create_body(f"bench-{number}") for number in range(first, first + count)))

    def tokens(self, save):
        return [result["data"]["tokens"] for result in check(self.loader.replies(save), "session.create")]

    def validate_bodies(self, count):
        """Bodies that validate `count` new sessions in turn."""
        self.create(count, 64, "pool")
        return self.loader.bodies("validate", ({"token": tokens["session"]} for tokens in self.tokens("pool")))
