//! `policymesh envoy render`: Envoy's configuration for a policy's providers.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};

use super::module;
use policy::catalogue::Endpoint;
use policy::policy::Policy;

use crate::command::input;
use crate::durable;
use crate::envoy::control_plane;
use crate::envoy::{Address, Delivery, Key, Mesh, Version, unknown, upstreams};
use crate::yaml::Node;

/// Writes the Envoy configuration for a policy's providers.
#[derive(clap::Args)]
pub struct Render {
    /// The policy, YAML or JSON.
    policy: PathBuf,

    /// What to write: a bootstrap with the policy inline, one that gets it from the control service or reads it from
    /// --filter-config, or that file.
    #[arg(long, value_enum, default_value_t = Mode::Static)]
    mode: Mode,

    /// The Envoy that will read it.
    #[arg(long, default_value_t = Version::NEWEST, value_name = "VERSION")]
    envoy_version: Version,

    /// The filter's module. It is copied to a file beside it that has its SHA-256 in the name, and that one is named.
    /// Without this option, `/etc/policymesh/filter.wasm` is.
    #[arg(long, value_name = "PATH")]
    filter: Option<PathBuf>,

    /// The file that --mode ecds reads the filter's configuration from and --mode filter writes; so do `policymesh bundle pull`
    /// and `policymesh collect --policy-file`, with what the control service has for this node.
    #[arg(long, default_value = "/etc/policymesh/filter.yaml", value_name = "PATH")]
    filter_config: String,

    /// Where the control service of --mode control takes Envoys; once for each replica.
    #[arg(long, default_value = "127.0.0.1:18000", value_name = "HOST:PORT")]
    control: Vec<control_plane::Address>,

    /// The authorities that its certificate must be from, as Envoy sees the file: then the connection is by TLS. PEM, read
    /// when Envoy starts, or `.yaml`, a secret as SDS delivers it, which may be replaced at any time.
    #[arg(long, value_name = "PATH")]
    control_ca: Option<String>,

    /// The certificate that this Envoy shows it, likewise. The `.yaml` has the key, too.
    #[arg(long, requires = "control_ca", value_name = "PATH")]
    control_cert: Option<String>,

    /// The private key of that certificate, PEM.
    #[arg(long, requires = "control_cert", value_name = "PATH")]
    control_key: Option<String>,

    /// The name of this Envoy, which no other has: records are kept by it.
    #[arg(long, default_value = "policymesh", value_name = "ID")]
    node_id: String,

    /// The name of the Envoys that are like this one: policies are chosen by it.
    #[arg(long, default_value = "policymesh", value_name = "NAME")]
    node_cluster: String,

    /// Where clients connect.
    #[arg(long, default_value = "0.0.0.0:10000", value_name = "IP:PORT")]
    listen: Address,

    /// Where Envoy's admin interface listens.
    #[arg(long, default_value = "127.0.0.1:9901", value_name = "IP:PORT")]
    admin: Address,

    /// Where a provider answers, instead of where the policy says.
    #[arg(long = "endpoint", value_parser = named::<Endpoint>, value_name = "NAME=URL")]
    endpoints: Vec<(String, Endpoint)>,

    /// Where Envoy finds a provider's key: a file with a secret as SDS delivers it, or an environment variable.
    #[arg(long = "key", value_parser = named::<Key>, value_name = "NAME=FILE|env:VARIABLE")]
    keys: Vec<(String, Key)>,

    /// The file that takes the access log.
    #[arg(long, default_value = "/dev/stdout", value_name = "PATH")]
    access_log: String,

    /// The certificate authorities that providers are checked against.
    #[arg(long, default_value = "/etc/ssl/certs/ca-certificates.crt", value_name = "PATH")]
    authorities: String,

    /// Leaves the policy's identity header in: something in front of this Envoy authenticates clients and sets it.
    #[arg(long)]
    trust_identity_header: bool,

    /// Writes to this file instead, moved into its place as a whole, which is what Envoy's file watch needs.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Mode {
    /// A bootstrap with the policy inline.
    Static,
    /// A bootstrap that reads the filter's configuration from a file, by ECDS.
    Ecds,
    /// A bootstrap that gets its policies from the control service, and sends it the audit records.
    Control,
    /// The filter's configuration for --mode ecds.
    Filter,
}

/// What is wrong with the policy, as far as Envoy is concerned.
struct Refused(Vec<String>);

// === impl Render ===

