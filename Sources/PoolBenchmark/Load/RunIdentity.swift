import SessionContract

/// The names under which a run makes things in the pool, so that it can remove them, and anybody can recognise them.
package struct RunIdentity: Sendable, Equatable {
    /// The tenant of everything that benchmarks make.
    package static let tenant = "sojourn-bench"

    /// Eight hexadecimal digits.
    package let id: String

    package init(id: String) {
        self.id = id
    }

    package static func random() -> RunIdentity {
        let digits = Array("0123456789abcdef")
        return RunIdentity(id: String((0..<8).map { _ in digits[Int.random(in: 0..<16)] }))
    }

    /// The policy of the run's sessions.
    package var policy: String { "bench-\(id)" }
    /// What the subjects of the run begin with.
    package var subjectPrefix: String { "bench-\(id)-" }

    func subject(_ number: Int) -> String { subjectPrefix + String(number) }

    // MARK: Bodies

    /// Puts a policy under which the run's sessions end with the run, or soon afterwards if nobody ends them, and are then
    /// forgotten at once: an ended session would otherwise be remembered for a day.
    func putPolicy(lifetimeSeconds: Int) -> [UInt8] {
        JSONWriter.object { json in
            json.member("tenant", Self.tenant)
            json.member("name", policy)
            json.object("policy") { json in
                json.member("idleSeconds", lifetimeSeconds)
                json.member("absoluteSeconds", lifetimeSeconds)
                json.member("refreshSeconds", lifetimeSeconds)
                json.member("reauthenticationWindowSeconds", 0)
                json.member("endedSeconds", 1)
            }
        }
    }

    var removePolicy: [UInt8] {
        JSONWriter.object { json in
            json.member("tenant", Self.tenant)
            json.member("name", policy)
        }
    }

    /// A login with an ordinary device and context, and 100 bytes of attributes.
    func create(_ number: Int) -> [UInt8] {
        JSONWriter.object { json in
            json.member("tenant", Self.tenant)
            json.member("subject", subject(number))
            json.member("policy", policy)
            json.object("device") { json in
                json.member("id", "d4c1a2f0-5f0e-4c5b")
                json.member("name", "Firefox on Debian")
                json.member("platform", "linux")
            }
            json.object("context") { json in
                // RFC 5737: an address for documentation.
                json.member("ip", "192.0.2.10")
                json.member("userAgent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
                json.member("country", "DE")
            }
            json.object("attributes") { json in
                json.member("theme", "dark")
                json.member("locale", "de-DE")
                json.member("cart", String(repeating: "x", count: 58))
            }
        }
    }

    func aboutToken(_ token: [UInt8], key: StaticString = "token") -> [UInt8] {
        JSONWriter.object(capacity: 192) { json in
            json.member("tenant", Self.tenant)
            json.member(key, String(decoding: token, as: UTF8.self))
        }
    }

    func aboutSubject(_ number: Int) -> [UInt8] {
        JSONWriter.object(capacity: 96) { json in
            json.member("tenant", Self.tenant)
            json.member("subject", subject(number))
        }
    }

    func aboutSession(_ id: [UInt8]) -> [UInt8] {
        JSONWriter.object(capacity: 96) { json in
            json.member("tenant", Self.tenant)
            json.member("sessionId", String(decoding: id, as: UTF8.self))
        }
    }
}
