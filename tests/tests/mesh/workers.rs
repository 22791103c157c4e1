//! Several workers: each has a VM of its own, with its own records, its own memory of texts, and the same policy.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::client::Request;
use tests::mesh::{Delivery, Mesh};
use tests::waiting::eventually;

use crate::{ordinary, policy};

fn start() -> Mesh {
    Mesh::start_with(&policy("lock"), Delivery::Ecds, |starter| starter.workers(4)).unwrap()
}

/// Sends a request on connections of their own, which the kernel spreads over the workers, and returns the records.
fn ask(mesh: &Mesh, request: &Request, times: usize) -> Vec<Value> {
    let ids: Vec<_> = (0..times).map(|_| mesh.send(request)).collect();
    ids.iter().map(|response| mesh.line(response)["audit"].take()).collect()
}

/// Records by the instance that wrote them, in the order of their numbers.
fn by_instance(records: &[Value]) -> BTreeMap<String, Vec<(u64, Value)>> {
    let mut instances = BTreeMap::<_, Vec<_>>::new();
    for record in records {
        let instance = &record["instance"];
        let epoch = instance["epoch"].as_str().unwrap_or_else(|| panic!("{record:#}")).to_owned();
        let number = instance["sequence"].as_f64().unwrap_or_else(|| panic!("{record:#}"));
        instances.entry(epoch).or_default().push((number as u64, record.clone()));
    }
    instances.values_mut().for_each(|records| records.sort_by_key(|(number, _)| *number));
    instances
}

#[test]
fn each_worker_numbers_its_own_records_without_a_gap() {
    let mesh = start();
    let mut records = vec![];
    let spread = eventually(|| {
        records.extend(ask(&mesh, &ordinary(), 16));
        (by_instance(&records).len() > 1).then_some(())
    });
    assert!(spread.is_some(), "all requests came to one worker");
    for (epoch, records) in by_instance(&records) {
        let numbers: Vec<_> = records.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=records.len() as u64).collect::<Vec<_>>(), "instance {epoch}");
    }
    let ids: std::collections::BTreeSet<_> = records.iter().map(|record| record["decision_id"].to_string()).collect();
    assert_eq!(ids.len(), records.len(), "no two decisions have one id");
}

#[test]
fn a_new_policy_reaches_every_worker() {
    let mesh = start();
    let before = by_instance(&ask(&mesh, &ordinary(), 48));
    let mut policy = policy("lock");
    policy["metadata"]["version"] = json!("2");
    policy["spec"]["aliases"]["auto"] = json!(["small"]);
    mesh.replace_policy(&policy).unwrap();
    let all_new = eventually(|| {
        let after = ask(&mesh, &ordinary(), 48);
        let new =
            after.iter().all(|record| record["policy"]["version"] == "2" && record["chosen"]["cluster"] == "local");
        let after = by_instance(&after);
        (new && before.keys().all(|epoch| after.contains_key(epoch))).then_some(())
    });
    assert!(all_new.is_some(), "{}", mesh.envoy.log());
}

#[test]
fn what_one_worker_remembers_decides_as_what_another_reads_anew() {
    let mesh = start();
    let text =
        format!("What about Bluebird? {}", "The committee met on Tuesday and agreed to postpone it. ".repeat(40));
    let request = Request::chat("auto", &text);
    let mut records = vec![];
    let known = eventually(|| {
        records.extend(ask(&mesh, &request, 16));
        let instances = by_instance(&records);
        (instances.len() > 1 && instances.values().all(|records| records.len() > 1)).then_some(())
    });
    assert!(known.is_some(), "all requests came to one worker");
    let long = text.len() as f64;
    for (epoch, records) in by_instance(&records) {
        for (place, (_, record)) in records.iter().enumerate() {
            assert_eq!((&record["level"], &record["chosen"]["cluster"]), (&json!("restricted"), &json!("local")));
            let remembered = record["scan"]["remembered_bytes"].as_f64().unwrap_or_default();
            assert_eq!(remembered >= long, place > 0, "instance {epoch}, record {place}: {remembered} bytes");
        }
    }
    assert!(mesh.take_received().iter().all(|(provider, _)| provider == "local"));
}
