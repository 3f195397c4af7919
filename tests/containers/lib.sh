# Sourced by tests/compose: what its parts have in common.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
repository=$(dirname -- "$here")
source "$repository/deploy/lib/setup.sh"
cd -- "$repository"

# A project and secrets of our own: nothing of an operator's is touched.
export COMPOSE_PROJECT_NAME=wangge-test-$$
scratch=$(mktemp -d)
export WANGGE_SECRETS=$scratch/secrets
export WANGGE_VERSION=test
export WANGGE_BINARIES=${WANGGE_BINARIES:-prebuilt}
# Ports of our own, too.
export WANGGE_ORGANIZATION_PORT=17401 WANGGE_TICKETS_PORT=17402 WANGGE_VOLUNTEERS_PORT=17403
export WANGGE_REPORTING_PORT=17404 WANGGE_WALL_PORT=17405
area=320402003005
passed=0
services=(organization tickets volunteers reporting)

say() { printf '\n--- [%4d s] %s\n' "$SECONDS" "$*"; }

ok() {
    passed=$((passed + 1))
    printf 'ok    %s\n' "$*"
}

wrong() {
    printf 'FAIL  %s\n' "$*" >&2
    exit 1
}

have_engine() {
    local status=0
    "$here/images/engine" || status=$?
    if ((status == 3)); then
        echo "no Docker engine can be had here: the run in containers is left out"
        return 1
    fi
    ((status == 0)) || exit "$status"
    "$here/images/stand-ins"
}

# The binaries of this machine's build, in a folder that is sent along.
need_images() {
    if [[ $WANGGE_BINARIES == prebuilt ]]; then
        cargo build --quiet --locked --workspace --bins
        mkdir -p .state/binaries
        local binary
        for binary in wangge wangge-organization wangge-tickets wangge-volunteers wangge-reporting; do
            install -m 755 -s "${CARGO_TARGET_DIR:-target}/debug/$binary" .state/binaries/
        done
    fi
    say "images"
    deploy/compose images >"$scratch/images.log" 2>&1 || {
        tail -30 "$scratch/images.log"
        wrong "the images don't build"
    }
    ok "images: $(docker image ls --format '{{.Repository}} {{.Size}}' --filter reference='wangge/*:test' | sort | tr '\n' ' ')"
}

clean_up() {
    local status=$?
    ((status == 0)) || { deploy/compose ps; deploy/compose logs --tail 30; } 2>&1 | tail -150
    docker ps --all --quiet --filter "name=$COMPOSE_PROJECT_NAME" | xargs -r docker rm --force >/dev/null
    if [[ -e $scratch/swarm ]]; then leave_swarm; fi
    deploy/compose down --volumes --timeout 5 >/dev/null 2>&1 || true
    docker network ls --quiet --filter "name=$COMPOSE_PROJECT_NAME" | xargs -r docker network rm >/dev/null 2>&1 || true
    docker volume ls --quiet --filter "name=$COMPOSE_PROJECT_NAME" | xargs -r docker volume rm >/dev/null 2>&1 || true
    rm -rf -- "$scratch"
}

# The containers of a service, whoever keeps them.
containers() { docker ps --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --filter "label=com.docker.compose.service=$1"; }

# case_table: every figure with its value, a line each.
case_table() {
    deploy/compose tool --output json report case --area "$area" |
        python3 -c 'import json, sys
for line in json.load(sys.stdin)["lines"]:
    print(line["figure_key"], line["computed_value"], {True: "met", False: "missed", None: "-"}[line["met"]])'
}

# Waits until the case table is the one that was seen first.
same_case_table() {
    local patience=$((SECONDS + 40)) now=
    while ((SECONDS < patience)); do
        now=$(case_table 2>/dev/null) && [[ $now == "$table" ]] && return
        sleep 1
    done
    diff <(echo "$table") <(echo "$now") || true
    wrong "the case table is another: $1"
}

# drill SECONDS OPTION...: reports come in, in the background.
drill() {
    local seconds=$1
    shift
    deploy/compose tool --output json drill --seconds "$seconds" --callers 8 --pause-millis 20 "$@" \
        >"$scratch/drill.json" 2>"$scratch/drill.err" &
    drill=$!
    # Until it has begun.
    sleep 3
}

# drilled WHAT: nothing that was acknowledged is lost; says what was seen.
drilled() {
    wait "$drill" || {
        cat "$scratch/drill.json" "$scratch/drill.err" >&2
        wrong "$1: the drill failed"
    }
    ok "$1: $(python3 -c 'import json, sys
o = json.load(open(sys.argv[1]))
print("%d acknowledged, %d refused, %d lost, longest silence %.1f s, p50 %d ms, p99 %d ms" % (
    o["acknowledged"], o["refused"], len(o["lost"]), o["longest_silence_millis"] / 1000, o["p50_millis"], o["p99_millis"]))' "$scratch/drill.json")"
}

# Waits until every replica takes calls.
all_ready() {
    local service container patience=$((SECONDS + ${1:-60}))
    for service in "${services[@]}"; do
        for container in $(containers "$service"); do
            until ready "$service" "$container"; do
                ((SECONDS < patience)) || wrong "$service does not recover by itself"
                sleep 0.5
            done
        done
    done
}

# ready SERVICE CONTAINER: whether a replica takes calls. The health of its container is
# only that it lives.
ready() { docker exec "$2" "/usr/local/bin/wangge-$1" healthcheck >/dev/null 2>&1; }

# crash CONTAINER: its process is gone at once. (A container that the engine was
# told to kill would stay down, as its operator wished.)
crash() { kill -9 "$(docker inspect --format '{{.State.Pid}}' "$1")"; }

# calls CONTAINER: how many calls a replica has answered.
calls() {
    local address
    address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$1" | cut -d ' ' -f 1)
    curl --silent --fail "http://$address:9464/metrics" |
        awk '/^rpc_server_call_duration_seconds_count.*TicketService/ {sum += $NF} END {print sum + 0}'
}
