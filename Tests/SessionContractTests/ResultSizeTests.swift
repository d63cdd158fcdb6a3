import SessionContract
import SessionCore
import Testing

@Suite("The size of results")
struct ResultSizeTests {
    private let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func data(of outcome: Outcome, _ command: CommandName) throws -> (JSONObject, bytes: Int) {
        let result = ResultWriter.write(outcome, of: command, commandID: nil, at: now)
        guard case .object(let object) = try JSONReader.read(result.reply, maximumDepth: 40),
            case .object(let data) = object["data"]
        else { throw Failure(.internal, "no data") }
        return (data, result.reply.count)
    }

    @Test("an activity log with the largest details is cut at 1 MiB, says so, and keeps the newest entries")
    func activity() throws {
        let wide = String(repeating: "\u{1}", count: 1024)
        let entries = (0..<200).map {
            ActivityEntry(
                at: now, action: "session.refreshed",
                detail: ["level": .integer($0), "context": .object(["userAgent": .string(wide)])])
        }
        let (all, bytes) = try data(of: .succeeded(.activity(entries)), CommandName(of: ReadActivity.self))
        guard case .array(let told) = all["entries"], case .object(let first) = told.first else {
            throw Failure(.internal, "no entries")
        }
        #expect((100..<200).contains(told.count))
        #expect(bytes <= ResultWriter.maxListBytes + 1024)
        #expect(all["truncated"] == .bool(true))
        guard case .object(let detail) = first["detail"] else { throw Failure(.internal, "no detail") }
        #expect(detail["level"] == .integer(0))
        let (few, _) = try data(
            of: .succeeded(.activity(Array(entries.prefix(50)))), CommandName(of: ReadActivity.self))
        #expect(few["truncated"] == nil)
    }

    @Test("a list of policies is bounded, because a file has at most a thousand")
    func policies() throws {
        func file(_ count: Int) -> [UInt8] {
            JSONWriter.object { json in
                for index in 0..<count {
                    json.key(text: "policy-\(index)")
                    json.object { _ in }
                }
            }
        }
        #expect(throws: Failure.self) { try PolicyReader.readCatalogue(file(1001)) }
        let catalogue = try PolicyReader.readCatalogue(file(1000))
        let (_, bytes) = try data(
            of: .succeeded(.policies(catalogue.all(of: "default"))), CommandName(of: ListPolicies.self))
        #expect(bytes < 1_500_000)
    }
}
