# Sourced by tests/compose: stack.yaml on a swarm of this one machine.

stack=wangge-test

swarm() {
    say "a swarm"
    docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1 >/dev/null
    touch "$scratch/swarm"
    local since=$SECONDS
    docker_of_engine stack deploy --compose-file deploy/stack.yaml --compose-file deploy/stack.limits.yaml "$stack" >"$scratch/stack.log" 2>&1 ||
        { cat "$scratch/stack.log"; wrong "the stack is refused"; }
    all_tasks_run
    all_tasks_ready
    ok "eight replicas ready after $((SECONDS - since)) s"
    export COMPOSE_PROJECT_NAME=$stack
    deploy/compose tool import /data/fuqiang >"$scratch/import.log" 2>&1 || { tail "$scratch/import.log"; wrong "the data don't load"; }
    table=${table:-$(sleep 10; case_table)}
    same_case_table "in a swarm"
    ok "the same case table in a swarm"
    drill 100 --no-failures
    since=$SECONDS
    docker service update --quiet --force "${stack}_tickets" >/dev/null
    docker service update --quiet --force "${stack}_organization" >/dev/null
    ok "tickets and organization rolled over in $((SECONDS - since)) s"
    drilled "a rolling update in a swarm"
    all_tasks_run
    all_tasks_ready
    same_case_table "after a rolling update"
    ok "the case table is unchanged"
    leave_swarm
}

# The newest client may know no stack files of an older engine.
docker_of_engine() { if [[ -x /usr/bin/docker ]]; then /usr/bin/docker "$@"; else docker "$@"; fi; }

all_tasks_run() {
    local service patience=$((SECONDS + 120))
    for service in "${services[@]}"; do
        until [[ $(docker service ls --filter "name=${stack}_$service" --format '{{.Replicas}}') == 2/2 ]]; do
            ((SECONDS < patience)) || { docker service ps --no-trunc "${stack}_$service"; wrong "$service does not run twice"; }
            sleep 1
        done
    done
}

# A task runs as soon as it lives; this waits until it takes calls.
all_tasks_ready() {
    local service container patience=$((SECONDS + 120))
    for service in "${services[@]}"; do
        for container in $(docker ps --quiet --filter "label=com.docker.swarm.service.name=${stack}_$service"); do
            until ready "$service" "$container"; do
                ((SECONDS < patience)) || wrong "$service does not get ready"
                sleep 0.5
            done
        done
    done
}

leave_swarm() {
    docker_of_engine stack rm "$stack" >/dev/null 2>&1 || true
    # A swarm that is left while its networks are taken down keeps them.
    local patience=$((SECONDS + 60))
    while docker network ls --quiet --filter "name=${stack}_" | grep -q . && ((SECONDS < patience)); do sleep 1; done
    docker volume rm "${stack}_postgres" >/dev/null 2>&1 || true
    docker swarm leave --force >/dev/null 2>&1 || true
    rm -f "$scratch/swarm"
}
