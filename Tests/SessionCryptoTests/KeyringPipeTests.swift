import Glibc
import SessionCrypto
import Testing

@Suite struct KeyringPipeTests {
    @Test("a pipe in place of the keyring file is rejected without blocking")
    func pipePlace() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/pipe"
            try #require(mkfifo(path, 0o600) == 0)
            let error = #expect(throws: KeyringError.self) { try FileKeyProvider(path: path).keyring() }
            #expect(error?.code == .unreadable)
        }
    }
}
