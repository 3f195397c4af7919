# Sourced, never run: makes sure of everything that cargo can't bring.
# Installs only what is missing, and asks nobody anything.

repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$repository/.state/venv

# Cargo may be installed for this user without being on the path.
PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin

has() { command -v "$1" >/dev/null 2>&1; }

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# A PostgreSQL new enough for our queries, where the programs look for it too.
has_postgres() {
    local bin version
    for bin in "${WANGGE_POSTGRES_BIN:-}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        "$(pg_config --bindir 2>/dev/null)" "$(dirname -- "$(command -v initdb)")"; do
        [[ -x $bin/initdb && -x $bin/postgres && -x $bin/pg_ctl ]] || continue
        version=$("$bin/postgres" --version)
        [[ $version =~ \ ([0-9]+) ]] && ((BASH_REMATCH[1] >= 15)) && return
    done
    return 1
}

# The compiler of the contracts, together with Google's own contracts.
has_protoc() {
    has protoc && protoc --descriptor_set_out=/dev/null google/protobuf/descriptor.proto 2>/dev/null
}

# Fills `missing` with the names that the rest of this file uses.
look_for_what_is_missing() {
    missing=()
    has_postgres || missing+=(postgres)
    has_protoc || missing+=(protoc)
    has cc || missing+=(cc)
}

need_packages() {
    has cargo || fail "Rust is not installed: see https://rustup.rs"
    look_for_what_is_missing
    if ((${#missing[@]} == 0)); then return; fi
    install_missing "${missing[@]}"
    look_for_what_is_missing
    if ((${#missing[@]} > 0)); then explain "${missing[@]}"; fi
}

# install_missing NAME...: by way of apt, which is the only one we know our way with.
install_missing() {
    { has apt-get && may_be_root; } || explain "$@"
    local name packages=()
    for name; do
        case $name in
            postgres) keep_cluster_from_being_made && packages+=(postgresql) ;;
            protoc) packages+=(protobuf-compiler libprotobuf-dev) ;;
            cc) packages+=(gcc libc6-dev) ;;
            venv) packages+=(python3 python3-venv) ;;
            browser) packages+=(chromium) ;;
            promtool) keep_prometheus_from_starting && packages+=(prometheus) ;;
        esac
    done
    echo "installing ${packages[*]}" >&2
    apt_get update || true # an old list of packages may still do
    apt_get install --yes --no-install-recommends "${packages[@]}" || explain "$@"
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

may_be_root() { as_root true 2>/dev/null; }

# Debian makes a database of its own along with the first server installed,
# and starts it. We make ours ourselves, so it is told not to; a machine that
# has been set up for PostgreSQL already is left as it is.
keep_cluster_from_being_made() {
    local settings=/etc/postgresql-common/createcluster.conf
    [[ ! -e $settings ]] || return 0
    [[ $(dpkg-query -W -f '${db:Status-Status}' postgresql-common 2>/dev/null) != installed ]] || return 0
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee "$settings" >/dev/null
}

# Debian starts a Prometheus along with the tool that checks its rules. One that
# is there already is left as it is.
keep_prometheus_from_starting() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' prometheus 2>/dev/null) != installed ]] || return 0
    as_root mkdir -p /etc/systemd/system
    as_root ln -sfn /dev/null /etc/systemd/system/prometheus.service
}

# explain NAME...: says what to install by hand, and gives up.
explain() {
    local name debian='' fedora='' macos=''
    for name; do
        case $name in
            postgres) debian+=' postgresql' fedora+=' postgresql-server postgresql' macos+=' postgresql@17' ;;
            protoc) debian+=' protobuf-compiler libprotobuf-dev' fedora+=' protobuf-compiler protobuf-devel' macos+=' protobuf' ;;
            cc) debian+=' gcc libc6-dev' fedora+=' gcc' macos+=' gcc' ;;
            venv) debian+=' python3-venv' fedora+=' python3' macos+=' python' ;;
            browser) debian+=' chromium' fedora+=' chromium' macos+=' chromium' ;;
            promtool) debian+=' prometheus' fedora+=' golang-github-prometheus' macos+=' prometheus' ;;
        esac
    done
    fail "Missing, and can't be installed from here: $* (postgres: 15 or newer). Please run" \
        "  Debian, Ubuntu:  apt-get install$debian" \
        "  Fedora:          dnf install$fedora" \
        "  macOS:           brew install$macos"
}

# A Python environment in the repository, for tools that come as wheels. One
# whose Python has gone since is made anew.
need_venv() {
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_missing venv
    rm -rf -- "$venv"
    python3 -m venv "$venv"
}

# need_wheels NAME==VERSION...: pip is only asked when one is not there.
need_wheels() {
    need_venv
    "$venv/bin/python" - "$@" <<'PYTHON' 2>/dev/null && return
import sys
from importlib.metadata import version
sys.exit(any(version(name) != wanted for name, wanted in (pin.split("==") for pin in sys.argv[1:])))
PYTHON
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-input "$@" >&2
}

# buf checks the contracts.
need_buf() { need_wheels buf-bin==1.75.0; }

# A browser to look at the wall with; any that is Chromium will do.
need_browser() {
    has chromium || has chromium-browser || has google-chrome || install_missing browser
}

# A client that knows nothing of our code.
need_python_clients() {
    need_wheels grpcio==1.85.1 grpcio-tools==1.85.1 grpcio-reflection==1.85.1 googleapis-common-protos==1.76.0
}
