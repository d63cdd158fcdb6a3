package import NIOCore
package import NIOSSL

/// How to reach a broker, and the bounds on every wait.
package struct AMQPConfiguration: Sendable {
    /// Name or address. Default `localhost`.
    package var host: String = "localhost"
    /// TCP port. Default 5672; 5671 is the custom with TLS.
    package var port: Int = 5672
    /// TLS, or nil for plain TCP. Default nil.
    package var tls: TLSConfiguration? = nil
    /// Default `guest`, which RabbitMQ admits from its own machine only.
    package var username: String = "guest"
    /// Never shown in ``description``, in a mirror, or in an error. Default `guest`.
    package var password: String = "guest"
    /// Default `/`.
    package var virtualHost: String = "/"
    /// Interval asked for; the smaller of ours and the broker's is used, zero is none. Sent as whole seconds. Default
    /// 10 s: a dead peer is noticed within 20.
    package var heartbeat: TimeAmount = .seconds(10)
    /// Largest frame accepted, in bytes, from 4096 to ``AMQPLimits/frameMax``, which is the default.
    package var frameMax: UInt32 = AMQPLimits.frameMax
    /// Channels at most on the connection. Default 64: each caller needs one or two.
    package var channelMax: UInt16 = 64
    /// Limit on TCP, TLS and handshake together. Default 10 s.
    package var connectTimeout: TimeAmount = .seconds(10)
    /// Limit on the wait for the answer to one method. Default 10 s.
    package var rpcTimeout: TimeAmount = .seconds(10)
    /// Limit on the wait for the answer to an orderly close, after which the socket is dropped. Default 2 s: a broker under
    /// an alarm does not answer at all, and who closes a connection has no more use for it.
    package var closeTimeout: TimeAmount = .seconds(2)
    /// Limit on the wait for publisher confirms, unless a call gives its own. Default 30 s: a quorum queue confirms
    /// only when a majority has written it, which takes a while when a node has just gone.
    package var confirmTimeout: TimeAmount = .seconds(30)
    /// How much longer confirms are waited for while the broker takes no messages (a memory or disk alarm). Default 10 min:
    /// what was sent then is confirmed when the alarm is over, and a connection given up before would only send the same
    /// again; but no wait is for ever.
    package var alarmTimeout: TimeAmount = .minutes(10)
    /// How much of a body is kept, in bytes. Default 16 MiB. What is longer arrives cut off here, with
    /// ``AMQPDelivery/isTruncated`` set, and the rest is not buffered.
    package var retainedBodyBytes: Int = 16 * 1024 * 1024
    /// What the broker's tools show for this connection. Default `sojourn`.
    package var connectionName: String = "sojourn"

    package init() {}
}

extension AMQPConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Where to, and nothing secret: not even the user name.
    package var description: String {
        "\(tls == nil ? "amqp" : "amqps")://\(host.contains(":") ? "[\(host)]" : host):\(port) vhost \(virtualHost)"
    }

    package var debugDescription: String { description }

    // Without this, `dump` and string interpolation of a containing type would print the password.
    package var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

extension AMQPConfiguration {
    /// Says what cannot work before anything is sent.
    func validate() throws(AMQPError) {
        guard !host.isEmpty else { throw AMQPError(.invalidConfiguration, "the AMQP host is empty") }
        guard (1...65535).contains(port) else {
            throw AMQPError(.invalidConfiguration, "the AMQP port is not within 1 to 65535: \(port)")
        }
        guard (AMQPLimits.frameMin...AMQPLimits.frameMax).contains(frameMax) else {
            throw AMQPError(
                .invalidConfiguration,
                "the AMQP frame-max is not within \(AMQPLimits.frameMin) to \(AMQPLimits.frameMax) bytes: \(frameMax)")
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
            throw AMQPError(.invalidConfiguration, "the AMQP heartbeat is not within 0 to 65535 seconds")
        }
        guard connectTimeout > .zero, rpcTimeout > .zero, closeTimeout > .zero, confirmTimeout > .zero,
            alarmTimeout >= .zero, retainedBodyBytes >= 0
        else {
            throw AMQPError(.invalidConfiguration, "an AMQP limit is negative or zero")
        }
    }

    /// `start-ok` goes out before a frame size is agreed on, so all of it must fit in the least frame-max, 4096 bytes.
    private static let credentialBytes = 2000

    /// The heartbeat in the unit of the wire. A fraction is rounded up: 0 would switch it off.
    var heartbeatSeconds: UInt16 { UInt16((heartbeat.nanoseconds + 999_999_999) / 1_000_000_000) }
}
