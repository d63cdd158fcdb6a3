import Glibc

/// The C library's description of an error, such as `Permission denied`.
package func systemError(_ error: Int32 = errno) -> String {
    String(cString: strerror(error))
}
