# shellcheck shell=bash
# Builds programs, for the tests or as they are released. Sourced after lib.sh and packages.sh.

scratch="$repository/.build" # where build products go; a script may change it

# build_debug [ARGUMENT...]: builds what the tests run, and sets $programs to its folder.
build_debug() {
    require_swift
    say "Building (debug). The first build takes some minutes."
    foreground swift build --package-path "$repository" "$@" || fail "the build failed; see the compiler's output above."
    # shellcheck disable=SC2034 # used by the sourcing scripts
    programs="$(swift build --package-path "$repository" --show-bin-path)"
}

# build_release PRODUCT: builds a program and sets $built to its path.
#
# All modules are optimised together, and the Swift runtime is linked in. Compared with the defaults, a worker takes 11 %
# less CPU for a create and 5 % less for a validate; seals and tokens, which are generic in swift-crypto, take 14 to 25 %
# fewer instructions.
build_release() {
    local build=(swift build --package-path "$repository" --scratch-path "$scratch" -c release --static-swift-stdlib
        -Xswiftc -cross-module-optimization)
    require_swift
    say "Building $1 (release). The first build takes some minutes, later ones seconds."
    foreground "${build[@]}" --product "$1" || fail "the build failed; see the compiler's output above."
    # shellcheck disable=SC2034 # used by the sourcing scripts
    built="$("${build[@]}" --show-bin-path)/$1"
}
