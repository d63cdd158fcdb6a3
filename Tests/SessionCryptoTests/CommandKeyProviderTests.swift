import Foundation
import Glibc
import SessionCrypto
import Testing

@Suite struct CommandKeyProviderTests {
    private func shell(_ script: String, limit: Duration = .seconds(10)) -> CommandKeyProvider {
        CommandKeyProvider(words: ["sh", "-c", script], limit: limit)
    }

    private func failure(of script: String, limit: Duration = .seconds(10)) async throws -> String {
        let error = try await #require(throws: KeyringError.self) {
            try await shell(script, limit: limit).keyring()
        }
        return error.description
    }

    @Test("the output of a command is the keyring")
    func outputCommand() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            let ring = Keyring.generate(at: start)
            try ring.save(to: path)
            #expect(try await CommandKeyProvider(words: ["cat", path]).keyring() == ring)
        }
    }

    @Test("a missing command is named")
    func missingCommand() async throws {
        let error = try await #require(throws: KeyringError.self) {
            try await CommandKeyProvider(words: ["/nowhere/vault", "s3cret"]).keyring()
        }
        #expect(error.code == .command)
        #expect(error.description == "/nowhere/vault cannot be run: No such file or directory")
    }

    @Test("a failing command is reported with its status and the last line of its standard error")
    func failingCommand() async throws {
        #expect(
            try await failure(of: "echo first >&2; echo 'vault is sealed' >&2; exit 3")
                == #"sh exited with 3: "vault is sealed""#)
        #expect(try await failure(of: "exit 1") == "sh exited with 1")
        #expect(try await failure(of: "kill -9 $$") == "sh was killed by signal 9")
    }

    @Test("the quoted error output contains no key, no control character, and only one line")
    func quotedError() async throws {
        let secret = secretText(0xFB)
        let leaking = try await failure(of: "echo 'cannot use \(secret) here' >&2; exit 1")
        #expect(leaking == #"sh exited with 1: "cannot use [redacted] here""#)
        #expect(
            try await failure(of: #"printf 'a\033[2Jb' >&2; exit 1"#) == #"sh exited with 1: "a\u{1B}[2Jb""#)
        let long = try await failure(of: "head -c 100000 /dev/zero | tr '\\0' '. ' >&2; exit 1")
        #expect(long.count < 300)
    }

    @Test("the output is checked like a file, and never quoted")
    func outputChecked() async throws {
        let secret = secretText(0xFB)
        let error = try await failure(of: "echo 'not JSON \(secret)'")
        #expect(error.hasPrefix("sh: this is not JSON"))
        #expect(!error.contains(secret.prefix(8)))
        #expect(try await failure(of: "true").hasPrefix("sh: this is not JSON"))
    }

    @Test("a command that takes too long is killed with everything it started", .timeLimit(.minutes(2)))
    func commandTakes()
        async throws
    {
        try await withTemporaryFolder { folder in
            let path = folder + "/pipe"
            try #require(mkfifo(path, 0o600) == 0)
            let reading = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reading) }
            // The child process inherits the pipe and holds it as long as it lives.
            let error = try await failure(
                of: "echo waiting for the vault >&2; sh -c 'echo up >&3; exec sleep 600' 3>\(path) & wait",
                limit: .seconds(1))
            #expect(error.hasPrefix("sh did not end within 1"))
            #expect(error.contains("waiting for the vault"))
            var wait = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            var said: [UInt8] = []
            var count = 1
            while count > 0, poll(&wait, 1, 8000) > 0 {
                var part = [UInt8](repeating: 0, count: 16)
                count = read(reading, &part, part.count)
                said += part.prefix(max(count, 0))
            }
            #expect(said == Array("up\n".utf8))
            #expect(count == 0, "what it started has not ended")
        }
    }

    @Test("a command that closes its output and keeps running is killed too", .timeLimit(.minutes(2)))
    func commandCloses()
        async throws
    {
        let error = try await failure(of: "exec >&- 2>&-; sleep 600", limit: .milliseconds(500))
        #expect(error.hasPrefix("sh did not end within"))
    }

    @Test("endless output is rejected, and the command is killed")
    func endlessOutput() async throws {
        #expect(try await failure(of: "cat /dev/zero") == "sh wrote more than 65536 bytes, too much for a keyring")
    }

    @Test("endless error output does not fill the memory, and error output with a good ring is not a failure")
    func endlessError()
        async throws
    {
        let script = "head -c 5000000 /dev/zero >&2; echo '\(keyringText())'"
        #expect(try await shell(script).keyring() == keyring())
    }

    @Test("a command has empty standard input, none of our files, and default signal handlers")
    func commandEmpty()
        async throws
    {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, SIG_DFL) }
        let script = """
            [ -z "$(cat)" ] || exit 4
            # What listed the folder is closed by now.
            for fd in /proc/$$/fd/*; do case "${fd##*/}" in [012]) ;; *) [ ! -e "$fd" ] || exit 5 ;; esac; done
            # The C library has its own two, 32 and 33, ignored.
            grep -qE '^SigIgn:.0{7}[01][08]0{7}$' /proc/$$/status || exit 6
            echo '\(keyringText())'
            """
        #expect(try await shell(script).keyring() == keyring())
    }

    // In a process of its own: other tests open descriptors and start children beside this one.
    @Test("every child is reaped, and no descriptor leaks")
    func everyChild() async {
        await #expect(processExitsWith: .success) { try await CommandKeyProviderTests().expectNothingLeft() }
    }

    private func expectNothingLeft() async throws {
        func count() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        // The first run opens what every other uses.
        _ = try await shell("echo '\(keyringText())'").keyring()
        let before = try count()
        for _ in 0..<25 {
            _ = try await shell("echo '\(keyringText())'").keyring()
            _ = try await failure(of: "exit 1")
            _ = try await failure(of: "sleep 9", limit: .milliseconds(1))
            await #expect(throws: KeyringError.self) { try await CommandKeyProvider(words: ["/nowhere"]).keyring() }
        }
        // 100 leaking runs would leave 200.
        #expect(try count() < before + 10)
        #expect(try zombies() == 0)
    }

    /// The number of this process's zombie children.
    private func zombies() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
            .filter { parent(of: $0) == getpid() && isZombie($0) }.count
    }

    private func isZombie(_ id: pid_t) -> Bool { state(of: id)?.first == "Z" }

    private func parent(of id: pid_t) -> pid_t? { state(of: id)?.dropFirst().first.flatMap { pid_t($0) } }

    /// State, parent and so on, which follow the name according to proc(5).
    private func state(of id: pid_t) -> [Substring]? {
        guard let line = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = line.lastIndex(of: ")")
        else { return nil }
        return line[line.index(after: end)...].split(separator: " ")
    }
}

