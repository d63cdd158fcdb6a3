package import SessionCore

/// Checks the lines of an audit log one after the other, and says where the chain breaks first. It looks at most one
/// line ahead, so that its memory does not depend on the log's length.
package struct AuditVerifier {
    /// Where a line is.
    package struct Position: Equatable, Sendable {
        /// The number of its file, from 0.
        package let file: Int
        /// The number of the line in its file, from 1.
        package let line: Int

        package init(file: Int, line: Int) {
            self.file = file
            self.line = line
        }
    }

    package enum Damage: Equatable, Sendable {
        /// The line does not match its hash, or is no record at all.
        case changed
        /// The line does not belong there: without it the chain is whole.
        case inserted
        /// Records are missing before the line.
        case removed(ClosedRange<Int64>)
        /// The line comes before one that it should follow.
        case outOfOrder
        /// The line is the last, and incomplete.
        case truncated
        /// The line is a record of another chain of the same keyring.
        case foreign
    }

    /// Where a chain breaks first, which ends the check.
    package struct Break: Error, Equatable {
        package let position: Position
        package let damage: Damage
    }

    /// A record, for people.
    package struct Landmark: Equatable, Sendable {
        package let time: Timestamp
        package let place: AuditPlace
    }

    /// A line that does not follow its predecessor. What happened shows in the next line.
    private struct Suspect {
        enum Cause {
            case unverified(length: Int, isComplete: Bool)
            /// It comes too early, or others are missing.
            case early(Int64)
        }

        let position: Position
        let cause: Cause
    }

    private let chain: AuditChain
    private var suspect: Suspect?
    package private(set) var records = 0
    /// A log has several chains if a worker has found no file to continue.
    package private(set) var chains = 0
    /// Lines that a killed worker left incomplete, and that a later record accounts for.
    package private(set) var tornLines = 0
    package private(set) var first: Landmark?
    package private(set) var last: Landmark?

    package init(_ chain: AuditChain) {
        self.chain = chain
    }

    /// Checks the next line.
    ///
    /// - Parameters:
    ///   - line: without its line feed; of a line longer than ``AuditLine/maxLength`` at least one byte more than that.
    ///   - isComplete: whether a line feed followed.
    /// - Returns: the record; `nil` if only the next line shows what this one is.
    /// - Throws: the first break.
    package mutating func check(
        _ line: ArraySlice<UInt8>, at position: Position, isComplete: Bool = true
    ) throws(Break) -> AuditLine? {
        let record = chain.read(line)
        if let suspect {
            guard let record, Self.accounts(record, line, for: suspect), follows(record) else {
                throw resolve(suspect, before: record)
            }
            self.suspect = nil
            tornLines += 1
            accept(record)
            return record
        }
        guard let record else {
            suspect = Suspect(
                position: position, cause: .unverified(length: line.count, isComplete: isComplete))
            return nil
        }
        if follows(record) || (record.isFirst && position.line == 1) {
            accept(record)
            return record
        }
        let expected = (last?.place.sequence ?? 0) + 1
        guard record.sequence > expected else {
            throw Break(position: position, damage: record.sequence == expected ? .foreign : .inserted)
        }
        suspect = Suspect(position: position, cause: .early(record.sequence))
        return nil
    }

    /// After the last line.
    ///
    /// - Throws: the break, if the last line is one.
    package func finish() throws(Break) {
        if let suspect { throw resolve(suspect, before: nil) }
    }

    private func follows(_ record: AuditLine) -> Bool {
        // Older files may have been deleted, so a log may begin anywhere.
        last.map { record.follows($0.place) } ?? true
    }

    private mutating func accept(_ record: AuditLine) {
        let landmark = Landmark(time: record.time, place: record.place)
        if first == nil || record.isFirst { chains += 1 }
        first = first ?? landmark
        last = landmark
        records += 1
    }

    private static func accounts(_ record: AuditLine, _ line: ArraySlice<UInt8>, for suspect: Suspect) -> Bool {
        switch suspect.cause {
        case .unverified(let length, _): AuditLine.tornBytes(in: line) == length
        case .early: false
        }
    }

    private func resolve(_ suspect: Suspect, before next: AuditLine?) -> Break {
        let isWholeWithout = next.map { last != nil ? follows($0) : $0.isFirst } ?? false
        let damage: Damage =
            switch suspect.cause {
            case .unverified(_, let isComplete):
                isWholeWithout ? .inserted : (next == nil && !isComplete ? .truncated : .changed)
            case .early(let sequence):
                isWholeWithout ? .outOfOrder : .removed((last?.place.sequence ?? 0) + 1...sequence - 1)
            }
        return Break(position: suspect.position, damage: damage)
    }
}
