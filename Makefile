# Everything that can be done with a clone of Policy Mesh. Needs Rust by rustup, Python 3 with pip, and a C compiler to link;
# its tests need PostgreSQL, too, and install it where apt can.
.DEFAULT_GOAL := help
.PHONY: help up test test-clients test-envoys bench bench-control fuzz check filter setup

export RUSTDOCFLAGS = --deny warnings

# The Envoys that `make test-envoys` tries.
ENVOYS = 1.37.0 1.38.2 1.39.3 1.40.0

# What `make fuzz` tries, and for how long each.
FUZZ_TARGETS = answer coding detect document exchange parse relay request restore stream
SECONDS = 20

help: ## Lists what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: filter ## Starts a mesh on this machine and says what to try; Ctrl-C stops it
	cargo build --package control --bin policymesh --locked
	@cargo run --quiet --package tests --bin up --no-default-features --locked

test: check filter ## Installs what the tests need, and runs all of them; those of the control service on PostgreSQL, too
	cargo test --workspace --locked
	DATABASE=postgres cargo test --workspace --test control --locked

test-clients: filter ## Runs five official clients in front of all three providers; needs Node.js 20 with npm, too
	cargo clippy --package tests --test pairs --features pairs --locked -- --deny warnings
	cargo test --package tests --test pairs --features pairs --locked -- --nocapture

test-envoys: filter ## Runs the tests that need an Envoy with every version that is supported
	@for version in $(ENVOYS); do \
		echo "Envoy $$version"; \
		export ENVOY_VERSION=$$version; \
		cargo test --package tests --no-default-features --test mesh --locked || exit 1; \
		cargo test --package tests --no-default-features --test corpus --locked -- real_envoy || exit 1; \
	done

bench: filter ## Measures what the filter costs next to the same Envoy without it, for about ten minutes; BENCH="--json FILE" keeps the figures
	cargo build --package control --bin policymesh --locked
	@cargo run --release --quiet --package tests --bin bench --no-default-features --locked -- $(BENCH)

bench-control: ## Measures the control service: records in, policies out, replay and proof, for about ten minutes
	cargo build --release --package control --bin policymesh --locked
	@POLICYMESH="$${CARGO_TARGET_DIR:-target}/release/policymesh" \
		cargo run --quiet --package tests --bin bench_control --no-default-features --locked
	@cargo test --release --quiet --package policy --lib --locked -- --nocapture five_hundred_rules | grep proved

fuzz: ## Looks for inputs that break a promise, SECONDS=20 for each target; needs a C++ compiler, too
	@cd fuzz && mkdir -p artifacts && for target in $(FUZZ_TARGETS); do \
		echo "fuzzing $$target for $(SECONDS) s"; \
		cargo run --quiet --release --locked --target "$$(rustc --print host-tuple)" --bin $$target -- \
			-max_total_time=$(SECONDS) -timeout=20 -artifact_prefix=artifacts/ -verbosity=0 "$$(mktemp -d)" corpus/$$target || exit 1; \
	done

check: setup ## Format, lints and documentation alone
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	cargo doc --workspace --no-deps --locked --quiet

filter: setup ## Builds the filter's module
	cargo build --package filter --target wasm32-wasip1 --profile wasm --locked

setup:
	@rustup target list --installed | grep --quiet wasm32-wasip1 || rustup target add wasm32-wasip1
