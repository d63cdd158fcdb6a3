import HTTPTypes
import Hummingbird

extension Response {
    /// A page that may load its style sheet from here, post to here, and nothing else.
    init(_ page: HTML, status: HTTPResponse.Status = .ok) {
        self.init(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                // Not no-referrer: browsers would call the origin of every form `null`.
                .referrerPolicy: "same-origin", .xContentTypeOptions: "nosniff",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: page.source)))
    }

    static let styleSheet = Response(
        status: .ok,
        headers: [
            .contentType: "text/css; charset=utf-8", .cacheControl: "max-age=60", .xContentTypeOptions: "nosniff",
        ],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.style_css)))
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
