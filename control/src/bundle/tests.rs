use std::path::PathBuf;
use std::{env, fs, process};

use serde_json::{Value, json};

use super::keep::{Files, Keeper, Older, is_unfit};
use super::*;

const POLICY: &str = r#"{"apiVersion": "policymesh.dev/v1", "kind": "Policy", "metadata": {"name": "p"},
    "spec": {"sensitivity": {"packs": []}, "rules": [{"name": "r", "action": {"route": {}}}],
        "models": [{"name": "m", "provider": "a", "context": 8000}],
        "providers": [{"name": "a", "format": "ollama", "cluster": "here", "zone": "local", "cleared": "restricted"}]}}"#;

/// A folder of a test, taken away at its end.
struct Folder(PathBuf);

// === impl Folder ===

impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("policymesh-bundle-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn key(&self, name: &str) -> Key {
        Key::load(&self.0.join(name)).unwrap()
    }

    fn files(&self) -> Files {
        Files { bundle: self.0.join("bundle"), policy: self.0.join("filter.yaml") }
    }

    /// Both files, as texts.
    fn kept(&self) -> [String; 2] {
        let Files { bundle, policy } = self.files();
        [bundle, policy].map(|file| fs::read_to_string(file).unwrap_or_default())
    }

    fn keeper(&self, older: Older) -> anyhow::Result<Keeper> {
        Keeper::open(node("here"), self.key("key").public(), self.files(), older)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn node(cluster_of_envoy: &str) -> Recipient {
    let metadata = json!({"policymesh": {"module": "/filter.wasm", "clusters": [cluster_of_envoy]}});
    Recipient { id: "edge".into(), cluster: "web".into(), metadata: metadata.as_object().unwrap().clone() }
}

fn unsigned(serial: u64) -> Bundle {
    let policy: Value = serde_json::from_str(POLICY).unwrap();
    let (parsed, _) = policy::policy::Policy::parse(POLICY.as_bytes()).unwrap();
    Bundle {
        api_version: ApiVersion::V1,
        kind: Kind::Bundle,
        node: node("here"),
        policy: "p".into(),
        version: 2,
        digest: parsed.digest().to_string(),
        configuration: json!({"role": "router", "clusters": ["here"], "policy": policy}).to_string(),
        serial,
        issued_us: 1_700_000_000_000_000,
        key: String::new(),
        signature: String::new(),
    }
}

fn bytes(bundle: &Bundle) -> Vec<u8> {
    serde_json::to_vec(bundle).unwrap()
}

#[test]
fn a_bundle_is_read_as_it_was_signed_and_no_part_of_it_can_be_changed() {
    let folder = Folder::new("changed");
    let key = folder.key("key");
    let bundle = unsigned(7).signed(&key).unwrap();
    assert_eq!(Bundle::read(&bytes(&bundle), &key.public()).unwrap(), bundle);

    let whole: Value = serde_json::from_slice(&bytes(&bundle)).unwrap();
    // Every value in it, however deep, is another in turn; and every field is left out.
    let mut places = Vec::new();
    fn walk(value: &Value, at: String, places: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| walk(value, format!("{at}/{key}"), places)),
            Value::Array(items) => items.iter().enumerate().for_each(|(n, one)| walk(one, format!("{at}/{n}"), places)),
            _ => places.push(at),
        }
    }
    walk(&whole, String::new(), &mut places);
    assert!(places.len() > 12, "{places:?}");
    for place in &places {
        let mut changed = whole.clone();
        let value = changed.pointer_mut(place).unwrap();
        *value = match &*value {
            Value::Number(number) => json!(number.as_u64().unwrap() + 1),
            Value::String(text) => json!(format!("{}{text}", if text.starts_with('0') { "1" } else { "0" })),
            other => panic!("{place}: {other}"),
        };
        let refused = Bundle::read(changed.to_string().as_bytes(), &key.public());
        assert!(refused.is_err(), "{place} can be changed");
    }
    for field in whole.as_object().unwrap().keys() {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(field);
        assert!(Bundle::read(without.to_string().as_bytes(), &key.public()).is_err(), "{field} can be left out");
    }
    let mut more = whole.clone();
    more["more"] = json!(1);
    let mut broken = bytes(&bundle);
    broken.truncate(broken.len() / 2);
    for wrong in [more.to_string().into_bytes(), broken, b"<html>".to_vec(), Vec::new(), b"null".to_vec()] {
        let told = Bundle::read(&wrong, &key.public()).unwrap_err();
        assert!(matches!(told, Unfit::Unreadable(_)), "{told}");
    }
    assert!(matches!(Bundle::read(&vec![b' '; LONGEST + 1], &key.public()), Err(Unfit::TooLong)));
}

