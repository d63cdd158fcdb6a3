/// What produces the spans: the resource of OpenTelemetry.
package struct TraceResource: Sendable {
    /// `service.name`, `service.version`, and so on.
    package let attributes: [(String, String)]
    /// The version of the instrumentation, which is the worker's own.
    package let version: String

    /// - Parameters:
    ///   - namespace: of the installation.
    ///   - instance: unique for this process.
    package init(namespace: String, version: String, instance: String) {
        attributes = [
            ("service.name", "sojourn"), ("service.namespace", namespace), ("service.version", version),
            ("service.instance.id", instance),
        ]
        self.version = version
    }
}
