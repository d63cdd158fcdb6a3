# shellcheck shell=bash
# Installs missing Debian packages, and nothing else. It never leaves a broker or cache running, or enabled at boot,
# that was not there before. Sourced after lib.sh; and after servers.sh where servers are started, which need packages too.

# The packages that install a service, and their services. epmd is Erlang's port mapper, through which nodes find each
# other.
service_packages=(rabbitmq-server redis-server erlang-base prometheus prometheus-alertmanager)
declare -A services=([rabbitmq-server]=rabbitmq-server.service [redis-server]=redis-server.service
    [erlang-base]="epmd.socket epmd.service" [prometheus]=prometheus.service
    [prometheus-alertmanager]=prometheus-alertmanager.service)

policy=/usr/sbin/policy-rc.d
our_policy="" # our policy-rc.d file, while it is in place

# What a script needs besides, to be added before install_packages: programs, each with its package if that has another
# name (promtool=prometheus).
further_programs=()

install_packages() {
    local package missing=() new=()
    say "Checking for required packages"
    command -v pkg-config >/dev/null || missing+=(pkg-config)
    has_library librabbitmq || missing+=(librabbitmq-dev)
    has_library hiredis || missing+=(libhiredis-dev)
    has_library jemalloc || missing+=(libjemalloc-dev)
    if declare -F rabbitmq_script >/dev/null; then
        rabbitmq_script >/dev/null && command -v epmd >/dev/null || missing+=(rabbitmq-server)
        command -v redis-server >/dev/null || missing+=(redis-server)
    fi
    command -v python3 >/dev/null || missing+=(python3)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    for package in "${further_programs[@]}"; do
        command -v "${package%=*}" >/dev/null || missing+=("${package#*=}")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        note "Nothing is missing."
        return 0
    fi

    note "Missing: ${missing[*]}"
    command -v apt-get >/dev/null ||
        fail "this machine has no apt-get. Install these packages, or your system's equivalents, and try again: ${missing[*]}"
    may_install ||
        fail "installing needs root. Run this and try again: sudo apt-get install --no-install-recommends ${missing[*]}"
    for package in "${service_packages[@]}"; do
        is_installed "$package" || new+=("$package")
    done

    # Interrupting apt-get would leave packages half configured, so signals are deferred until it is done.
    local interrupted="" failed=""
    trap 'interrupted=130; note "Stopping as soon as the packages are installed..."' INT
    trap 'interrupted=143' HUP TERM
    hold_services
    say "Installing with apt-get: ${missing[*]}"
    uninterrupted as_root apt-get -qq -o DPkg::Lock::Timeout=300 update ||
        note "apt-get update failed; using the existing package lists."
    uninterrupted as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "${missing[@]}" || failed=yes
    for package in "${new[@]}"; do
        if is_installed "$package"; then leave_no_service "$package"; fi
    done
    restore_service_policy
    trap 'exit 130' INT
    trap 'exit 129' HUP
    trap 'exit 143' TERM
    if [ -n "$interrupted" ]; then exit "$interrupted"; fi
    if [ -n "$failed" ]; then
        fail "apt-get failed; see its output above. If the network was down or the package lists are old," \
            "install by hand and try again: sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
}

has_library() { pkg-config --exists "$1" 2>/dev/null; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

may_install() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# uninterrupted COMMAND...: runs COMMAND to completion, despite signals.
uninterrupted() {
    local status=0
    (
        trap '' HUP INT TERM
        "$@" </dev/null
    ) &
    local installer=$!
    while alive "$installer"; do wait "$installer" || true; done
    wait "$installer" || status=$?
    return "$status"
}

# hold_services: Debian starts a service when its package is installed, unless policy-rc.d forbids it. Ours is installed
# only if there is none; ln refuses to replace one that appears in the meantime.
hold_services() {
    local ours="$policy.sojourn.$$"
    remove_stale_policy
    if [ -e "$policy" ] || [ -L "$policy" ]; then return 0; fi
    our_policy="$ours"
    printf '#!/bin/sh\n# Created temporarily by sojourn deploy/local, process %s, during an installation.\nexit 101\n' "$$" |
        as_root tee "$ours" >/dev/null
    as_root chmod 755 "$ours"
    as_root ln "$ours" "$policy" 2>/dev/null || true
}

restore_service_policy() {
    if [ -z "$our_policy" ]; then return 0; fi
    # Ours is a hard link. If the files differ, another process replaced it, and its file stays.
    if [ "$policy" -ef "$our_policy" ]; then as_root rm -f "$policy"; fi
    as_root rm -f "$our_policy"
    our_policy=""
}

# remove_stale_policy: removes one of ours whose process was killed before it could.
remove_stale_policy() {
    local left owner
    for left in "$policy".sojourn.*; do
        owner="${left##*.}"
        if [ ! -e "$left" ] || alive "$owner"; then continue; fi
        if [ "$policy" -ef "$left" ]; then as_root rm -f "$policy"; fi
        as_root rm -f "$left"
    done
}

# leave_no_service PACKAGE: stops its services (another policy-rc.d may have let them start) and disables them at boot.
# The package was not installed before, so nothing depends on them.
leave_no_service() {
    local unit name
    for unit in ${services[$1]}; do
        name="${unit%.*}"
        if [ -d /run/systemd/system ]; then
            as_root systemctl --quiet disable --now "$unit" 2>/dev/null || note "Could not disable $unit."
            continue
        fi
        if [ -x "/etc/init.d/$name" ]; then
            if as_root "/etc/init.d/$name" status >/dev/null 2>&1; then
                as_root "/etc/init.d/$name" stop >/dev/null || note "Could not stop $name."
            fi
            as_root update-rc.d "$name" disable >/dev/null 2>&1 || note "Could not disable $name."
        fi
        # In case this machine boots with systemd one day, do what `systemctl disable` would, which may not be
        # installed.
        if [ -d /etc/systemd/system ]; then
            as_root find /etc/systemd/system -type l -lname "*/$unit" -delete
        fi
    done
    note "$1 is installed; its system-wide service is neither running nor enabled."
}

require_swift() {
    command -v swift >/dev/null ||
        fail "no Swift compiler on the PATH. Sojourn needs Swift 6.3: see https://www.swift.org/install/linux/," \
            "then add its usr/bin to the PATH and try again."
}

# install_python_packages SUITE VENV: installs the packages of a suite of tests into .build/VENV, and sets $python. They are
# reused between runs, until a requirements.txt or Python itself changes.
# shellcheck disable=SC2154 # repository comes from lib.sh
install_python_packages() {
    local suite="$1" venv="$repository/.build/$2" requirements wanted
    requirements="$repository/Tests/$suite/requirements.txt"
    python="$venv/bin/python"
    wanted="$(python3 --version) $(cat "$requirements" "$repository/Tests/ConformanceTests/requirements.txt" | sha256sum)"
    if [ "$(cat "$venv/made-from" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    say "Installing the Python packages of $suite into .build/${venv##*/}"
    rm -rf -- "$venv"
    foreground python3 -m venv "$venv" || fail "python3 could not create a virtual environment."
    foreground "$python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" ||
        fail "pip could not install $requirements; see its output above. It needs PyPI, or a mirror (PIP_INDEX_URL)."
    echo "$wanted" >"$venv/made-from"
}
