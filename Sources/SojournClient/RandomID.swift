/// Message ids: 120 random bits in lower-case hexadecimal.
enum RandomID {
    static func make() -> String {
        let digits = Array("0123456789abcdef".utf8)
        let characters = (0..<30).map { _ in digits[Int.random(in: 0..<16)] }
        return String(decoding: characters, as: UTF8.self)
    }
}
