import Testing

@testable import SessionWorker

@Suite("Reply addresses")
struct ReplyAddressTests {
    @Test("a queue's name is safe, whatever it is")
    func queues() {
        for name in ["replies", "amq.gen-x", "amq.rabbitmq.reply-to", "ümläut", String(repeating: "x", count: 255)] {
            #expect(ReplyAddress.isSafe(name))
        }
        #expect(!ReplyAddress.isSafe(""))
    }

    @Test("the address of a process is safe if it is one")
    func processes() throws {
        // Version, NEW_PID_EXT, an atom of 3 bytes with either length, 12 bytes more.
        let tail = [UInt8](repeating: 7, count: 12)
        let long: [UInt8] = [131, 88, 118, 0, 3, 97, 64, 98] + tail
        let short: [UInt8] = [131, 88, 119, 3, 97, 64, 98] + tail
        for term in [long, short] {
            #expect(ReplyAddress.isSafe(address(of: term)))
            #expect(!ReplyAddress.isSafe(address(of: Array(term.dropLast()))))
            #expect(!ReplyAddress.isSafe(address(of: term + [0])))
            #expect(!ReplyAddress.isSafe(address(of: [130] + term.dropFirst())))
        }
        #expect(!ReplyAddress.isSafe(address(of: [131, 88, 100, 0, 3, 97, 64, 98] + tail)))
        #expect(!ReplyAddress.isSafe(address(of: [131, 88, 118, 255, 255])))
    }

    @Test("a made-up address that RabbitMQ would try to decode is not safe, and one that it would not is")
    func madeUp() {
        #expect(!ReplyAddress.isSafe("amq.rabbitmq.reply-to.AAAA.k"))
        #expect(!ReplyAddress.isSafe("amq.rabbitmq.reply-to.not base64.k"))
        #expect(ReplyAddress.isSafe("amq.rabbitmq.reply-to.AAAA"))
        #expect(ReplyAddress.isSafe("amq.rabbitmq.reply-to..k"))
        #expect(ReplyAddress.isSafe("amq.rabbitmq.reply-to.a.b.c"))
    }

    private func address(of term: [UInt8]) -> String {
        "amq.rabbitmq.reply-to.\(base64(term)).key"
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }
}
