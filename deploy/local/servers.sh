# shellcheck shell=bash
# Starts a private Redis and RabbitMQ on free loopback ports, with all their files in the private folder. Sourced after
# lib.sh.
# shellcheck disable=SC2154,SC2034 # folder, port and pid come from lib.sh; the URLs are for the sourcing scripts

# start_redis: starts Redis and sets $redis_url.
start_redis() {
    free_port
    local redis_port="$port" log="$folder/redis.log"
    mkdir "$folder/redis"
    start redis "$log" redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no \
        --hash-max-listpack-value 1024 --dir "$folder/redis"
    await_server "Redis" "$pid" "$log" 20 answers_redis "$redis_port"
    redis_url="redis://127.0.0.1:$redis_port/0"
    note "Redis is running at $redis_url"
}

# start_rabbitmq: starts RabbitMQ and sets $amqp_url. It also starts Erlang's port mapper, because a node that finds
# none starts one that outlives it.
start_rabbitmq() {
    free_port
    local amqp_port="$port"
    free_port
    local distribution_port="$port"
    free_port
    local epmd_port="$port"
    local home="$folder/rabbitmq" log="$folder/rabbitmq.log"
    mkdir "$home"
    echo '[].' >"$home/enabled_plugins"
    : >"$home/rabbitmq.conf"

    start epmd "$folder/epmd.log" epmd -port "$epmd_port" -address 127.0.0.1

    # A node named by its address needs no name resolution. env -i keeps another node's configuration in the environment
    # from leaking in. The system's wrapper in /usr/sbin would switch to the rabbitmq user and the system's folders, so
    # this calls the script behind it.
    start rabbitmq "$log" env -i PATH="$PATH" LANG=C.UTF-8 HOME="$home" \
        ERL_EPMD_PORT="$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1 \
        ERL_CRASH_DUMP="$home/erl_crash.dump" \
        RABBITMQ_USE_LONGNAME=true RABBITMQ_NODENAME="sojourn-$$@127.0.0.1" \
        RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$amqp_port" \
        RABBITMQ_DIST_PORT="$distribution_port" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
        RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/log" RABBITMQ_PID_FILE="$home/pid" \
        RABBITMQ_CONF_ENV_FILE="$home/none" RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" \
        RABBITMQ_ADVANCED_CONFIG_FILE="$home/none.config" RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" \
        "$(rabbitmq_script)"
    await_server "RabbitMQ" "$pid" "$log" 120 answers_amqp "$amqp_port"
    amqp_url="amqp://guest:guest@127.0.0.1:$amqp_port/"
    note "RabbitMQ is running at $amqp_url"
}

# rabbitmq_script: prints the path of the server's start script, or returns 1.
rabbitmq_script() {
    local found
    if [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then
        echo /usr/lib/rabbitmq/bin/rabbitmq-server
    elif found="$(command -v rabbitmq-server)"; then
        readlink -f "$found"
    else
        return 1
    fi
}

answers_redis() {
    local answer
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'PING\r\n' >&9
    read -r -t 2 answer <&9 || answer=""
    exec 9>&-
    [ "$answer" = $'+PONG\r' ]
}

# The broker opens its listener last. It is up once it answers our protocol header with a method frame.
answers_amqp() {
    local answer
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'AMQP\0\0\11\1' >&9
    IFS= read -r -d '' -n 1 -t 2 answer <&9 || answer=""
    exec 9>&-
    [ "$answer" = $'\1' ]
}
