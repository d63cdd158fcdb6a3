/// A Lua script that connections load into the server's cache when they open, and that pipelines evaluate by hash.
///
/// The hash is taken from the reply to `SCRIPT LOAD`, not computed here. Scripts are identified by ``name``.
package struct RedisScript: Sendable, Equatable {
    /// Identifies the script on its connection; unique among the scripts given to one.
    package let name: String
    /// The Lua source, as sent to the server.
    package let source: [UInt8]

    package init(name: String, source: [UInt8]) {
        self.name = name
        self.source = source
    }

    package init(name: String, source: String) {
        self.init(name: name, source: Array(source.utf8))
    }
}
