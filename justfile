# `just` lists what there is.
default:
    @just --list

# Everything a fresh machine needs beyond Rust, a C compiler, make and perl (PostgreSQL is optional).
setup:
    rustup component add rustfmt clippy

# The demo, in a debug build.
dev *ARGS:
    cargo run -- demo {{ARGS}}

# All tests; PostgreSQL tests run where PostgreSQL is installed, and say so where it is not.
test *ARGS:
    cargo test --workspace {{ARGS}}

# The store's tests, which start a throw-away PostgreSQL.
test-postgres:
    cargo test -p vouchsafe-store -p vouchsafe-audit

# The requirements over HTTP.
conformance:
    cargo test -p vouchsafe-conformance

# What an exchange costs beside a handler that does nothing: one table of ratios.
bench:
    cargo bench -p vouchsafe-testkit --bench exchange

# Durability drills on the released program: `just drill kill --times 200`, or all of them in full: `just drill all` (an hour).
drill *ARGS:
    cargo bench -p vouchsafe --bench drills -- {{ARGS}}

# Every page in headless Chromium: pictures to docs/screenshots, axe, keyboard; needs node 20 and Chromium.
pages:
    cargo build -p vouchsafe -p vouchsafe-fake-upstream
    cd examples/pages && npm ci && npm run pages

lint:
    cargo clippy --workspace --all-targets -- -D warnings

fmt:
    cargo fmt --all

docs:
    cargo doc --workspace --no-deps

# Licences, bans and advisories; needs `cargo install cargo-deny`.
deny:
    cargo deny check

# Two empty migrations of the same stamp and name.
migration NAME:
    #!/usr/bin/env sh
    stamp=$(date -u +%Y%m%d%H%M%S)
    for engine in sqlite postgres; do
        mkdir -p "migrations/$engine/${stamp}_{{NAME}}"
        touch "migrations/$engine/${stamp}_{{NAME}}/up.sql" "migrations/$engine/${stamp}_{{NAME}}/down.sql"
    done

# Exactly what CI runs.
ci:
    bash .ci/run

# docs/openapi.json, from the code.
openapi:
    cargo test -p vouchsafe-server --lib write_the_checked_in_document -- --ignored
