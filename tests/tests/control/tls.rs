//! The service beyond its own machine: what protects it there.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use tests::control::{ANY, Control};
use tests::envoy::replace_file;

use crate::authority::{Authority, Certificates, wait_for_log};

#[test]
fn elsewhere_than_on_loopback_the_service_must_be_protected() {
    const ANYWHERE: &str = "0.0.0.0:0";
    let certificates = Certificates::new();
    let plain = |addresses, options: &[&str]| Control::launch(addresses, options);
    let tls = |addresses, options: &[&str]| certificates.start(addresses, options);
    let refused = [
        (
            plain([ANYWHERE, ANY], &[]),
            "add --tls-cert and --tls-key and --require-tokens (or --oidc-issuer), or listen on 127.0.0.1",
        ),
        (tls([ANYWHERE, ANY], &[]), "add --require-tokens (or --oidc-issuer), or listen on 127.0.0.1"),
        (plain([ANYWHERE, ANY], &["--require-tokens"]), "add --tls-cert and --tls-key, or listen"),
        (plain([ANY, ANYWHERE], &[]), "--xds: `0.0.0.0:0` is not on loopback"),
        (tls([ANY, ANYWHERE], &["--require-tokens"]), "add --client-ca, or listen"),
    ];
    for (started, reason) in refused {
        let told = started.err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(told.contains(reason), "`{reason}` is not told, but {told}");
    }

    let authority = certificates.authority.file.display().to_string();
    let control = tls([ANYWHERE, ANYWHERE], &["--require-tokens", "--client-ca", &authority]).unwrap();
    let token = fs::read_to_string(control.folder().join("data/admin.token")).unwrap();
    let address = format!("https://127.0.0.1:{}", control.api().port());
    let control = control.variable("POLICYMESH_SERVER", address);
    assert!(!control.command(&["policies"]).status.success(), "nobody gets in without a token");
    control.variable("POLICYMESH_TOKEN", token.trim()).does(&["policies"]);
}

#[test]
fn a_certificate_is_replaced_while_the_service_runs_and_one_that_is_no_good_is_not_taken() {
    let certificates = Certificates::new();
    let control = certificates.start([ANY, ANY], &[]).unwrap();
    let (first, second) = (&certificates.authority, certificates.other_authority("second"));
    let trusts = |authority: &Authority| {
        let file = authority.file.display().to_string();
        control.command(&["policies", "--ca", &file]).status.success()
    };
    assert!(trusts(first) && !trusts(&second));
    let told = control.command(&["policies", "--ca", &second.file.display().to_string()]).stderr;
    assert!(String::from_utf8_lossy(&told).contains("an authority that --ca names"));

    let (certificate, key) = (certificates.file("service.crt"), certificates.file("service.key"));
    replace_file(&certificate, "-----BEGIN CERTIFICATE-----\nno such thing\n").unwrap();
    wait_for_log(&control, "the TLS files are no good");
    // A certificate with the key of another.
    second.certify(&certificate, &certificates.file("another.key"));
    wait_for_log(&control, "do not go together");
    assert!(trusts(first) && !trusts(&second));

    second.certify(&certificate, &key);
    wait_for_log(&control, "the TLS files were replaced");
    assert!(trusts(&second) && !trusts(first));
}

#[test]
fn whoever_connects_and_says_nothing_is_let_go_and_keeps_nobody_out() {
    let certificates = Certificates::new();
    let control = certificates.start([ANY, ANY], &[]).unwrap();
    let plain = Control::start().unwrap();
    let silent: Vec<_> = (0..100).map(|_| TcpStream::connect(control.api()).unwrap()).collect();
    let mut slow: Vec<_> = (0..520).map(|_| TcpStream::connect(plain.api()).unwrap()).collect();
    slow.iter_mut().for_each(|stream| stream.write_all(b"GET /v1/policies HTTP/1.1\r\nhost: localh").unwrap());
    control.does(&["policies"]);
    // More than it has at a time: this waits until some are let go.
    plain.does(&["policies"]);
    for mut stream in silent.into_iter().chain(slow) {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    }
}
