import Foundation
import SojournClient
import SojournHummingbird

/// The pages, without scripts: each is what the service knows at the moment.
enum Pages {
    static func logIn(_ notice: String? = nil) -> HTML {
        page(
            "Log in",
            """
            \(notice.map { "<p class=\"notice\" role=\"status\">\($0)</p>" as HTML } ?? "")
            <form method="post" action="/log-in">
            <label for="name">Name</label>
            <input id="name" name="name" required maxlength="64" autocomplete="username" autofocus>
            <button class="primary">Log in</button>
            </form>
            <p class="hint"><strong>This is an example:</strong> it has no passwords, so anybody may log in as anyone. A real
            service checks who somebody is before it begins a session.</p>
            """)
    }

    static func devices(_ sessions: [Session], of mine: AuthenticatedSession) -> HTML {
        page(
            "Hello, \(mine.subject)",
            """
            <h2>Your devices</h2>
            <ul class="devices">\(sessions.map { device($0, isHere: $0.id == mine.id) })</ul>
            <div class="actions">
            <form method="post" action="/log-out"><button>Log out here</button></form>
            <form method="post" action="/log-out-everywhere"><button class="danger">Log out everywhere</button></form>
            </div>
            <p><a href="/recovery-codes">Show my recovery codes</a> <span class="hint">asks you to confirm first</span></p>
            """)
    }

    static let confirmation = page(
        "Confirm that it is you",
        """
        <p>Recovery codes are only shown to somebody who has just shown a second factor.</p>
        <form method="post" action="/confirm"><button class="primary" autofocus>Confirm</button></form>
        <p class="hint"><strong>This is an example:</strong> it believes you. A real service asks for a code or a passkey.</p>
        <p><a href="/">Back to your devices</a></p>
        """)

    static func recoveryCodes(_ codes: [String]) -> HTML {
        page(
            "Recovery codes",
            """
            <ul class="codes">\(codes.map { "<li><code>\($0)</code></li>" as HTML })</ul>
            <p class="hint">Invented for this page: they open nothing.</p>
            <p><a href="/">Back to your devices</a></p>
            """)
    }

    private static func device(_ session: Session, isHere: Bool) -> HTML {
        let button: HTML =
            isHere
            ? "<span class=\"here\">this device</span>"
            : "<form method=\"post\" action=\"/devices/\(session.id)/log-out\"><button>Log out</button></form>"
        return """
            <li><div><strong>\(session.device?.name ?? "A device")</strong>
            <span class="hint">\(session.context?.ip ?? "unknown address") · since \(time(session.createdAt))</span></div>
            \(button)</li>
            """
    }

    private static func time(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(dateTimeSeparator: .space, timeSeparator: .colon)).dropLast() + " UTC"
    }

    private static func page(_ title: String, _ body: HTML) -> HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title) · Sojourn</title>
        <link rel="stylesheet" href="/style.css">
        </head>
        <body><main>
        <h1>\(title)</h1>
        \(body)
        </main></body>
        </html>
        """
    }
}
