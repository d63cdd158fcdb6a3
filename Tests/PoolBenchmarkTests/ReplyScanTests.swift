import Testing

@testable import PoolBenchmark

@Suite("Reply scan")
struct ReplyScanTests {
    private func verdict(_ command: MeasuredCommand, _ text: String) -> ReplyScan.Verdict {
        ReplyScan.verdict(on: command, Array(text.utf8))
    }

    @Test("a validate succeeds only if the token is valid")
    func validate() {
        #expect(verdict(.validate, #"{"status":"succeeded","data":{"valid":true}}"#) == .succeeded)
        #expect(
            verdict(.validate, #"{"status":"succeeded","data":{"valid":false,"reason":"revoked"}}"#)
                == .failed(code: ReplyScan.notValid))
    }

    @Test("an error has its code")
    func error() {
        #expect(
            verdict(.create, #"{"status":"rejected","error":{"code":"limit_reached","message":"5 of 5"}}"#)
                == .failed(code: "limit_reached"))
    }

    @Test(
        "a reply that makes no sense is unreadable",
        arguments: ["", "{", "[]", "null", #"{"status":"failed"}"#, #"{"error":{"code":7}}"#, "\u{0}"])
    func unreadable(text: String) {
        #expect(verdict(.refresh, text) == .failed(code: ReplyScan.unreadable))
    }

    @Test("a token is found by its prefix")
    func token() {
        let body = Array(#"{"data":{"tokens":{"session":"sjs_abc","refresh":"sjr_def"}}}"#.utf8)
        #expect(ReplyScan.string(beginning: "sjr_", in: body) == Array("sjr_def".utf8))
        #expect(ReplyScan.string(beginning: "sjt_", in: body) == nil)
        #expect(ReplyScan.string(beginning: "sjs_", in: Array(#""sjs_"#.utf8)) == nil)
    }
}
