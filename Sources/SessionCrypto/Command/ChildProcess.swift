import Glibc

/// A program that runs while this value lives, with nothing on its standard input; its standard output and error come
/// through pipes. It leads a process group of its own, so that what it starts ends with it.
///
/// Whoever has one calls `wait` or `kill`: either collects the process.
struct ChildProcess: ~Copyable {
    enum Exit: Equatable {
        case status(Int32)
        case signal(Int32)
    }

    private let id: pid_t
    /// To read from; neither ever blocks.
    let output: Int32
    let error: Int32

    /// Starts `words[0]`, looked for in `PATH`, with this process's environment and none of its files.
    ///
    /// - Throws: `StartFailure` with what the system says.
    init(_ words: [String]) throws(StartFailure) {
        let output = try Pipe()
        let error = try Pipe()
        var id: pid_t = 0
        let result = Self.spawn(words, output: output.writing, error: error.writing, id: &id)
        guard result == 0 else { throw StartFailure(reason: systemError(result)) }
        self.id = id
        self.output = output.takeReading()
        self.error = error.takeReading()
    }

    struct StartFailure: Error {
        let reason: String
    }

    deinit {
        close(output)
        close(error)
    }

    /// How it ended; `nil` while it runs.
    func exitIfEnded() -> Exit? {
        var status: Int32 = 0
        guard waitpid(id, &status, WNOHANG) == id else { return nil }
        // As WIFEXITED, WEXITSTATUS and WTERMSIG have it (wait.h); Swift does not import macros with arguments.
        let signal = status & 0x7f
        return signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal)
    }

    /// Ends it, and all of its group, at once.
    ///
    /// - Precondition: `exitIfEnded` has given nothing yet: then the id is still this process's.
    func kill() {
        _ = Glibc.kill(-id, SIGKILL)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
    }

    /// 0, or the error.
    private static func spawn(_ words: [String], output: Int32, error: Int32, id: inout pid_t) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO)
        // SwiftNIO's sockets, for one, are not opened with O_CLOEXEC, and are none of its business.
        for descriptor in openDescriptors() where descriptor > STDERR_FILENO {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What a worker does with signals (it ignores SIGTERM and SIGPIPE at its place) would be handed down.
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        return posix_spawnp(&id, words[0], &actions, &attributes, &arguments, environ)
    }

    /// Every descriptor of this process (proc(5)); one that is closed meanwhile is no error to close again.
    private static func openDescriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var descriptors: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                    String(cString: $0)
                }
            }
            if let descriptor = Int32(name) { descriptors.append(descriptor) }
        }
        return descriptors
    }
}

/// Both ends of a pipe, closed with the value.
private struct Pipe: ~Copyable {
    let reading: Int32
    let writing: Int32

    init() throws(ChildProcess.StartFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildProcess.StartFailure(reason: systemError()) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading = ends[0]
        writing = ends[1]
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// The end to read from, made not to block, and now the caller's to close; the other is closed.
    consuming func takeReading() -> Int32 {
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        close(writing)
        let reading = reading
        discard self
        return reading
    }
}
