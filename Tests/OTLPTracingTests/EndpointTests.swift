import Testing

@testable import OTLPTracing

@Suite("The OTLP endpoint")
struct EndpointTests {
    @Test(
        "a base URL, to which the path of traces is appended",
        arguments: [
            ("http://127.0.0.1:4318", "127.0.0.1:4318", "/v1/traces", false),
            ("http://collector", "collector:80", "/v1/traces", false),
            ("https://collector.example/", "collector.example:443", "/v1/traces", true),
            ("HTTPS://c:1/otlp//", "c:1", "/otlp/v1/traces", true),
            ("http://[::1]:4318/a", "[::1]:4318", "/a/v1/traces", false),
            ("http://[::1]", "[::1]:80", "/v1/traces", false),
        ])
    func url(url: String, place: String, path: String, isEncrypted: Bool) throws {
        let endpoint = try OTLPEndpoint(url: url)
        #expect("\(endpoint)" == place)
        #expect(endpoint.path == path)
        #expect(endpoint.isEncrypted == isEncrypted)
    }

    @Test(
        "another URL is refused, without quoting it",
        arguments: [
            "ftp://hunter2", "http://", "http://:4318", "http://u:hunter2@c", "http://c?k=hunter2", "http://c#hunter2",
            "http://c:0", "http://c:+1", "http://c:65536", "http://[::1", "http://[::1]x", "http://hunter2 c/",
            "http://c/hunter2\r\nx", "http://c/ä", "http://\(String(repeating: "c", count: 254))",
        ])
    func invalid(url: String) {
        do {
            _ = try OTLPEndpoint(url: url)
            Issue.record("\(url) must be refused")
        } catch {
            #expect(!error.message.contains("hunter2"))
        }
    }

    @Test("headers are read from lines, and their values are not shown")
    func headers() throws {
        let file = "# of the tenant\n\nAuthorization: Bearer hunter2 \r\nx-scope:a:b\n"
        let headers = try OTLPHeaders(file: Array(file.utf8))
        #expect(headers.all.map(\.name) == ["authorization", "x-scope"])
        #expect(headers.all.map(\.value) == ["Bearer hunter2", "a:b"])
        #expect("\(headers)" == "authorization, x-scope")
        #expect(try OTLPHeaders(file: []).all.isEmpty)
    }

    @Test(
        "a file that is none is refused, without quoting it",
        arguments: [
            "hunter2", ": hunter2", "hun ter2: x", "host: hunter2", "content-length: 5", "Transfer-Encoding: chunked",
            "a: hunter2\u{1B}", "a: hunter2é", String(repeating: "a: hunter2\n", count: 17),
        ])
    func invalidHeaders(file: String) {
        do {
            _ = try OTLPHeaders(file: Array(file.utf8))
            Issue.record("\(file) must be refused")
        } catch {
            #expect(!error.message.contains("hunter2"))
        }
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: OTLPEndpoint.Problem.self) { try OTLPHeaders(file: [0x61, 0x3A, 0xFF]) }
    }
}
