# Daily commands, for https://just.systems. Each only calls what is in the repository:
# without just, run the commands below by hand.

# Show the recipes.
default:
    @just --list

# Build and run the platform with sample data until Ctrl-C; `just up --check` tries it and stops.
up *options:
    ./deploy/up {{ options }}

# Run every test; options are passed on to `cargo test`.
test *options:
    ./tests/run {{ options }}

# Run some tests of one target: `just test-one e2e guards::`, `just test-one it wishes::`.
test-one target filter="":
    ./tests/run --test {{ target }} -- {{ filter }}

# Type-check everything, tests included. Needs no database: queries are checked against .sqlx.
check:
    cargo check --locked --workspace --all-targets

# Check layers, queries, migrations and contracts, then licences and versions of dependencies.
lint:
    cargo xtask check
    cargo xtask dependencies

# Lint the contracts and check their format; installs buf in .state/venv if it is missing.
lint-contracts:
    #!/usr/bin/env bash
    set -euo pipefail
    source deploy/lib/setup.sh
    need_buf
    image=$(mktemp --suffix .binpb)
    trap 'rm -f -- "$image"' EXIT
    cargo xtask descriptors "$image"
    "$venv/bin/buf" lint "$image" --config proto/buf.yaml --path wangge
    "$venv/bin/buf" format proto --diff --exit-code

# Regenerate .sqlx after a change of SQL or of a migration, on a PostgreSQL of its own.
sqlx:
    cargo xtask sqlx

# Format the code.
fmt:
    cargo fmt --all

# Lint the code as CI does.
clippy:
    cargo clippy --locked --workspace --all-targets -- -D warnings

# Build the documentation of our own crates.
doc:
    cargo doc --locked --workspace --no-deps

# Run everything that must pass before a change lands.
ci:
    ./.ci/run
