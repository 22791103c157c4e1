//! Many nodes and many policies.

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
    let nodes = control.json("/v1/nodes");
    let taken = nodes["nodes"].as_array().unwrap().iter().filter(|node| node["acked"]["number"] == 3);
    assert_eq!(taken.count(), 300, "each has taken the third version");
}