#[test]
fn a_key_is_told_from_another_and_a_bundle_from_a_checkpoint() {
    let folder = Folder::new("domains");
    let (key, other) = (folder.key("key"), folder.key("other"));
    let bundle = unsigned(7).signed(&key).unwrap();
    let told = Bundle::read(&bytes(&bundle), &other.public()).unwrap_err().to_string();
    assert!(told.contains(&key.public().to_string()) && told.contains(&other.public().to_string()), "{told}");
    // Whoever puts another key's name in it has not its signature.
    let renamed = Bundle { key: other.public().to_string(), ..bundle.clone() };
    assert!(matches!(Bundle::read(&bytes(&renamed), &other.public()), Err(Unfit::Changed)));

    // The signature of a checkpoint is that of no bundle, whatever it says, and the other way round: what is signed begins
    // with another byte.
    let checkpoint = key.checkpoint(7, Hash::of("x"), 1);
    let borrowed = Bundle { signature: checkpoint.signature.clone(), ..bundle.clone() };
    assert!(matches!(Bundle::read(&bytes(&borrowed), &key.public()), Err(Unfit::Changed)));
    let borrowed = crate::chain::Checkpoint { signature: bundle.signature.clone(), ..checkpoint };
    assert!(!key.public().signed_checkpoint(&borrowed));
    assert!(bundle.covered().unwrap().starts_with(b"policymesh.dev/v1 Bundle\n{"));
}

#[test]
fn a_tag_is_of_what_the_node_is_to_have_and_not_of_when_it_was_signed() {
    let folder = Folder::new("tag");
    let key = folder.key("key");
    let tag = |bundle: Bundle| bundle.signed(&key).unwrap().tag();
    assert_eq!(tag(unsigned(7)), tag(Bundle { issued_us: 5, ..unsigned(7) }));
    for other in [unsigned(8), Bundle { version: 3, ..unsigned(7) }, Bundle { node: node("there"), ..unsigned(7) }] {
        assert_ne!(tag(unsigned(7)), tag(other));
    }
}

