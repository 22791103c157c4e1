//! Envoys and the service show each other certificates.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tests::control::{ANY, Control};
use tests::envoy::replace_file;
use tests::mesh::{DECISION_ID, Delivery, Mesh, Rendering};
use tests::waiting::eventually;

use crate::authority::{Authority, Certificates, wait_for_log};
use crate::{local_only, ordinary, policy};

/// A mesh whose Envoy is rendered with more options.
fn mesh(control: &Control, node: &'static str, render: impl FnOnce(Rendering, &Path) -> Rendering) -> Mesh {
    Mesh::launch(&policy("lock"), Delivery::Control(&[control.xds()], node), render, |starter| starter).unwrap()
}

/// Puts the authority of the service, and a certificate of an authority of Envoys, into Envoy's folder.
fn equip(folder: &Path, service: &Authority, envoys: &Authority) {
    replace_file(&folder.join("ca.pem"), &service.pem()).unwrap();
    envoys.certify(&folder.join("envoy.pem"), &folder.join("key.pem"));
}

/// The options for what stands in Envoy's folder then.
fn with_files(rendering: Rendering, folder: &Path) -> Rendering {
    let rendering = rendering.option("--control-ca", folder.join("ca.pem"));
    rendering.option("--control-cert", folder.join("envoy.pem")).option("--control-key", folder.join("key.pem"))
}

/// The same by SDS: Envoy takes what is replaced.
fn with_watched_files(rendering: Rendering, folder: &Path) -> Rendering {
    let file = |name: &str| json!({"filename": folder.join(name)});
    let directory = json!({"path": folder});
    let certificate = json!({
        "certificate_chain": file("envoy.pem"), "private_key": file("key.pem"), "watched_directory": directory,
    });
    let authorities = json!({"trusted_ca": file("ca.pem"), "watched_directory": directory});
    let secrets = [
        ("certificate.yaml", "policymesh-control-certificate", "tls_certificate", certificate),
        ("authorities.yaml", "policymesh-control-authorities", "validation_context", authorities),
    ];
    for (path, name, kind, secret) in secrets {
        let secret = json!({
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", "name": name, kind: secret,
        });
        fs::write(folder.join(path), json!({"resources": [secret]}).to_string()).unwrap();
    }
    let rendering = rendering.option("--control-ca", folder.join("authorities.yaml"));
    rendering.option("--control-cert", folder.join("certificate.yaml"))
}

/// What the service says of its nodes.
fn nodes(control: &Control) -> Vec<Value> {
    let told: Value = serde_json::from_str(&control.does(&["nodes", "--json"])).unwrap();
    told["nodes"].as_array().unwrap().clone()
}

/// Waits until the node has taken the version of this number, over a stream that is there.
fn wait_for_version(control: &Control, id: &str, number: u64) {
    let took =
        |node: &Value| node["identity"]["id"] == id && node["acked"]["number"] == number && node["connections"] != 0;
    let took = eventually(|| nodes(control).iter().any(took).then_some(()));
    assert!(took.is_some(), "`{id}` does not take version {number}: {:#?}", nodes(control));
}

#[test]
fn policies_and_records_go_by_mutual_tls_and_an_envoy_without_a_certificate_gets_nothing() {
    let certificates = Certificates::new();
    let envoys = certificates.other_authority("envoys");
    let control = certificates.start([ANY, ANY], &["--client-ca", &envoys.file.display().to_string()]).unwrap();
    let edge = mesh(&control, "edge", |rendering, folder| {
        equip(folder, &certificates.authority, &envoys);
        with_files(rendering, folder)
    });
    control.apply(&edge.moved(&policy("lock")), &[]);
    wait_for_version(&control, "edge", 1);
    let answer = edge.send(&ordinary());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let why = || Some(control.command(&["why", &answer.header(DECISION_ID)])).filter(|told| told.status.success());
    assert!(eventually(why).is_some(), "the record does not come");

    let strangers = [
        mesh(&control, "without", |rendering, folder| {
            replace_file(&folder.join("ca.pem"), &certificates.authority.pem()).unwrap();
            rendering.option("--control-ca", folder.join("ca.pem"))
        }),
        // The authority of the service is not that of Envoys.
        mesh(&control, "stranger", |rendering, folder| {
            equip(folder, &certificates.authority, &certificates.authority);
            with_files(rendering, folder)
        }),
        // Whoever pretends to be the service is shown no certificate.
        mesh(&control, "fooled", |rendering, folder| {
            equip(folder, &envoys, &envoys);
            with_files(rendering, folder)
        }),
        mesh(&control, "plain", |rendering, _| rendering),
    ];
    for reason in ["peer sent no certificates", "UnknownIssuer", "received fatal alert", "corrupt message"] {
        wait_for_log(&control, reason);
    }
    for stranger in &strangers {
        assert_eq!(stranger.send(&ordinary()).status, 403, "it has no policy");
    }
    assert_eq!(nodes(&control).len(), 1, "{:#?}", nodes(&control));
}

