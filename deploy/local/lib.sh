# shellcheck shell=bash
# Shared by deploy/local/run and deploy/local/test: user output, the private folder, processes and their cleanup, free
# ports, bounded waiting. Source it; do not run it.
#
# Each process started here gets its own session (setsid), so Ctrl-C reaches only this script, which ends everything in
# order. However the script ends, stop_all ends every process it started and removes the folder.

# shellcheck disable=SC2034 # used by the sourcing scripts
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder=""   # the private folder, once open_folder has created it
started=()  # "pid name" of each running process, oldest first
low_priority=no # yes: what is started gets only the processor time that everything else leaves
taken=" "   # the ports handed out, so that none is handed out twice

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

# Overridden by packages.sh, which may have changed the system temporarily.
restore_service_policy() { :; }

# --- processes -----------------------------------------------------------------------------------------------------

# start NAME LOG COMMAND...: starts COMMAND in the background, with its output in LOG ("-": ours). Sets $pid. A script's
# background jobs inherit an ignored SIGINT; env restores the default.
start() {
    local name="$1" log="$2" launcher=(setsid env '--default-signal=INT,QUIT')
    shift 2
    if [ "$low_priority" = yes ]; then
        # Linux may schedule each session as one group (sched(7), autogroup); then only the group's nice value counts.
        # shellcheck disable=SC2016 # the inner shell expands its parameters
        launcher+=(nice -n 19 sh -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec "$@"' low-priority)
    fi
    if [ "$log" = - ]; then
        "${launcher[@]}" "$@" </dev/null &
    else
        "${launcher[@]}" "$@" </dev/null >"$log" 2>&1 &
    fi
    pid=$!
    started+=("$pid $name")
}

# foreground COMMAND...: runs COMMAND and returns its status. Unlike with a plain call, this script handles signals at
# once.
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

# alive PID: the process runs and is not a zombie.
alive() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat="${stat##*) }"
    [ "${stat%% *}" != Z ]
}

# family PID: the living processes started by PID, without PID itself: its descendants, and those left in its session
# after their parents have exited.
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

# end_process PID: sends SIGTERM, waits up to 15 seconds, then sends SIGKILL; then ends its descendants. SIGTERM is
# repeated, because one that arrives between a fork and its exec is lost.
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
        # Most exit shortly after their parent.
        wait_until 2 gone "$child" || kill -KILL "$child" 2>/dev/null || true
    done
    for child in $(family "$pid"); do kill -KILL "$child" 2>/dev/null || true; done
    forget "$pid"
}

gone() { ! alive "$1"; }

# --- ports and waiting ---------------------------------------------------------------------------------------------

# free_port: sets $port to an unused loopback port. It is below the range from which the kernel picks outgoing ports,
# which could otherwise take it before the server does.
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

# wait_until SECONDS COMMAND...: retries COMMAND until it succeeds; returns 1 if it never does.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if ((SECONDS >= deadline)); then return 1; fi
        sleep 0.1
    done
}

# await_server NAME PID LOG SECONDS COMMAND...: waits until COMMAND says that the server is up; otherwise prints the end
# of its log and exits.
await_server() {
    local name="$1" server="$2" log="$3" seconds="$4"
    local deadline=$((SECONDS + seconds))
    shift 4
    until "$@" 2>/dev/null; do
        if ! alive "$server" || ((SECONDS >= deadline)); then
            printf '\n--- last lines of %s ---\n' "$log" >&2
            tail -n 40 "$log" >&2 || true
            if alive "$server"; then fail "$name did not answer within $seconds seconds; its log is above."; fi
            fail "$name ended before it answered; its log is above."
        fi
        sleep 0.1
    done
}

# answers_http PORT PATH: answers with 200 within two seconds.
answers_http() {
    local answer
    exec 8<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&8
    answer="$(timeout 2 cat <&8)" || true
    exec 8>&-
    [[ "$answer" == "HTTP/1."?" 200"* ]]
}
