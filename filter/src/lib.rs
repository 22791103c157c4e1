//! The proxy-wasm filter: Envoy's callbacks to and from `policy` and `provider`.
//!
//! It decides nothing. One module, two roles, chosen by the plugin's configuration: the *router* reads each request and
//! has it decided; the *adapter*, in each provider's cluster, makes it that provider's own.

#![expect(missing_docs, reason = "the SDK's macro makes the one public function, and no docs for it")]

mod adapter;
mod host;
mod instance;
mod protobuf;
mod root;
mod router;
mod stats;
mod structure;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(root::Root::new()));
}}
