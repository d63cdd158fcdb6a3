import ArgumentParser
import SojournClient
import SojournVerifier

/// Where Sojourn is.
struct InstallationOptions: ParsableArguments {
    @Option(help: "The broker.")
    var amqpURL = "amqp://guest:guest@127.0.0.1:5672/"

    @Option(help: "The installation's namespace.")
    var namespace = "sojourn"

    @Option(help: "Where the issuer's keys are.")
    var keys = "http://127.0.0.1:9490/.well-known/jwks.json"

    var client: SessionClientConfiguration {
        var configuration = SessionClientConfiguration(url: amqpURL)
        configuration.namespace = namespace
        return configuration
    }

    var verifier: SessionVerifierConfiguration { SessionVerifierConfiguration(keys: .url(keys)) }
}
