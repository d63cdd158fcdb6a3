import Testing

@testable import PoolBenchmark

@Suite("The machine")
struct MachineTests {
    @Test("a line of /proc/net/tcp is read")
    func socket() throws {
        let line: Substring =
            "   0: 0100007F:1628 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 000000"
        let entry = try #require(SocketEntry(line: line))
        #expect(entry.localPort == 5672)
        #expect(entry.remotePort == 0)
        #expect(entry.state == .listening)
        #expect(entry.inode == 4711)
    }

    @Test(
        "the heading and damaged lines are no sockets", arguments: ["  sl  local_address rem_address   st", "", "0: x"])
    func noSocket(line: String) {
        #expect(SocketEntry(line: Substring(line)) == nil)
    }

    @Test("the cores of an affinity mask are counted")
    func cores() {
        #expect(MachineDescription.cores(ofMask: "3") == 2)
        #expect(MachineDescription.cores(ofMask: "ffffffff,0000000f") == 36)
    }

    @Test("this process has a CPU time, and a process that cannot exist has none")
    func cpu() throws {
        #expect(CPUTime.of(process: 1 << 30) == nil)
        let status = SmallFile.text("/proc/self/status", maxBytes: 16 << 10)
        let pid = try #require(MachineDescription.value(of: "Pid", in: status).flatMap { Int32($0) })
        #expect(try #require(CPUTime.of(process: pid)) > 0)
    }

    @Test("Redis is only looked for among this machine's processes if it is on this machine")
    func redis() throws {
        let text = "# Server\r\nredis_version:7.0.15\r\nprocess_id:42\r\n"
        let local = try #require(RedisInformation(text: text, port: 1, isLocal: true))
        #expect(local.version == "7.0.15")
        #expect(local.localProcess == 42)
        #expect(RedisInformation(text: text, port: 1, isLocal: false)?.localProcess == nil)
        #expect(RedisInformation(text: "nonsense", port: 1, isLocal: true) == nil)
    }
}
