# Everything that can be done with a clone of Policy Mesh. Needs Rust by rustup, Python 3 with pip, and a C compiler to link.
.DEFAULT_GOAL := help
.PHONY: help test check setup

export RUSTDOCFLAGS = --deny warnings

help: ## Lists what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: check ## Installs what the tests need, and runs all of them
	cargo test --workspace --locked

check: setup ## Format, lints and documentation alone
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	cargo doc --workspace --no-deps --locked --quiet

setup:
	@rustup target list --installed | grep --quiet wasm32-wasip1 || rustup target add wasm32-wasip1
