import ArgumentParser
import WorkerCommandLine
import WorkerRuntime

/// Options for commands that only talk to Redis.
struct StoreOptions: ParsableArguments {
    @Option(help: .setting(.redisUrl)) var redisUrl: String?

    @OptionGroup var tls: RedisTLSOptions

    @Option(help: .setting(.namespace)) var namespace: String?

    @Option(help: .configurationFile) var config: String?

    func read(
        with further: [ConfigurationVariable: String?] = [:], needsKeyring: Bool = false
    ) async throws -> WorkerConfiguration {
        var overrides = further.compactMapValues(\.self)
        overrides[.redisUrl] = redisUrl
        overrides.merge(tls.given) { _, given in given }
        overrides[.namespace] = namespace
        return try await WorkerConfiguration.read(
            commandLine: overrides, file: config, needsKeyring: needsKeyring)
    }
}

extension CommandFailure {
    /// Converts an error of the store.
    init(of error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let problem as KeyMaintenance.Problem:
            self.init(problem.description, status: problem.isUnavailable ? ExitStatus.unavailable : .failure)
        default: self.init("\(error)", status: ExitStatus.of(error))
        }
    }
}
