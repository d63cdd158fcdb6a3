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
        help: ArgumentHelp("Read the subject from the only line of this file; - is standard input.", valueName: "file"))
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
        if let subject { return subject }
        let file = subjectFile ?? "-"
        let name = PrintableText.escaped(file)
        var content: ArraySlice<UInt8>
        do { content = try Input.read(file)[...] } catch {
            throw CommandFailure("--subject-file \(name): \(error.reason)", status: ExitStatus.usage)
        }
        if content.last == UInt8(ascii: "\n") { content.removeLast() }
        guard !content.isEmpty, !content.contains(UInt8(ascii: "\n")),
            let text = String(validating: content, as: UTF8.self)
        else {
            throw CommandFailure("--subject-file \(name): it must be one line of UTF-8", status: ExitStatus.usage)
        }
        return text
    }
}
