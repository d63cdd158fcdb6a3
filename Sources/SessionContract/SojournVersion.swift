/// The version of this package, defined only here. The changelog describes it.
package enum SojournVersion {
    package static let text = "0.1.0"
}