extension CommandKeyProvider {
    fileprivate func keyring() async throws(KeyringError) -> Keyring {
        try keyring(from: try await content())
    }
}

@Suite struct CommandLineWordsTests {
    @Test(
        "a command line is split without a shell",
        arguments: [
            ("vault", ["vault"]),
            ("  vault   kv\tget\n-field=ring ", ["vault", "kv", "get", "-field=ring"]),
            (#"a "b c" 'd "e"' f'g h'i"#, ["a", "b c", #"d "e""#, "fg hi"]),
            (#"a '' """#, ["a", "", ""]),
            (#"a \n $HOME `b` | c > d;"#, ["a", #"\n"#, "$HOME", "`b`", "|", "c", ">", "d;"]),
            (#"["a b", "", "c\"d"]"#, ["a b", "", "c\"d"]),
        ])
    func commandLine(text: String, words: [String]) {
        #expect(CommandLineWords.split(text) == words)
    }

    @Test(
        "an invalid command line is rejected",
        arguments: [
            "", "   ", "''", "a 'b", #"a "b"#, "[]", #"[""]"#, #"["a", 1]"#, #"["a""#, "a\0b", #"["a\u0000"]"#,
            String(repeating: "a ", count: 65),
        ])
    func invalidCommand(text: String) {
        #expect(CommandLineWords.split(text) == nil)
    }
}
