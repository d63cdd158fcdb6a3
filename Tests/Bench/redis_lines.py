"""Just enough of the Redis protocol (RESP2) to ask a private server a few questions without a package."""

import socket


class Redis:
    def __init__(self, port, database=0):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.replies = self.connection.makefile("rb")
        self("SELECT", database)

    def __call__(self, *words):
        self.send([words])
        return self.reply()

    def many(self, commands):
        """The replies to several commands, sent in one write."""
        self.send(commands)
        return [self.reply() for _ in commands]

    def send(self, commands):
        request = b""
        for words in commands:
            request += b"*%d\r\n" % len(words)
            for word in words:
                word = word if isinstance(word, bytes) else str(word).encode()
                request += b"$%d\r\n%s\r\n" % (len(word), word)
        self.connection.sendall(request)

    def reply(self):
        line = self.replies.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"-" or not line:
            raise SystemExit(f"error: Redis answered {line!r}")
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self.replies.read(length + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(max(0, int(rest)))]
        return rest

    def keys(self, pattern):
        """All keys that match, in pages of a scan."""
        cursor = b"0"
        while True:
            cursor, page = self("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
            yield from page
            if cursor == b"0":
                return

    def info(self, section, field):
        for line in self("INFO", section).decode().splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1]
        raise SystemExit(f"error: Redis does not know {field}")
