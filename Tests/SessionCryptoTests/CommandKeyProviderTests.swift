import Foundation
import Glibc
import SessionCrypto
import Testing

@Suite struct CommandKeyProviderTests {
    private func shell(_ script: String, limit: Duration = .seconds(10)) -> CommandKeyProvider {
        CommandKeyProvider(words: ["sh", "-c", script], limit: limit)
    }

    private func failure(of script: String, limit: Duration = .seconds(10)) throws -> String {
        let error = try #require(throws: KeyringError.self) { try shell(script, limit: limit).keyring() }
        return error.description
    }

    @Test func `what a command prints is the keyring`() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            let ring = Keyring.generate(at: start)
            try ring.save(to: path)
            #expect(try CommandKeyProvider(words: ["cat", path]).keyring() == ring)
        }
    }

    @Test func `a command that is not there is named`() throws {
        let error = try #require(throws: KeyringError.self) {
            try CommandKeyProvider(words: ["/nowhere/vault", "s3cret"]).keyring()
        }
        #expect(error.code == .command)
        #expect(error.description == "/nowhere/vault cannot be run: No such file or directory")
    }

    @Test func `a command that fails is told of with its status and the last line of its complaint`() throws {
        #expect(
            try failure(of: "echo first >&2; echo 'vault is sealed' >&2; exit 3")
                == #"sh exited with 3, and said: "vault is sealed""#)
        #expect(try failure(of: "exit 1") == "sh exited with 1")
        #expect(try failure(of: "kill -9 $$") == "sh was ended by signal 9")
    }

    @Test func `a complaint shows no key, no control character, and not more than a line`() throws {
        let secret = secretText(0xFB)
        let leaking = try failure(of: "echo 'cannot use \(secret) here' >&2; exit 1")
        #expect(leaking == #"sh exited with 1, and said: "cannot use [redacted] here""#)
        #expect(try failure(of: #"printf 'a\033[2Jb' >&2; exit 1"#) == #"sh exited with 1, and said: "a\u{1B}[2Jb""#)
        let long = try failure(of: "head -c 100000 /dev/zero | tr '\\0' '. ' >&2; exit 1")
        #expect(long.count < 300)
    }

    @Test func `what it prints is checked like a file, without a word of it being told`() throws {
        let secret = secretText(0xFB)
        let error = try failure(of: "echo 'not JSON \(secret)'")
        #expect(error.hasPrefix("sh: this is not JSON"))
        #expect(!error.contains(secret.prefix(8)))
        #expect(try failure(of: "true").hasPrefix("sh: this is not JSON"))
    }

    @Test func `a command that takes too long is ended, with all that it started`() throws {
        try withTemporaryFolder { folder in
            let begin = ContinuousClock.now
            let path = folder + "/pid"
            let error = try failure(
                of: "echo waiting for the vault >&2; sleep 600 & echo $! > \(path); wait", limit: .milliseconds(500))
            #expect(error.hasPrefix("sh did not end within 0"))
            #expect(error.contains("waiting for the vault"))
            #expect(ContinuousClock.now - begin < .seconds(8))
            let child = try #require(
                pid_t(try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
            )
            // Its parent is gone, so whoever is first there collects it: until then it may be a zombie.
            #expect(eventually { kill(child, 0) != 0 || isZombie(child) })
        }
    }

    @Test func `a command that closes its output and goes on is ended as well`() throws {
        let begin = ContinuousClock.now
        let error = try failure(of: "exec >&- 2>&-; sleep 600", limit: .milliseconds(500))
        #expect(error.hasPrefix("sh did not end within"))
        #expect(ContinuousClock.now - begin < .seconds(8))
    }

    @Test func `output without an end is no keyring, and ends the command`() throws {
        #expect(try failure(of: "cat /dev/zero") == "sh wrote more than 65536 bytes: that is no keyring")
    }

    @Test func `a complaint without an end does not fill the memory, and one beside a good ring is no failure`() throws
    {
        let script = "head -c 5000000 /dev/zero >&2; echo '\(keyringText())'"
        #expect(try shell(script).keyring() == keyring())
    }

    @Test func `a command has nothing on its standard input, none of our files, and signals as they are by default`()
        throws
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
        #expect(try shell(script).keyring() == keyring())
    }

    @Test func `every child is collected, and no descriptor stays`() throws {
        func count() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let before = try count()
        for _ in 0..<25 {
            _ = try shell("echo '\(keyringText())'").keyring()
            _ = try failure(of: "exit 1")
            _ = try failure(of: "sleep 9", limit: .milliseconds(1))
            #expect(throws: KeyringError.self) { try CommandKeyProvider(words: ["/nowhere"]).keyring() }
        }
        // Other tests run beside this one and open some of their own; 100 runs that leak would leave 200.
        #expect(try count() < before + 50)
        #expect(try zombies() < 20)
    }

    /// How many of this process's children nobody has collected.
    private func zombies() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
            .filter { parent(of: $0) == getpid() && isZombie($0) }.count
    }

    private func isZombie(_ id: pid_t) -> Bool { state(of: id)?.first == "Z" }

    private func parent(of id: pid_t) -> pid_t? { state(of: id)?.dropFirst().first.flatMap { pid_t($0) } }

    /// State, parent, and so on, as proc(5) has them behind the name.
    private func state(of id: pid_t) -> [Substring]? {
        guard let line = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = line.lastIndex(of: ")")
        else { return nil }
        return line[line.index(after: end)...].split(separator: " ")
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<500 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }
}

@Suite struct CommandLineWordsTests {
    @Test(arguments: [
        ("vault", ["vault"]),
        ("  vault   kv\tget\n-field=ring ", ["vault", "kv", "get", "-field=ring"]),
        (#"a "b c" 'd "e"' f'g h'i"#, ["a", "b c", #"d "e""#, "fg hi"]),
        (#"a '' """#, ["a", "", ""]),
        (#"a \n $HOME `b` | c > d;"#, ["a", #"\n"#, "$HOME", "`b`", "|", "c", ">", "d;"]),
        (#"["a b", "", "c\"d"]"#, ["a b", "", "c\"d"]),
    ])
    func `a command line is taken apart without a shell`(text: String, words: [String]) {
        #expect(CommandLineWords.split(text) == words)
    }

    @Test(arguments: [
        "", "   ", "''", "a 'b", #"a "b"#, "[]", #"[""]"#, #"["a", 1]"#, #"["a""#, "a\0b", #"["a\u0000"]"#,
        String(repeating: "a ", count: 65),
    ])
    func `what is no command line is refused`(text: String) {
        #expect(CommandLineWords.split(text) == nil)
    }
}
