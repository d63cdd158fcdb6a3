import Crypto
import FoundationEssentials

/// The status page: one file, which asks for `/status.json` every two seconds and shows it. It shows that rather than
/// `/metrics`, because it also needs reasons and sentences, and the rates of the last minute before its first look.
enum StatusPage {
    /// The style and the script are allowed by their digests, so that nothing else in the page can run, and it can connect
    /// only to the worker that it comes from.
    static let answer: AdminAnswer = {
        let html = String(decoding: PackageResources.status_html, as: UTF8.self)
        var answer = AdminAnswer.uncached(Array(html.utf8), type: "text/html; charset=utf-8", status: 200)
        let policy =
            "default-src 'none'; style-src '\(digest(of: "style", in: html))'; "
            + "script-src '\(digest(of: "script", in: html))'; connect-src 'self'; img-src data:; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'"
        answer.headers += [
            ("content-security-policy", policy), ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ]
        return answer
    }()

    /// As in a content security policy, level 3, section 2.3.1.
    private static func digest(of element: String, in html: String) -> String {
        guard let begin = html.firstRange(of: "<\(element)>"), let end = html.firstRange(of: "</\(element)>") else {
            preconditionFailure("the page has one <\(element)> without attributes")
        }
        let content = html[begin.upperBound..<end.lowerBound]
        return "sha256-" + Data(SHA256.hash(data: Data(content.utf8))).base64EncodedString()
    }
}
