import AMQPNIO
import ConnectionSupport
import NIOCore
import NIOSSL
import OTLPTracing
import RedisNIO
import SessionContract
import SessionCore
import SessionEngine

extension Doctor {
    /// So many days before the end of a certificate, its renewal has failed: ACME clients renew 30 days before, or after two thirds of a
    /// shorter life.
    private static let daysForRenewal: Int64 = 14

    /// Certificates that end soon: the worker's own, its authorities', and those that the servers show.
    func certificates() async -> [Finding] {
        let brokers = (try? configuration.brokers()) ?? []
        let redis = try? configuration.redis()
        var findings: [Finding] = []
        for (tls, name) in [
            (brokers.lazy.compactMap(\.tls).first, "RabbitMQ"), (redis?.tls, "Redis"),
            (try? configuration.otlpTLSConfiguration(), "the OTLP endpoint"),
        ] {
            if let tls { findings += own(tls, for: name) }
        }
        for broker in brokers {
            if let tls = broker.tls { findings += await shown(by: broker.host, broker.port, tls) }
        }
        if let redis, let tls = redis.tls {
            for endpoint in redis.endpoints { findings += await shown(by: endpoint.host, endpoint.port, tls) }
        }
        return findings
    }

    /// Whether spans can be sent at all.
    func collector() async -> [Finding] {
        guard let url = configuration.otlpURL else { return [] }
        let name = configuration.name(of: .otlpUrl)
        do {
            let endpoint = try OTLPEndpoint(url: url)
            let tls = endpoint.isEncrypted ? try configuration.otlpTLSConfiguration() : nil
            let certificate = try await visit(endpoint.host, endpoint.port, tls).certificate()
            let found = Finding.ok("otlp", "something listens at \(endpoint), for spans")
            return [found]
                + [certificate.map { finding(of: $0, shownBy: endpoint.host, endpoint.port) }].compactMap(\.self)
        } catch let error as ConfigurationError {
            return [.problem("otlp", error)]
        } catch let error as OTLPEndpoint.Problem {
            return [.problem("otlp", "\(name) cannot be used", mend: error.message)]
        } catch {
            return [
                .warning(
                    "otlp", "no spans can be sent: \(ConnectFailure.words(error))",
                    mend: "start the collector; \(name) says where it should be")
            ]
        }
    }

    private func own(_ tls: TLSConfiguration, for server: String) -> [Finding] {
        var findings: [Finding] = []
        let mend = "renew it, and restart one worker after the other: they read it when they start"
        if case .certificate(let certificate)? = tls.certificateChain.first {
            findings.append(
                finding(
                    "tls.client", "the worker's certificate for \(server)", until: certificate.notValidAfter, mend: mend
                ))
        }
        // Bundles keep some that have ended; what counts is that one is left.
        if case .certificates(let authorities)? = tls.trustRoots, let last = authorities.map(\.notValidAfter).max() {
            findings.append(
                finding("tls.authority", "the last certificate in the CA file for \(server)", until: last, mend: mend))
        }
        return findings
    }

    /// What cannot be reached, or refuses, is a finding of others.
    private func shown(by host: String, _ port: Int, _ tls: TLSConfiguration) async -> [Finding] {
        guard let certificate = try? await visit(host, port, tls).certificate() else { return [] }
        return [finding(of: certificate, shownBy: host, port)]
    }

    private func finding(of certificate: NIOSSLCertificate, shownBy host: String, _ port: Int) -> Finding {
        finding(
            "tls.server", "the certificate of \(host):\(port)", until: certificate.notValidAfter,
            mend: "renew it on the server; workers need nothing")
    }

    private func visit(_ host: String, _ port: Int, _ tls: TLSConfiguration?) -> ServerVisit {
        ServerVisit(host: host, port: port, tls: tls, patience: .seconds(Int64(Self.patienceSeconds)))
    }

    /// - Parameter end: seconds since 1970-01-01T00:00:00Z.
    private func finding(_ check: String, _ subject: String, until end: Int, mend: String) -> Finding {
        let (milliseconds, isTooLong) = Int64(end).multipliedReportingOverflow(by: 1000)
        let moment = Timestamp(milliseconds: isTooLong ? .max : milliseconds)
        let left = moment.milliseconds.subtractingReportingOverflow(Timestamp.wallClock.milliseconds).partialValue
        guard left > 0 else { return .problem(check, "\(subject) ended at \(moment.rfc3339)", mend: mend) }
        let days = left / 86_400_000
        guard days < Self.daysForRenewal else { return .ok(check, "\(subject) is valid until \(moment.rfc3339)") }
        let soon = days == 0 ? "within a day" : "within \(days + 1) days"
        return .warning(check, "\(subject) ends \(soon), at \(moment.rfc3339)", mend: mend)
    }
}