#[test]
fn certificates_are_replaced_on_both_sides_while_both_run() {
    let certificates = Certificates::new();
    let (first, second) = (&certificates.authority, certificates.other_authority("second"));
    let clients = certificates.file("clients.pem");
    replace_file(&clients, &first.pem()).unwrap();
    let control = certificates.start([ANY, ANY], &["--client-ca", &clients.display().to_string()]).unwrap();
    let edge = mesh(&control, "edge", |rendering, folder| {
        equip(folder, first, first);
        with_watched_files(rendering, folder)
    });
    let late = mesh(&control, "late", |rendering, folder| {
        equip(folder, first, first);
        with_files(rendering, folder)
    });
    control.apply(&edge.moved(&policy("lock")), &[]);
    ["edge", "late"].iter().for_each(|node| wait_for_version(&control, node, 1));

    replace_file(&clients, &second.pem()).unwrap();
    second.certify(&certificates.file("service.crt"), &certificates.file("service.key"));
    let mut control = control.variable("POLICYMESH_CA", second.file.display());
    assert!(eventually(|| control.command(&["policies"]).status.success().then_some(())).is_some());
    // The connections that are there stay.
    let connections = |mesh: &Mesh| mesh.envoy.stats()["cluster.policymesh-control.upstream_cx_total"];
    let before = [&edge, &late].map(connections);
    control.apply(&edge.moved(&local_only()), &[]);
    ["edge", "late"].iter().for_each(|node| wait_for_version(&control, node, 2));
    assert_eq!([&edge, &late].map(connections), before);

    // New ones go by the new certificates: who has none of them is refused.
    equip(edge.envoy.folder(), &second, &second);
    control.kill();
    control.restart().unwrap();
    control.apply(&edge.moved(&policy("lock")), &[]);
    wait_for_version(&control, "edge", 3);
    wait_for_log(&control, "a connection is refused");
    let late = nodes(&control).into_iter().find(|node| node["identity"]["id"] == "late").unwrap();
    assert!(late["connections"] == 0 && late["acked"]["number"] != 3, "{late:#}");
}

#[test]
fn an_envoy_speaks_for_itself_alone_where_nodes_are_known_by_their_certificates() {
    let certificates = Certificates::new();
    let authority = &certificates.authority;
    let file = authority.file.display().to_string();
    let control = certificates.start([ANY, ANY], &["--client-ca", &file, "--nodes-by-certificate"]).unwrap();
    let as_edge = |rendering: Rendering, folder: &Path| {
        replace_file(&folder.join("ca.pem"), &authority.pem()).unwrap();
        authority.certify_as("edge", &folder.join("envoy.pem"), &folder.join("key.pem"));
        with_files(rendering, folder)
    };
    let edge = mesh(&control, "edge", as_edge);
    let pretender = mesh(&control, "core", as_edge);
    control.apply(&edge.moved(&policy("lock")), &[]);
    wait_for_version(&control, "edge", 1);
    let answer = edge.send(&ordinary());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let why = || Some(control.command(&["why", &answer.header(DECISION_ID)])).filter(|told| told.status.success());
    assert!(eventually(why).is_some(), "the record does not come");

    assert_eq!(pretender.send(&ordinary()).status, 403, "it has no policy");
    for what in ["policies", "records"] {
        wait_for_log(&control, &format!("that their certificate is not for node=\"core\" what=\"{what}\""));
    }
    assert_eq!(nodes(&control).len(), 1, "{:#?}", nodes(&control));
}
