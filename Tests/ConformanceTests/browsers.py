"""Chromium without a window, and a page of another site that attacks."""

import http.server
import os
import shutil
import threading
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

AS_ROOT = ["--no-sandbox"] if os.geteuid() == 0 else []


@contextmanager
def chromium():
    """Debian's, driven by Playwright: each `new_context` is a browser of its own, without the cookies of the others."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=AS_ROOT)
        yield browser
        browser.close()


@contextmanager
def site(page):
    """Serves one page under every path and name of this machine; yields the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()
