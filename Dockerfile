# The mesh of `make up` in containers; docker-compose.yml puts them together.
FROM rust:1.95-bookworm AS build
RUN rustup target add wasm32-wasip1
WORKDIR /src
COPY . .
RUN cargo build --locked --package filter --target wasm32-wasip1 --profile wasm
RUN cargo build --locked --release --package control --bin policymesh
RUN cargo build --locked --release --package tests --bin standin --no-default-features
# Envoy's configuration names the module by its hash, which is known only now.
RUN mkdir -p /etc/policymesh && cp target/wasm32-wasip1/wasm/filter.wasm envoy/policy.yaml /etc/policymesh
RUN target/release/policymesh envoy render /etc/policymesh/policy.yaml --mode control --node-id compose --filter /etc/policymesh/filter.wasm --endpoint openai=http://127.0.0.1:8001 --endpoint anthropic=http://127.0.0.1:8002 --endpoint ollama=http://127.0.0.1:8003 --output /etc/policymesh/envoy.yaml

FROM envoyproxy/envoy:v1.40.0 AS envoy
COPY --from=build /etc/policymesh /etc/policymesh
CMD ["envoy", "--config-path", "/etc/policymesh/envoy.yaml"]

FROM debian:bookworm-slim AS policymesh
COPY --from=build /src/target/release/policymesh /usr/local/bin/policymesh
COPY --from=build /etc/policymesh/policy.yaml /etc/policymesh/policy.yaml
RUN install --directory --owner nobody /var/lib/policymesh
USER nobody
ENTRYPOINT ["policymesh"]

FROM debian:bookworm-slim AS standin
COPY --from=build /src/target/release/standin /usr/local/bin/standin
USER nobody
ENTRYPOINT ["standin"]
