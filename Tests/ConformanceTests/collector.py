"""A collector of traces: a real HTTP server that takes OTLP as JSON, or behaves as badly as a test asks for.

What it takes is read by OpenTelemetry's own definition of the protocol, which knows nothing of Sojourn.
"""

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from workers import wait_until

IDS = {"traceId", "spanId", "parentSpanId"}
SECONDS = 30


class Collector:
    """Listens on 127.0.0.1; `url` is its base URL. `answers` are what it does with the next requests, one each: a function that
    gets the handler. Beyond these it takes what is sent."""

    def __init__(self, port=0, certificate=None):
        self.answers = []
        self.requests = []  # every request: its path, headers and body
        self.taken = []  # the spans of those that it took
        self.released = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                collector._take(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate.file, certificate.key_file)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://localhost:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"]))
        self.requests.append((handler.path, dict(handler.headers), body))
        if self.answers:
            return self.answers.pop(0)(handler)
        self.taken += spans(body)
        answer(200)(handler)

    # --- what has arrived ------------------------------------------------------------------------------------------

    def named(self, name, trace=None):
        return [span for span in list(self.taken) if span.name == name and trace in (None, span.trace_id.hex())]

    def await_spans(self, name, count=1, trace=None):
        wait_until(lambda: len(self.named(name, trace)) >= count, SECONDS, f"{count} spans {name!r}")
        return self.named(name, trace)

    def await_requests(self, count):
        wait_until(lambda: len(self.requests) >= count, SECONDS, f"{count} requests")


def spans(body):
    """The spans of a request, as the protocol's own definition reads them; fails if it has anything that this does not know."""
    request = ParseDict(json.loads(body, object_hook=_with_ids), ExportTraceServiceRequest())
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def _with_ids(members):
    # In OTLP's JSON ids are hexadecimal; in that of Protocol Buffers they would be base64.
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in IDS else value for key, value in members.items()}


def attributes(span):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


# --- answers -----------------------------------------------------------------------------------------------------


def answer(status, body=b"{}", **headers):
    def respond(handler):
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def endless(beginning, chunk):
    """Sends without end, until the other side has had enough."""

    def respond(handler):
        handler.wfile.write(beginning)
        try:
            while True:
                handler.wfile.write(chunk)
        except OSError:
            pass

    return respond


def hang_up(handler):
    handler.close_connection = True


def stall(collector):
    """Answers nothing before the collector is released."""

    def respond(handler):
        collector.released.wait()
        handler.close_connection = True

    return respond
