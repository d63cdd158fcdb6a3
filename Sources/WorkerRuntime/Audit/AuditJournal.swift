import LogMetadata
import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine

/// The audit log as its thread sees it: an open file, and the place of its last record. Blocks.
///
/// Records about the log itself have the type `log`: how a worker found the file, and that it stopped.
struct AuditJournal: ~Copyable {
    /// What happened to the log itself.
    private enum Action: String {
        /// A new chain begins: there was no file to continue.
        case begin
        /// A worker has started, and continues the file of another.
        case resume
        /// The file was renamed for rotation, and this one continues its chain.
        case rotate
        /// The worker runs.
        case checkpoint
        /// The worker has stopped.
        case end
    }

    private let path: String
    private let chain: AuditChain
    private let worker: String
    private var file: AuditFile
    private var place: AuditPlace
    /// Sealed, and not yet appended.
    private var rest: ArraySlice<UInt8> = []
    private var isSynchronised = true
    /// Why it is not known what the disk has.
    private var doubt: AuditFile.Problem?

    /// Opens the file and locks it. Writes nothing yet.
    init(path: String, chain: AuditChain, worker: String) throws(AuditFile.Problem) {
        let file = try AuditFile(opening: path)
        let ending = try file.ending(by: chain)
        self.file = file
        self.path = path
        self.chain = chain
        self.worker = worker
        place = .beginning
        continueFrom(ending)
    }

    var head: AuditPlace { place }

    private mutating func continueFrom(_ ending: AuditFile.Ending) {
        switch ending {
        case .empty: add(.begin)
        case .record(let last, let isComplete):
            place = last
            if !isComplete { rest = [UInt8(ascii: "\n")] }
            add(.resume)
        case .torn(let bytes, let last):
            place = last ?? .beginning
            // The incomplete line stays, so that the file is only ever appended to.
            rest = [UInt8(ascii: "\n")]
            add(last == nil ? .begin : .resume, tornBytes: bytes)
        }
    }

    /// Seals records. They are written by the next ``write()``.
    mutating func add(_ records: [AuditRecord]) {
        var lines = Array(rest)
        lines.reserveCapacity(lines.count + records.reduce(0) { $0 + $1.json.count + 192 })
        for record in records { place = chain.append(record.json, after: place, to: &lines) }
        rest = lines[...]
        isSynchronised = false
    }

    private mutating func add(_ action: Action, tornBytes: Int? = nil) {
        let record = AuditRecord(type: "log", at: .wallClock, worker: worker) { json in
            json.member("action", action.rawValue)
            json.member("tornBytes", tornBytes)
        }
        add([record])
    }

    mutating func addCheckpoint() { add(.checkpoint) }
    mutating func addEnd() { add(.end) }

    /// Returns once everything added is on the disk. After a failure it may be called again, and goes on where it was.
    ///
    /// - Throws: `Problem`; for ever once the file could not be synchronised, because Linux then forgets what it did not
    ///   write, and a second attempt succeeds without it.
    mutating func write() throws(AuditFile.Problem) {
        if let doubt { throw doubt }
        try file.append(&rest)
        guard !isSynchronised else { return }
        do throws(AuditFile.Problem) { try file.sync() } catch {
            doubt = error
            throw error
        }
        isSynchronised = true
    }

    /// Goes on in a new file if this one has been renamed. Everything added has to be written before.
    ///
    /// - Returns: whether there is a new file.
    mutating func reopen() throws(AuditFile.Problem) -> Bool {
        guard !file.isAt(path) else { return false }
        let next = try AuditFile(opening: path)
        guard try next.ending(by: chain) == .empty else {
            throw AuditFile.Problem("has content already", remedy: "rename it, too, and send SIGHUP again")
        }
        file = next
        add(.rotate)
        return true
    }
}
