//! Many nodes and many policies.

use serde_json::Value;
use tests::control::Control;

use crate::policy;

#[test]
fn each_of_many_nodes_gets_its_own_of_many_policies_and_each_new_version_of_it() {
    let control = Control::start().unwrap();
    let file = control.folder().join("policy.json").display().to_string();
    std::fs::write(&file, policy("lock").to_string()).unwrap();
    let xds = control.xds().to_string();
    // It fails where a node is sent what is another's, or where one is left without.
    let options = ["--nodes", "300", "--policies", "12", "--rounds", "2"];
    let told = control.does(&[&["load", "envoys", &file, "--xds", &xds], &options[..]].concat());
    println!("{told}");
    assert!(told.contains("round 2: 12 policies checked and published"), "{told}");
    let told = control.does(&["nodes", "--json"]);
    let nodes = serde_json::from_str::<Value>(&told).unwrap()["nodes"].take();
    let taken = nodes.as_array().unwrap().iter().filter(|node| node["acked"]["number"] == 3);
    assert_eq!(taken.count(), 300, "each has taken the third version");
    assert_eq!(pages(&control, ""), [100, 100, 100]);
    let cluster = nodes[0]["identity"]["cluster"].as_str().unwrap();
    assert_eq!(pages(&control, &format!("&limit=20&cluster={cluster}")), [20, 5]);
    assert_eq!(pages(&control, "&standing=refusing"), [0]);
}

/// How many nodes that fit are on each page.
fn pages(control: &Control, query: &str) -> Vec<usize> {
    let mut page = control.json(&format!("/v1/nodes?{}", query.trim_start_matches('&')));
    let mut counts = vec![page["nodes"].as_array().unwrap().len()];
    while let Some(cursor) = page["next"].as_str() {
        page = control.json(&format!("/v1/nodes?cursor={cursor}{query}"));
        counts.push(page["nodes"].as_array().unwrap().len());
    }
    counts
}
