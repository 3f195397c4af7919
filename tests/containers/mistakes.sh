# Sourced by tests/compose: what an operator may get wrong, and what is said then.

mistakes() {
    export COMPOSE_FILE=deploy/compose.yaml
    say "mistakes"
    every_mistake_at_once
    wrong_secret
    taken_port
    half_a_migration
    full_disk
    deploy/compose down --volumes --timeout 10 >/dev/null 2>&1
}

# said WHAT TEXT COMMAND...: the command fails and says so.
said() {
    local what=$1 text=$2 told
    shift 2
    if told=$("$@" 2>&1); then wrong "$what: it was not refused"; fi
    grep -qF -- "$text" <<<"$told" || { echo "$told" >&2; wrong "$what: nothing said of '$text'"; }
}

every_mistake_at_once() {
    local told
    told=$(docker run --rm --env WANGGE_LISTEN=nowhere --env WANGGE_MAX_IN_FLIGHT=many --env WANGGE_ENVIRONMENT=staging \
        --env WANGGE_DATABASE_URL=mysql://root:hunter2@db/x --env WANGGE_JWKS_FILE=/nothing wangge/tickets:test 2>&1) &&
        wrong "bad settings were taken"
    local name
    for name in WANGGE_LISTEN WANGGE_MAX_IN_FLIGHT WANGGE_ENVIRONMENT WANGGE_DATABASE_URL WANGGE_JWKS_FILE; do
        grep -q "$name" <<<"$told" || { echo "$told"; wrong "$name is not named"; }
    done
    ! grep -q hunter2 <<<"$told" || wrong "a password was shown"
    ok "five bad settings, all named at once, the password not shown"
}

wrong_secret() {
    deploy/compose up >/dev/null 2>&1
    cp "$WANGGE_SECRETS/tickets_database_password" "$scratch/kept"
    chmod u+w "$WANGGE_SECRETS/tickets_database_password"
    echo wrong >"$WANGGE_SECRETS/tickets_database_password"
    deploy/compose up --force-recreate --no-deps tickets >/dev/null 2>&1 && wrong "a wrong password was taken"
    deploy/compose logs tickets 2>&1 | grep -q 'password authentication failed' || wrong "nothing said of the password"
    cp "$scratch/kept" "$WANGGE_SECRETS/tickets_database_password"
    deploy/compose up --force-recreate --no-deps tickets >/dev/null 2>&1 || wrong "it does not recover"
    ok "a wrong secret: it says so, and is well once it is right"
}

taken_port() {
    deploy/compose stop volunteers >/dev/null 2>&1
    python3 -m http.server --bind 127.0.0.1 "$WANGGE_VOLUNTEERS_PORT" >/dev/null 2>&1 &
    local taker=$!
    sleep 1
    said "a taken port" "$WANGGE_VOLUNTEERS_PORT" deploy/compose up --force-recreate --no-deps volunteers
    kill "$taker"
    wait "$taker" 2>/dev/null || true
    deploy/compose up --force-recreate --no-deps volunteers >/dev/null 2>&1 || wrong "it does not start on a free port"
    ok "a taken port: named, and well once it is free"
}

# A table of the name that a migration makes is there already: it fails, leaves
# nothing behind, and goes through once that is mended.
half_a_migration() {
    deploy/compose down --volumes --timeout 10 >/dev/null 2>&1
    bare_compose up --detach postgres >/dev/null 2>&1
    until_healthy postgres
    in_postgres postgres "create role tickets login" "create database tickets owner tickets"
    in_postgres tickets "create table livelihood_item (mine int)" "alter table livelihood_item owner to tickets"
    deploy/compose up >"$scratch/migration" 2>&1 && wrong "a migration that can't be done was taken for done"
    deploy/compose logs migrate 2>&1 | grep -q 'livelihood_item' || wrong "nothing said of what stands in its way"
    [[ $(ask_postgres tickets "select count(*) from pg_tables where tablename = 'chat_group'") == 0 ]] || wrong "half of a migration is there"
    [[ -z $(containers tickets) ]] || wrong "tickets was started all the same"
    in_postgres tickets "drop table livelihood_item"
    deploy/compose up >"$scratch/migration" 2>&1 || { tail -20 "$scratch/migration"; wrong "it does not go through once it is mended"; }
    ok "a migration that fails half-way: said, nothing half-done, nothing started; goes through once mended"
}

# PostgreSQL on a volume that fills up: writes are refused, nothing acknowledged is
# lost, and all is well once there is room.
full_disk() {
    deploy/compose down --volumes --timeout 10 >/dev/null 2>&1
    local volume=${COMPOSE_PROJECT_NAME}_postgres keeper=${COMPOSE_PROJECT_NAME}_keeper
    export COMPOSE_FILE=deploy/compose.yaml:tests/containers/small.yaml
    bare_compose up --detach postgres >/dev/null 2>&1
    # Such a volume lasts as long as somebody has it, and PostgreSQL may fall.
    docker run --detach --name "$keeper" --volume "$volume:/volume" debian:bookworm-slim sleep 600 >/dev/null
    deploy/compose up >"$scratch/up.log" 2>&1 || { tail -20 "$scratch/up.log"; wrong "it does not start on a small volume"; }
    deploy/compose tool import /data/linhe >"$scratch/import.log" 2>&1 || { tail "$scratch/import.log"; wrong "the data don't load"; }
    drill 45
    sleep 5
    docker exec "$keeper" sh -c 'dd if=/dev/zero of=/volume/filler bs=1M 2>/dev/null; true'
    sleep 8
    docker exec "$keeper" rm /volume/filler
    drilled "the volume full for 8 s"
    all_ready
    deploy/compose down --timeout 10 >/dev/null 2>&1
    docker rm --force "$keeper" >/dev/null
    export COMPOSE_FILE=deploy/compose.yaml
    ok "a full volume: all are well again once there is room"
}

# Compose itself: `deploy/compose up` waits until all services are ready.
bare_compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }

until_healthy() {
    local patience=$((SECONDS + 60))
    until [[ $(docker inspect --format '{{.State.Health.Status}}' "$(containers "$1")" 2>/dev/null) == healthy ]]; do
        ((SECONDS < patience)) || wrong "$1 does not get healthy"
        sleep 0.5
    done
}

in_postgres() {
    local database=$1 statement
    shift
    for statement; do
        docker exec --user postgres "$(containers postgres)" psql --quiet --username postgres --dbname "$database" --command "$statement" >/dev/null
    done
}

ask_postgres() { docker exec --user postgres "$(containers postgres)" psql --quiet --tuples-only --no-align --username postgres --dbname "$1" --command "$2"; }
