# Sourced by whoever follows a runbook: the same words for every deployment.
#
#   source deploy/runbooks/commands.sh compose       with COMPOSE_FILE set if it isn't deploy/compose.yaml
#   source deploy/runbooks/commands.sh kubernetes    with kubectl set up; namespace WANGGE_NAMESPACE, or wangge
#
# In Kubernetes the databases and Prometheus may be anywhere: `db` takes their addresses from
# WANGGE_<SERVICE>_DATABASE_URL, as `wangge migrate` does, and `ask` from WANGGE_PROMETHEUS_URL; `migrate` takes
# the folder that the cluster was made of from WANGGE_OVERLAY.

case ${1:-} in
    compose)
        # The same project, files and client as the rest: see deploy/compose.
        compose() { "$(dirname -- "${BASH_SOURCE[0]}")/../compose" "$@"; }
        replicas() { compose ps --all "$@"; }
        logs() {
            local container
            for container in $(compose ps -q "$1"); do docker logs --since "${2:-1h}" "$container" 2>&1; done
        }
        restart() { compose restart "$1"; }
        ready() {
            local container
            for container in $(compose ps -q "$1"); do
                docker exec "$container" "/usr/local/bin/wangge-$1" healthcheck || return
            done
        }
        halt() { compose stop "$1"; }
        resume() { compose start "$1"; }
        migrate() { compose run --rm migrate; }
        doctor() { compose tool doctor; }
        db() { compose exec -T postgres psql --pset pager=off --username "$1" --dbname "$1" --command "$2"; }
        ask() { compose exec -T prometheus promtool query instant http://localhost:9090 "$1"; }
        ;;
    kubernetes)
        in_cluster() { kubectl --namespace "${WANGGE_NAMESPACE:-wangge}" "$@"; }
        replicas() { in_cluster get pods --output wide "$@"; }
        logs() {
            in_cluster logs --selector "app.kubernetes.io/name=$1" --since "${2:-1h}" --tail=-1 --max-log-requests 20
        }
        ready() {
            local pod
            for pod in $(in_cluster get pods --selector "app.kubernetes.io/name=$1" --output name); do
                in_cluster exec "$pod" -- "/usr/local/bin/wangge-$1" healthcheck || return
            done
        }
        restart() { in_cluster rollout restart "deployment/$1" && in_cluster rollout status "deployment/$1"; }
        halt() { in_cluster scale --replicas 0 "deployment/$1"; }
        resume() { in_cluster scale --replicas "${2:-1}" "deployment/$1"; }
        migrate() {
            # A job can't run again: it makes way for a new one.
            in_cluster delete jobs --selector app.kubernetes.io/component=migration --ignore-not-found
            in_cluster apply --kustomize "${WANGGE_OVERLAY:?is not set}" --selector 'app.kubernetes.io/component!=service'
        }
        doctor() {
            # The namespace admits no pod of another kind, so the replicas are asked themselves.
            local service
            for service in organization tickets volunteers reporting; do
                ready "$service" && echo "$service: every replica is ready"
            done
            in_cluster get jobs
        }
        db() {
            local url="WANGGE_${1^^}_DATABASE_URL"
            psql --pset pager=off "${!url:?$url is not set}" --command "$2"
        }
        ask() { promtool query instant "${WANGGE_PROMETHEUS_URL:?is not set}" "$1"; }
        ;;
    *) echo "usage: source commands.sh compose|kubernetes" >&2 ;;
esac
