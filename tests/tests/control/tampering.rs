//! The chain changed in the database itself, behind the back of the service.

use std::fs;

use tests::control::Control;

use crate::{ordinary, policy, start};

/// Whether the chain is found whole, and what is said of it.
fn verify(control: &Control, anchor: &str, key: &str) -> (bool, String) {
    let output = control.command(&["audit", "verify", "--anchor", anchor, "--key", key]);
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// Stops the service, changes what it has stored, and starts it again.
fn tamper(control: &mut Control, statement: &str) {
    control.kill();
    control.tamper(statement).unwrap();
    control.restart().unwrap();
}

#[test]
fn each_edit_of_the_stored_chain_is_found_and_named() {
    let (mut control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    (0..6).for_each(|_| assert_eq!(mesh.send(&ordinary()).status, 200));
    let records = control.wait_for_records("limit=100", 6);
    let mut places: Vec<_> = records.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    places.sort_unstable();
    let [changed, garbled, moved, missing, emptied, copied] = places.try_into().unwrap();

    let key = control.json("/v1/audit/key")["key"].as_str().unwrap().to_owned();
    let [own, anchor] = ["data/anchor.jsonl", "kept-elsewhere.jsonl"].map(|name| control.folder().join(name));
    let (sound, told) = verify(&control, &own.display().to_string(), &key);
    assert!(sound, "{told}");
    fs::copy(own, &anchor).unwrap();
    let anchor = anchor.display().to_string();

    let edits = [
        (
            format!("update entries set content = replace(content, 'cloud', 'local') where seq = {changed}"),
            format!("the content of entry {changed} was changed"),
        ),
        (
            format!("update entries set content = 'gone' where seq = {garbled}"),
            format!("the content of entry {garbled} was changed"),
        ),
        (
            format!("update entries set node = 'core' where seq = {moved}"),
            format!("entry {moved} (record) was changed, or does not follow the one before it"),
        ),
        (format!("delete from entries where seq = {missing}"), format!("entry {missing} is missing")),
        (
            format!("update entries set content = null where seq = {emptied}"),
            format!("the content of entry {emptied} is gone, and no tombstone says why"),
        ),
        (
            format!(
                "insert into entries (seq, kind, node, received_us, content, content_hash, hash) \
                 select (select max(seq) + 1 from entries), kind, node, received_us, content, content_hash, hash \
                 from entries where seq = {copied}"
            ),
            " (record) was changed, or does not follow the one before it".to_owned(),
        ),
    ];
    let mut expected = Vec::new();
    for (statement, fault) in edits {
        tamper(&mut control, &statement);
        expected.push(fault);
        let (sound, told) = verify(&control, &anchor, &key);
        assert!(!sound && expected.iter().all(|fault| told.contains(fault)), "{statement}: {expected:#?}: {told}");
        assert!(told.contains(&format!("{} found", expected.len())), "and nothing else: {told}");
    }

    tamper(&mut control, &format!("delete from checkpoints; delete from entries where seq > {changed}"));
    let (sound, told) = verify(&control, &anchor, &key);
    assert!(!sound && told.contains("the chain is cut off after entry"), "{told}");
}
