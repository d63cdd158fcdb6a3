import ArgumentParser
import SessionContract
import WorkerCommandLine

/// A subject, and its tenant.
struct SubjectOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The subject. Process lists show it: --subject-file keeps it out of them.", valueName: "name"))
    var subject: String?

    @Option(
        help: ArgumentHelp("Read the subject from the only line of this file; - is standard input.", valueName: "file"),
        completion: .file())
    var subjectFile: String?

    @Option(help: "The tenant.")
    var tenant = "default"

    var isGiven: Bool { subject != nil || subjectFile != nil }

    func validate() throws {
        guard subject == nil || subjectFile == nil else {
            throw ValidationError("Give --subject or --subject-file, not both.")
        }
    }

    /// - Throws: `CommandFailure` if the file cannot be read, or is not one line of text.
    func read() throws -> String {
        try subject ?? Input.line(of: subjectFile ?? "-", option: "--subject-file")
    }
}
