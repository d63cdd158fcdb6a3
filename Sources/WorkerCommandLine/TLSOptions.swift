import ArgumentParser
package import WorkerRuntime

/// The files for TLS with RabbitMQ, in every command that connects to it.
package struct AMQPTLSOptions: ParsableArguments {
    @Option(help: .setting(.amqpCaFile)) var amqpCaFile: String?
    @Option(help: .setting(.amqpCertificateFile)) var amqpCertificateFile: String?
    @Option(help: .setting(.amqpKeyFile)) var amqpKeyFile: String?

    package init() {}

    package var given: [ConfigurationVariable: String] {
        let all: [ConfigurationVariable: String?] = [
            .amqpCaFile: amqpCaFile, .amqpCertificateFile: amqpCertificateFile, .amqpKeyFile: amqpKeyFile,
        ]
        return all.compactMapValues(\.self)
    }
}

/// The files for TLS with Redis, in every command that connects to it.
package struct RedisTLSOptions: ParsableArguments {
    @Option(help: .setting(.redisCaFile)) var redisCaFile: String?
    @Option(help: .setting(.redisCertificateFile)) var redisCertificateFile: String?
    @Option(help: .setting(.redisKeyFile)) var redisKeyFile: String?

    package init() {}

    package var given: [ConfigurationVariable: String] {
        let all: [ConfigurationVariable: String?] = [
            .redisCaFile: redisCaFile, .redisCertificateFile: redisCertificateFile, .redisKeyFile: redisKeyFile,
        ]
        return all.compactMapValues(\.self)
    }
}
