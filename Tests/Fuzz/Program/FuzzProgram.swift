import Foundation

// What libFuzzer calls. It brings `main`. Settings come from the environment, because the arguments are libFuzzer's.

/// The target that `SOJOURN_FUZZ_TARGET` names.
private let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["SOJOURN_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget.named(name) else {
        print("SOJOURN_FUZZ_TARGET names no target. There are:")
        for target in FuzzTarget.all { print(target.name, target.maximumBytes) }
        exit(64)
    }
    return target
}()

/// With `SOJOURN_FUZZ_INPUTS`, writes what to begin with into that folder, each input into a file, and exits.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer) -> CInt {
    let target = target
    guard let folder = ProcessInfo.processInfo.environment["SOJOURN_FUZZ_INPUTS"] else { return 0 }
    do {
        // A new target has no corpus yet.
        for (number, input) in (target.seeds + ((try? target.corpus()) ?? [])).enumerated() {
            try Data(input).write(to: URL(filePath: folder).appending(path: String(number)))
        }
        exit(0)
    } catch {
        print("the inputs cannot be written: \(error)")
        exit(74)
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
