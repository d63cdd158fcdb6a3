/// The version of everything in this package: the one place where it stands. The changelog says what is in it.
package enum SojournVersion {
    package static let text = "0.1.0"
}