impl Render {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let text = match self.text()? {
            Ok(text) => text,
            Err(Refused(reasons)) => {
                reasons.iter().for_each(|reason| eprintln!("{}: {reason}", self.policy.display()));
                return Ok(ExitCode::from(1));
            }
        };
        if self.envoy_version < Version::FAILS_OVER && self.mode != Mode::Filter {
            let (version, needed) = (self.envoy_version, Version::FAILS_OVER);
            eprintln!("failover is off: Envoy {version} cannot try another provider where one fails; {needed} can");
        }
        match &self.output {
            Some(path) => durable::replace(path, text.as_bytes())?,
            None => std::io::stdout().write_all(text.as_bytes()).context("cannot write the configuration")?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn text(&self) -> anyhow::Result<Result<String, Refused>> {
        let (endpoints, keys) = (by_name("--endpoint", &self.endpoints)?, by_name("--key", &self.keys)?);
        let written = input::read(&self.policy)?;
        let original = match Policy::parse(&written) {
            Ok((policy, _)) => policy,
            Err(problems) => return Ok(Err(Refused(problems.iter().map(ToString::to_string).collect()))),
        };
        let mut document: Node = serde_saphyr::from_slice(&written)?;
        let policy = match move_providers(&mut document, &endpoints) {
            0 => original,
            _ => Policy::parse(document.to_string().as_bytes()).map_or(original, |(policy, _)| policy),
        };
        let mut wrong = unknown("--endpoint", endpoints.keys(), &policy);
        let upstreams = upstreams(&policy, &keys).unwrap_or_else(|reasons| {
            wrong.extend(reasons);
            Vec::new()
        });
        if !wrong.is_empty() {
            return Ok(Err(Refused(wrong.iter().map(ToString::to_string).collect())));
        }
        let mesh = Mesh {
            identity_header: identity_header(&document).filter(|_| !self.trust_identity_header),
            policy: document,
            policy_version: policy.digest().to_string(),
            upstreams,
            delivery: self.delivery()?,
            listen: self.listen.clone(),
            admin: self.admin.clone(),
            module: self.module()?,
            access_log: self.access_log.clone(),
            authorities: self.authorities.clone(),
            version: self.envoy_version,
        };
        let rendered = if self.mode == Mode::Filter { mesh.filter_resource() } else { mesh.bootstrap() };
        Ok(Ok(format!("{}\n{rendered}", self.heading())))
    }

    fn delivery(&self) -> anyhow::Result<Delivery> {
        Ok(match self.mode {
            Mode::Static => Delivery::Static,
            Mode::Ecds | Mode::Filter => Delivery::Ecds { file: self.filter_config.clone(), identity: self.identity() },
            Mode::Control => {
                Delivery::Control { addresses: self.control.clone(), identity: self.identity(), tls: self.tls()? }
            }
        })
    }

    fn identity(&self) -> control_plane::Identity {
        control_plane::Identity { id: self.node_id.clone(), cluster: self.node_cluster.clone() }
    }

    fn tls(&self) -> anyhow::Result<Option<control_plane::Tls>> {
        let Some(authorities) = self.control_ca.clone() else { return Ok(None) };
        let own = self.control_cert.as_deref();
        let own = own.map(|certificate| control_plane::Certificate::of(certificate, self.control_key.as_deref()));
        Ok(Some(control_plane::Tls {
            authorities: authorities.into(),
            own: own.transpose().map_err(|reason| anyhow!(reason))?,
        }))
    }

    fn heading(&self) -> String {
        let what = match self.mode {
            Mode::Static => "Envoy with Policy Mesh, the policy inline.",
            Mode::Ecds => "Envoy with Policy Mesh; the policy comes from a file and is replaced while Envoy runs.",
            Mode::Control => "Envoy with Policy Mesh; policies come from the control service, and records go there.",
            Mode::Filter => "The filter's configuration, for the Envoy of `--mode ecds`.",
        };
        format!(
            "# {what}\n# For Envoy {}. Rendered by `policymesh envoy render`, which says what can be chosen.",
            self.envoy_version
        )
    }

    fn module(&self) -> anyhow::Result<String> {
        match &self.filter {
            Some(path) => module::named_by_content(path),
            None => Ok(control_plane::MODULE.to_owned()),
        }
    }
}

/// Writes other endpoints into a policy, since the adapter goes by them too, and tells how many.
fn move_providers(policy: &mut Node, endpoints: &BTreeMap<String, Endpoint>) -> usize {
    let providers = policy.get_mut("spec").and_then(|spec| spec.get_mut("providers"));
    let mut moved = 0;
    for provider in providers.into_iter().flat_map(Node::items_mut) {
        if let Some(endpoint) = provider.get("name").and_then(Node::text).and_then(|name| endpoints.get(name)) {
            provider.set("endpoint", endpoint.to_string());
            moved += 1;
        }
    }
    moved
}

fn identity_header(policy: &Node) -> Option<String> {
    policy.get("spec")?.get("identity")?.get("header")?.text().map(str::to_ascii_lowercase)
}

/// Reads `NAME=VALUE`.
fn named<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<(String, T), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write it as NAME=VALUE")?;
    let value = value.parse().map_err(|reason: T::Err| reason.to_string())?;
    Ok((name.to_owned(), value))
}

