package import NIOCore
package import NIOSSL

/// How to reach a broker, and the limits on every wait.
package struct AMQPConfiguration: Sendable {
    /// Host name or address. Default `localhost`.
    package var host: String = "localhost"
    /// TCP port. Default 5672; 5671 is customary with TLS.
    package var port: Int = 5672
    /// TLS, or nil for plain TCP. Default nil.
    package var tls: TLSConfiguration? = nil
    /// Default `guest`, which RabbitMQ only accepts from localhost.
    package var username: String = "guest"
    /// Never included in ``description``, a mirror, or an error. Default `guest`.
    package var password: String = "guest"
    /// Default `/`.
    package var virtualHost: String = "/"
    /// The heartbeat interval we request; the smaller of ours and the broker's is used, and zero disables it. Sent in
    /// whole seconds. Default 10 s: a dead peer is detected within 20.
    package var heartbeat: TimeAmount = .seconds(10)
    /// The largest frame accepted, in bytes, from 4096 to ``AMQPLimits/frameMax``, which is the default.
    package var frameMax: UInt32 = AMQPLimits.frameMax
    /// The maximum number of channels on the connection. Default 64: each caller needs one or two.
    package var channelMax: UInt16 = 64
    /// Timeout for TCP, TLS and handshake together. Default 10 s.
    package var connectTimeout: TimeAmount = .seconds(10)
    /// Timeout for the answer to one method. Default 10 s.
    package var rpcTimeout: TimeAmount = .seconds(10)
    /// Timeout for the answer to an orderly close, after which the socket is dropped. Default 2 s: a broker under an
    /// alarm does not answer at all, and whoever closes a connection no longer needs it.
    package var closeTimeout: TimeAmount = .seconds(2)
    /// Timeout for publisher confirms, unless a call specifies its own. Default 30 s: a quorum queue confirms only when
    /// a majority has written the message, which takes a while when a node has just failed.
    package var confirmTimeout: TimeAmount = .seconds(30)
    /// How much longer to wait for confirms while the broker blocks publishers (a memory or disk alarm). Default 10
    /// min: messages sent before are confirmed when the alarm ends, and giving up the connection earlier would only
    /// resend them; but every wait must end.
    package var alarmTimeout: TimeAmount = .minutes(10)
    /// How much of a body is kept, in bytes. Default 16 MiB. A longer body is truncated to this size, with
    /// ``AMQPDelivery/isTruncated`` set, and the rest is not buffered.
    package var retainedBodyBytes: Int = 16 * 1024 * 1024
    /// The connection's name in the broker's tools. Default `sojourn`.
    package var connectionName: String = "sojourn"

    package init() {}
}

extension AMQPConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The address, without secrets; the user name is omitted too.
    package var description: String {
        "\(tls == nil ? "amqp" : "amqps")://\(host.contains(":") ? "[\(host)]" : host):\(port) vhost \(virtualHost)"
    }

    package var debugDescription: String { description }

    // Without this, `dump` and string interpolation of a containing type would print the password.
    package var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

extension AMQPConfiguration {
    /// Rejects an unusable configuration before anything is sent.
    func validate() throws(AMQPError) {
        guard !host.isEmpty else { throw AMQPError(.invalidConfiguration, "the AMQP host is empty") }
        guard (1...65535).contains(port) else {
            throw AMQPError(.invalidConfiguration, "the AMQP port must be from 1 to 65535: \(port)")
        }
        guard (AMQPLimits.frameMin...AMQPLimits.frameMax).contains(frameMax) else {
            throw AMQPError(
                .invalidConfiguration,
                "the AMQP frame-max must be from \(AMQPLimits.frameMin) to \(AMQPLimits.frameMax) bytes: \(frameMax)")
        }
        guard channelMax > 0 else { throw AMQPError(.invalidConfiguration, "the AMQP channel-max is 0") }
        guard virtualHost.utf8.count <= AMQPLimits.shortString else {
            throw AMQPError(.invalidConfiguration, "the AMQP virtual host is longer than 255 bytes")
        }
        guard username.utf8.count + password.utf8.count <= Self.credentialBytes else {
            throw AMQPError(.invalidConfiguration, "the AMQP user name and password are longer than 2000 bytes")
        }
        guard connectionName.utf8.count <= AMQPLimits.shortString else {
            throw AMQPError(.invalidConfiguration, "the AMQP connection name is longer than 255 bytes")
        }
        guard heartbeat >= .zero, heartbeat <= .seconds(Int64(UInt16.max)) else {
            throw AMQPError(.invalidConfiguration, "the AMQP heartbeat must be from 0 to 65535 seconds")
        }
        guard connectTimeout > .zero, rpcTimeout > .zero, closeTimeout > .zero, confirmTimeout > .zero,
            alarmTimeout >= .zero, retainedBodyBytes >= 0
        else {
            throw AMQPError(.invalidConfiguration, "an AMQP limit is negative or zero")
        }
    }

    /// `start-ok` is sent before a frame size is negotiated, so it must fit in the smallest frame-max, 4096 bytes.
    private static let credentialBytes = 2000

    /// The heartbeat in whole seconds, as on the wire. Rounded up, because 0 would disable it.
    var heartbeatSeconds: UInt16 { UInt16((heartbeat.nanoseconds + 999_999_999) / 1_000_000_000) }
}
