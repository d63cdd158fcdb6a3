# shellcheck shell=bash
# What deploy/local/run and deploy/local/test share: talking to the person, one private folder, processes that are
# all ended again, free ports, bounded waiting. Sourced, never run.
#
# Whatever is started here is a session of its own (setsid), so Ctrl-C reaches this script alone, and it decides in
# which order things end. However the script ends, stop_all ends every process it started and removes the folder.

# shellcheck disable=SC2034 # used by those who source this
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder=""   # the private folder, once open_folder has made it
started=()  # "pid name" of what runs, oldest first
taken=" "   # the ports given out, so that none is given out twice

say() { printf '\n==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
fail() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

# --- the private folder, and how everything ends -------------------------------------------------------------------

open_folder() {
    folder="$(mktemp -d "${TMPDIR:-/tmp}/sojourn-local.XXXXXX")"
    trap stop_all EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
}

stop_all() {
    local status=$? index
    trap '' HUP INT PIPE TERM
    set +e
    restore_service_policy
    for ((index = ${#started[@]} - 1; index >= 0; index--)); do
        end_process "${started[index]%% *}"
    done
    started=()
    if [ -n "$folder" ]; then rm -rf -- "$folder"; fi
    exit "$status"
}

# Replaced by packages.sh while it has changed something on the system.
restore_service_policy() { :; }

# --- processes -----------------------------------------------------------------------------------------------------

# start NAME LOG COMMAND...: in the background, its output in LOG ("-": ours). Sets $pid.
# A background job of a script inherits an ignored SIGINT; env puts the default back.
start() {
    local name="$1" log="$2"
    shift 2
    if [ "$log" = - ]; then
        setsid env --default-signal=INT,QUIT "$@" </dev/null &
    else
        setsid env --default-signal=INT,QUIT "$@" </dev/null >"$log" 2>&1 &
    fi
    pid=$!
    started+=("$pid $name")
}

# foreground COMMAND...: waits for it and gives its status; unlike a plain call, a signal to this script is heard at once.
foreground() {
    local status=0
    start "$1" - "$@"
    wait "$pid" || status=$?
    forget "$pid"
    return "$status"
}

forget() {
    local entry kept=()
    for entry in "${started[@]}"; do
        if [ "${entry%% *}" != "$1" ]; then kept+=("$entry"); fi
    done
    started=("${kept[@]}")
}

# alive PID: runs, and is not merely waiting to be collected.
alive() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat="${stat##*) }"
    [ "${stat%% *}" != Z ]
}

# family PID: the living processes that belong to what start() started as PID, itself apart: its descendants, and
# what is left of its session once their parents are gone.
family() {
    local root="$1" file stat state parent session grown=yes known=" $1 " id
    local -A parents=() sessions=()
    for file in /proc/[0-9]*/stat; do
        { read -r stat <"$file"; } 2>/dev/null || continue
        id="${stat%% *}"
        read -r state parent _ session _ <<<"${stat##*) }" # proc(5): state, ppid, pgrp, session
        if [ "$state" != Z ]; then
            parents[$id]="$parent"
            sessions[$id]="$session"
        fi
    done
    while [ "$grown" = yes ]; do
        grown=no
        for id in "${!parents[@]}"; do
            if [[ "$known" == *" $id "* ]]; then continue; fi
            if [ "${sessions[$id]}" = "$root" ] || [[ "$known" == *" ${parents[$id]} "* ]]; then
                known+="$id "
                grown=yes
                echo "$id"
            fi
        done
    done
}

# end_process PID: SIGTERM and up to 15 seconds to obey, then SIGKILL; then the same for whatever it left behind.
# SIGTERM more than once: one that arrives between a fork and its exec is lost.
end_process() {
    local pid="$1" child children try
    mapfile -t children < <(family "$pid")
    for ((try = 0; try < 5; try++)); do
        if gone "$pid"; then break; fi
        kill -TERM "$pid" 2>/dev/null || true
        wait_until 3 gone "$pid" || true
    done
    if alive "$pid"; then kill -KILL "$pid" 2>/dev/null || true; fi
    wait "$pid" 2>/dev/null || true
    for child in "${children[@]}"; do
        # Most end with their parent, a moment after it.
        wait_until 2 gone "$child" || kill -KILL "$child" 2>/dev/null || true
    done
    for child in $(family "$pid"); do kill -KILL "$child" 2>/dev/null || true; done
    forget "$pid"
}

gone() { ! alive "$1"; }

# --- ports and waiting ---------------------------------------------------------------------------------------------

# free_port: sets $port to a loopback port nobody listens on. From below the range the kernel hands out to outgoing
# connections, which could otherwise take it before its server does.
free_port() {
    local try
    for ((try = 0; try < 200; try++)); do
        port=$((15000 + RANDOM % 15000))
        if [[ "$taken" != *" $port "* ]] && ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            taken+="$port "
            return 0
        fi
    done
    fail "no free port between 15000 and 30000 on 127.0.0.1"
}

# wait_until SECONDS COMMAND...: until COMMAND succeeds; 1 when it never did.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if ((SECONDS >= deadline)); then return 1; fi
        sleep 0.1
    done
}

# await_server NAME PID LOG SECONDS COMMAND...: until COMMAND says that it serves; else the end of its log, and out.
await_server() {
    local name="$1" server="$2" log="$3" seconds="$4"
    local deadline=$((SECONDS + seconds))
    shift 4
    until "$@" 2>/dev/null; do
        if ! alive "$server" || ((SECONDS >= deadline)); then
            printf '\n--- the end of %s ---\n' "$log" >&2
            tail -n 40 "$log" >&2 || true
            if alive "$server"; then fail "$name did not answer within $seconds seconds; its log is above."; fi
            fail "$name ended before it answered; its log is above."
        fi
        sleep 0.1
    done
}

# answers_http PORT PATH: 200, within two seconds.
answers_http() {
    local answer
    exec 8<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&8
    answer="$(timeout 2 cat <&8)" || true
    exec 8>&-
    [[ "$answer" == "HTTP/1."?" 200"* ]]
}
