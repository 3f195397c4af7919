# Sourced by tests/compose: one replica of each service, as compose.yaml has it.

one_replica() {
    export COMPOSE_FILE=deploy/compose.yaml
    say "one replica of each service"
    local since=$SECONDS
    deploy/compose up >"$scratch/up.log" 2>&1 || { tail -40 "$scratch/up.log"; wrong "it does not start"; }
    ok "started and ready after $((SECONDS - since)) s"

    since=$SECONDS
    deploy/compose tool import /data/fuqiang >"$scratch/import.log" 2>&1 || { tail "$scratch/import.log"; wrong "the data don't load"; }
    ok "loaded after $((SECONDS - since)) s: $(tail -n 1 "$scratch/import.log")"
    table=
    local patience=$((SECONDS + 60))
    # The feeds bring it to reporting.
    until table=$(case_table) && ! grep -q ' missed$' <<<"$table" && grep -q ' met$' <<<"$table"; do
        ((SECONDS < patience)) || { echo "$table"; wrong "the case table does not meet what was published"; }
        sleep 1
    done
    # Also those that nobody has published: until nothing more comes.
    local before=
    until [[ $table == "$before" ]]; do
        ((SECONDS < patience)) || wrong "the case table does not come to rest"
        before=$table
        sleep 5
        table=$(case_table)
    done
    ok "case table: $(wc -l <<<"$table") figures, $(grep -c ' met$' <<<"$table") published and met"
    curl --silent --fail "http://127.0.0.1:$WANGGE_WALL_PORT/wall/$area" | grep -q '<html' || wrong "no wall"
    ok "the wall is served"

    hardened
    lives_without_its_database
    killed_and_restarted
    nothing_personal
    deploy/compose down --volumes --timeout 20 >/dev/null 2>&1
}

# As the images and the file promise.
hardened() {
    local service container
    for service in "${services[@]}"; do
        container=$(containers "$service")
        [[ $(docker inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}' "$container") == '10001:10001 true [ALL]' ]] ||
            wrong "$service is not hardened"
        ! docker exec "$container" /bin/sh -c true 2>/dev/null || wrong "$service has a shell"
        ! docker inspect --format '{{.Config.Env}}' "$container" | grep -qF -f <(awk 1 "$WANGGE_SECRETS"/*_password) ||
            wrong "a secret stands in the environment of $service"
    done
    ok "no shell, not root, read-only, no capabilities, no secret in the environment"
}

# A database that is away makes no container unhealthy: a swarm would end it.
lives_without_its_database() {
    local container
    container=$(containers tickets)
    docker pause "$(containers postgres)" >/dev/null
    local patience=$((SECONDS + 60))
    while ready tickets "$container"; do
        ((SECONDS < patience)) || wrong "tickets is ready without its database"
        sleep 0.5
    done
    docker exec "$container" /usr/local/bin/wangge-tickets healthcheck liveness || wrong "tickets does not live without its database"
    [[ $(docker inspect --format '{{.State.Health.Status}}' "$container") == healthy ]] || wrong "tickets is unhealthy without its database"
    docker unpause "$(containers postgres)" >/dev/null
    all_ready
    ok "the database away: alive, healthy and not ready; ready again once it is back"
}

killed_and_restarted() {
    say "a service is killed, PostgreSQL is restarted, reports come in"
    drill 30
    crash "$(containers tickets)"
    sleep 10
    deploy/compose restart --timeout 10 postgres >/dev/null 2>&1
    drilled "tickets killed, PostgreSQL restarted"
    all_ready
    same_case_table "after a service was killed and PostgreSQL restarted"
    ok "the case table is unchanged, all services recovered by themselves"
}

# Logs are JSON, and hold nothing of what was reported, and no secret.
nothing_personal() {
    deploy/compose logs --no-color 2>/dev/null >"$scratch/logs"
    local canary
    for canary in 楼道堆物影响通行 富强新村 张戊一 eyJ; do
        ! grep -qF "$canary" "$scratch/logs" || wrong "the logs hold $canary"
    done
    ! grep -qF -f <(awk 1 "$WANGGE_SECRETS"/*_password "$WANGGE_SECRETS/service_token") "$scratch/logs" || wrong "the logs hold a secret"
    ok "$(wc -l <"$scratch/logs") lines of logs hold nothing personal and no secret"
}
