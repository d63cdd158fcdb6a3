import SessionContract

extension Doctor {
    /// The worker at the admin address, if there is one.
    func worker() async -> [Finding] {
        let status: WorkerStatus
        do throws(StatusRequest.Problem) {
            status = try await StatusRequest.status(of: configuration.adminAddress)
        } catch {
            return [
                .warning(
                    "worker", error.description,
                    mend: "systemctl start sojourn@1; for another address: --admin-address HOST:PORT")
            ]
        }
        var findings: [Finding] = []
        if status.version != SojournVersion.text {
            findings.append(
                .warning(
                    "worker.version",
                    "the worker has version \(status.version), and this program \(SojournVersion.text)",
                    mend: "systemctl restart sojourn@1"))
        }
        if status.namespace != configuration.namespace {
            findings.append(
                .warning(
                    "worker.namespace",
                    "the worker at \(configuration.adminAddress) is of the namespace \(status.namespace)",
                    mend: "give its --namespace, or the --admin-address of a worker of \(configuration.namespace)"))
        }
        let concerns = status.concerns
        findings += concerns.map { .problem("worker", $0, mend: "sojourn status; docs/runbook.md") }
        if concerns.isEmpty { findings.append(.ok("worker", "the worker at \(configuration.adminAddress) is well")) }
        return findings
    }
}