#[test]
fn what_the_filter_would_refuse_is_refused() {
    let told = |bundle: Bundle| bundle.must_be_taken().unwrap_err().to_string();
    assert!(unsigned(1).must_be_taken().is_ok());
    let foreign = unsigned(1).configuration.replace(r#""clusters":["here"]"#, r#""clusters":["there"]"#);
    let foreign = told(Bundle { configuration: foreign, ..unsigned(1) });
    assert!(foreign.contains("there is no cluster `here`"), "{foreign}");
    assert!(told(Bundle { digest: "0".into(), ..unsigned(1) }).contains("has the digest"));
    assert!(told(Bundle { configuration: r#"{"role": "adapter"}"#.into(), ..unsigned(1) }).contains("no policy"));
}

#[test]
fn a_node_keeps_the_last_good_one_and_takes_none_that_is_older() {
    let folder = Folder::new("keeps");
    let (key, other) = (folder.key("key"), folder.key("other"));
    let signed = |serial| unsigned(serial).signed(&key).unwrap();
    let mut keeper = folder.keeper(Older::Refused).unwrap();
    assert_eq!(keeper.tag(), None);
    keeper.take(&bytes(&signed(7))).unwrap();
    assert_eq!(keeper.tag(), Some(signed(7).tag()));
    let good = folder.kept();
    assert!(good[1].contains("/filter.wasm") && good[1].contains("policymesh-router"), "{}", good[1]);

    let for_another = Bundle { node: Recipient { id: "core".into(), ..node("here") }, ..unsigned(8) };
    let for_another_envoy = Bundle { node: node("there"), ..unsigned(8) };
    let wrong = [
        (bytes(&signed(6)), "serial is 6, and 7"),
        (bytes(&unsigned(8).signed(&other).unwrap()), "and the one that is trusted is"),
        (bytes(&for_another.signed(&key).unwrap()), "node `core`"),
        (bytes(&for_another_envoy.signed(&key).unwrap()), "\"there\""),
        (bytes(&Bundle { serial: 9, ..signed(8) }), "changed after it was signed"),
        (bytes(&Bundle { digest: "0".into(), ..unsigned(8) }.signed(&key).unwrap()), "has the digest"),
        (b"{}".to_vec(), "no bundle"),
    ];
    for (offered, reason) in wrong {
        let told = keeper.take(&offered).unwrap_err();
        assert!(is_unfit(&told) && told.to_string().contains(reason), "{told:#}");
        assert_eq!(folder.kept(), good);
    }

    // Nor after a start, unless somebody says so, and then once.
    let mut again = folder.keeper(Older::Refused).unwrap();
    assert!(again.take(&bytes(&signed(6))).is_err());
    let mut told_so = folder.keeper(Older::TakenOnce).unwrap();
    assert_eq!(told_so.tag(), None);
    told_so.take(&bytes(&signed(6))).unwrap();
    assert!(told_so.take(&bytes(&signed(5))).is_err());
    assert_eq!(folder.keeper(Older::Refused).unwrap().tag(), Some(signed(6).tag()));
}

#[test]
fn what_is_there_is_made_good_again_or_told() {
    let folder = Folder::new("there");
    let bundle = unsigned(7).signed(&folder.key("key")).unwrap();
    folder.keeper(Older::Refused).unwrap().take(&bytes(&bundle)).unwrap();
    let good = folder.kept();
    // Envoy's file is made from the bundle again.
    fs::write(folder.files().policy, "else").unwrap();
    folder.keeper(Older::Refused).unwrap().restore().unwrap();
    assert_eq!(folder.kept(), good);
    fs::remove_file(folder.files().policy).unwrap();
    folder.keeper(Older::Refused).unwrap().restore().unwrap();
    assert_eq!(folder.kept(), good);

    // For a node that has other clusters by now it is not asked for by its tag, but nothing older is taken either.
    let moved = |older| Keeper::open(node("moved"), folder.key("key").public(), folder.files(), older).unwrap();
    let mut keeper = moved(Older::Refused);
    assert_eq!(keeper.tag(), None);
    keeper.restore().unwrap();
    assert_eq!(folder.kept(), good);
    let older = Bundle { node: node("moved"), ..unsigned(6) };
    assert!(keeper.take(&bytes(&older.signed(&folder.key("key")).unwrap())).is_err());

    // A bundle that cannot be checked is not passed over, unless somebody says so.
    fs::write(folder.files().bundle, good[0].replace("edge", "core")).unwrap();
    let told = format!("{:#}", folder.keeper(Older::Refused).err().unwrap());
    assert!(told.contains("--accept-older") && told.contains("changed after it was signed"), "{told}");
    folder.keeper(Older::TakenOnce).unwrap().take(&bytes(&bundle)).unwrap();
    assert_eq!(folder.kept(), good);

    let wrong = Files { policy: folder.0.join("filter.pb"), ..folder.files() };
    assert!(wrong.check().unwrap_err().to_string().contains("must end in"));
    folder.files().check().unwrap();
}
