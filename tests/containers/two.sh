# Sourced by tests/compose: two replicas of each service, as stack.yaml has them
# under compose; who calls spreads its calls.

two_replicas() {
    export COMPOSE_FILE=deploy/stack.yaml
    say "two replicas of each service"
    local since=$SECONDS
    deploy/compose up >"$scratch/up.log" 2>&1 || { tail -40 "$scratch/up.log"; wrong "they do not start"; }
    ok "eight replicas ready after $((SECONDS - since)) s"
    deploy/compose tool import /data/fuqiang >"$scratch/import.log" 2>&1 || { tail "$scratch/import.log"; wrong "the data don't load"; }
    table=${table:-$(sleep 5; case_table)}
    same_case_table "with two replicas"
    ok "the same case table with two replicas"
    spread
    replica_killed
    replica_paused
    removed_and_added
    rolling_restart
    same_case_table "after the faults of two replicas"
    ok "the case table is unchanged"
    deploy/compose down --volumes --timeout 20 >/dev/null 2>&1
}

spread() {
    local both before_one before_two first second
    mapfile -t both < <(containers tickets)
    before_one=$(calls "${both[0]}") before_two=$(calls "${both[1]}")
    drill 15
    drilled "two replicas"
    first=$(($(calls "${both[0]}") - before_one)) second=$(($(calls "${both[1]}") - before_two))
    python3 -c "import sys
a, b = $first, $second
skew = abs(a - b) / (a + b)
print('%d and %d calls, each %.1f %% from their mean' % (a, b, 100 * skew))
sys.exit(not skew <= 0.2)" >"$scratch/skew" || { cat "$scratch/skew"; wrong "the spread is uneven"; }
    ok "spread: $(cat "$scratch/skew")"
}

replica_killed() {
    drill 20 --no-failures
    crash "$(containers tickets | head -n 1)"
    drilled "one of two replicas of tickets killed"
    within 5
    all_ready
}

# A replica that hangs: it takes connections and answers nothing.
replica_paused() {
    local hung
    hung=$(containers tickets | head -n 1)
    drill 25
    docker pause "$hung" >/dev/null
    sleep 12
    docker unpause "$hung" >/dev/null
    drilled "one of two replicas of tickets hung for 12 s"
    within 5
}

# within SECONDS: the drill was never without an answer for longer.
within() {
    python3 -c 'import json, sys
sys.exit(json.load(open(sys.argv[1]))["longest_silence_millis"] > 1000 * float(sys.argv[2]))' "$scratch/drill.json" "$1" ||
        wrong "calls were without an answer for more than $1 s"
}

removed_and_added() {
    deploy/compose up --scale tickets=1 >/dev/null 2>&1
    drill 50 --no-failures
    deploy/compose up --scale tickets=2 --no-recreate >/dev/null 2>&1
    local fresh since=$SECONDS
    fresh=$(containers tickets | head -n 1)
    until (($(calls "$fresh" 2>/dev/null || echo 0) > 50)); do
        ((SECONDS - since < 30)) || wrong "a new replica is not used within 30 s"
        sleep 0.5
    done
    ok "a replica added: used after $((SECONDS - since)) s"
    sleep 5
    deploy/compose up --scale tickets=1 --no-recreate >/dev/null 2>&1
    drilled "a replica added and removed"
    deploy/compose up >/dev/null 2>&1
}

# One replica after the other, each told to stop and started again.
rolling_restart() {
    say "a rolling restart, reports come in"
    drill 75 --no-failures
    local service container
    for service in tickets organization volunteers reporting; do
        for container in $(containers "$service"); do
            docker restart --time 15 "$container" >/dev/null
            all_ready
        done
    done
    drilled "rolling restart of all eight"
}