fn by_name<T: Clone>(option: &str, given: &[(String, T)]) -> anyhow::Result<BTreeMap<String, T>> {
    let mut named = BTreeMap::new();
    for (name, value) in given {
        if named.insert(name.clone(), value.clone()).is_some() {
            bail!("{option} is given twice for `{name}`");
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        render: Render,
    }

    fn render(arguments: &[&str]) -> Result<String, Vec<String>> {
        let command =
            Command::try_parse_from(["render"].iter().chain(arguments)).map_err(|reason| vec![reason.to_string()])?;
        match command.render.text() {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(Refused(reasons))) => Err(reasons),
            Err(reason) => Err(vec![format!("{reason:#}")]),
        }
    }

    fn shipped(name: &str) -> String {
        format!("{}/../envoy/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn the_shipped_files_are_what_is_rendered_for_the_shipped_policy() {
        let policy = shipped("policy.yaml");
        let keys =
            ["--key=openai=/etc/policymesh/keys/openai.yaml", "--key=anthropic=/etc/policymesh/keys/anthropic.yaml"];
        let mut stale = Vec::new();
        for (file, mode) in [("standalone.yaml", "static"), ("ecds.yaml", "ecds"), ("filter.yaml", "filter")] {
            let rendered = render(&[&[policy.as_str(), "--mode", mode], &keys[..]].concat()).unwrap();
            if fs::read_to_string(shipped(file)).unwrap_or_default() != rendered {
                let new = std::env::temp_dir().join(file);
                fs::write(&new, rendered).unwrap();
                stale.push(new);
            }
        }
        assert!(stale.is_empty(), "what is rendered now differs from envoy/: if it is right, move it there: {stale:?}");
    }

    #[test]
    fn the_identity_header_is_taken_from_clients_unless_it_is_trusted() {
        let policy = shipped("policy.yaml");
        let removed = "{remove: x-client-id}";
        assert!(render(&[&policy]).unwrap().contains(removed));
        assert!(!render(&[&policy, "--trust-identity-header"]).unwrap().contains(removed));
    }

    #[test]
    fn a_provider_elsewhere_is_elsewhere_for_envoy_and_for_the_adapter() {
        let rendered = render(&[&shipped("policy.yaml"), "--endpoint", "openai=http://127.0.0.1:4000/base"]).unwrap();
        assert!(rendered.contains("endpoint: http://127.0.0.1:4000/base\n"), "{rendered}");
        assert!(rendered.contains("socket_address: {address: 127.0.0.1, port_value: 4000}"));
        assert!(!rendered.contains("api.openai.com"));
    }

    #[test]
    fn two_providers_share_a_cluster_only_if_it_leads_to_one_place() {
        let policy = std::env::temp_dir().join(format!("policymesh-shared-{}.yaml", std::process::id()));
        let provider = |name: &str| {
            format!(
                "{{name: {name}, format: openai, cluster: c, zone: cloud, cleared: public, endpoint: 'https://{name}.example'}}"
            )
        };
        let providers = ["a", "b"].map(provider).join(", ");
        let text = format!(
            "apiVersion: policymesh.dev/v1\nkind: Policy\nmetadata: {{name: x}}\nspec: {{providers: [{providers}]}}\n"
        );
        fs::write(&policy, text).unwrap();
        let told = render(&[&policy.display().to_string()]).unwrap_err();
        assert_eq!(
            told,
            ["spec.providers[1].cluster: `c` leads elsewhere, or with another key, for an earlier provider"]
        );
        fs::remove_file(&policy).unwrap();
    }

    #[test]
    fn what_cannot_be_rendered_is_told() {
        let policy = shipped("policy.yaml");
        let cases: [(&[&str], &str); 8] = [
            (
                &["--mode", "control", "--control-ca", "a", "--control-cert", "b"],
                "--control-cert: `b` takes --control-key, too",
            ),
            (
                &["--mode", "control", "--control-ca", "a", "--control-cert", "b.yaml", "--control-key", "c"],
                "--control-key: the key is in `b.yaml` already",
            ),
            (
                &["--endpoint", "ollma=http://x"],
                "`--endpoint ollma=...`: the policy has no such provider; did you mean `ollama`?",
            ),
            (&["--endpoint", "ollama=x"], "`x` does not begin with `https://` or `http://`"),
            (&["--key", "openai"], "write it as NAME=VALUE"),
            (&["--key", "openai=a", "--key", "openai=b"], "--key is given twice for `openai`"),
            (&["--envoy-version", "1.36"], "Envoy 1.36 is too old"),
            (&["--filter", "/nowhere/filter.wasm"], "cannot read the filter's module `/nowhere/filter.wasm`"),
        ];
        for (arguments, reason) in cases {
            let told = render(&[&[policy.as_str()], arguments].concat()).unwrap_err().join("\n");
            assert!(told.contains(reason), "{arguments:?}: {told}");
        }
    }
}
