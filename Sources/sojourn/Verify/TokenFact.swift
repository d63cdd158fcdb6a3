import SessionContract
import SessionCore

/// Something that a token says.
struct TokenFact {
    enum Value {
        case text(String)
        case number(Int)
        case texts([String])
        case time(Timestamp)
    }

    /// In JSON.
    let key: String
    /// For people.
    let title: String
    let value: Value

    init(_ key: String, _ title: String, _ value: Value) {
        (self.key, self.title, self.value) = (key, title, value)
    }

    func text(at now: Timestamp) -> String {
        switch value {
        case .text(let text): text
        case .number(let number): String(number)
        case .texts(let texts): texts.isEmpty ? "-" : texts.joined(separator: ", ")
        case .time(let time): "\(time.rfc3339), \(RelativeTime.words(time, from: now))"
        }
    }

    var json: JSONValue {
        switch value {
        case .text(let text): .string(text)
        case .number(let number): .integer(Int64(number))
        case .texts(let texts): .array(texts.map { .string($0) })
        case .time(let time): .string(time.rfc3339)
        }
    }
}
