//! The service beyond its own machine: TLS, and certificates that Envoys show.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tests::control::Control;
use tests::waiting::eventually;

use crate::authority::{Authority, replace};

/// A folder with the certificate and the key of a service, and the authorities of a test.
struct Certificates {
    folder: TempDir,
    authority: Authority,
}

impl Certificates {
    fn new() -> Self {
        let folder = TempDir::with_prefix("policymesh-certificates-").unwrap();
        let authority = Authority::new(folder.path(), "first");
        let certificates = Self { folder, authority };
        certificates.authority.certify(&certificates.file("service.crt"), &certificates.file("service.key"));
        certificates
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `policymesh serve` is told.
    fn options(&self, options: &[&str]) -> Vec<String> {
        let [certificate, key] = ["service.crt", "service.key"].map(|name| text(&self.file(name)));
        let own = ["--tls-cert".to_owned(), certificate, "--tls-key".to_owned(), key];
        own.into_iter().chain(options.iter().map(ToString::to_string)).collect()
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn borrowed(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

/// Waits until the log has this, so often.
fn wait_for_log(control: &Control, what: &str, times: usize) {
    let told = eventually(|| Some(()).filter(|()| control.log().matches(what).count() >= times));
    assert!(told.is_some(), "`{what}` is not logged {times} times: {}", control.log());
}

#[test]
fn elsewhere_than_on_loopback_the_service_must_be_protected() {
    const LOOPBACK: &str = "127.0.0.1:0";
    const ANYWHERE: &str = "0.0.0.0:0";
    let certificates = Certificates::new();
    let authority = text(&certificates.authority.file);
    let with = |options: &[&str]| certificates.options(options);
    let refused = [
        ([ANYWHERE, LOOPBACK], vec![], "add --tls-cert and --tls-key and --require-tokens"),
        ([ANYWHERE, LOOPBACK], with(&[]), "add --require-tokens, or listen on 127.0.0.1"),
        ([ANYWHERE, LOOPBACK], vec!["--require-tokens".to_owned()], "add --tls-cert and --tls-key, or listen"),
        ([LOOPBACK, ANYWHERE], vec![], "--xds: `0.0.0.0:0` is not on loopback"),
        ([LOOPBACK, ANYWHERE], with(&["--require-tokens"]), "add --client-ca, or listen"),
    ];
    for (addresses, options, reason) in refused {
        let told = Control::launch(addresses, &borrowed(&options)).err().map(|error| format!("{error:#}"));
        let told = told.unwrap_or_else(|| panic!("{addresses:?} {options:?} is taken"));
        assert!(told.contains(reason), "{addresses:?} {options:?}: {told}");
    }
    let protected = with(&["--require-tokens", "--client-ca", &authority]);
    let control =
        Control::launch([ANYWHERE, ANYWHERE], &borrowed(&protected)).unwrap().variable("POLICYMESH_CA", &authority);
    let token = fs::read_to_string(control.folder().join("data/admin.token")).unwrap();
    let address = format!("https://127.0.0.1:{}", control.api().port());
    let control = control.variable("POLICYMESH_SERVER", address);
    assert!(!control.command(&["policies"]).status.success(), "nobody gets in without a token");
    control.variable("POLICYMESH_TOKEN", token.trim()).does(&["policies"]);
}

#[test]
fn a_certificate_is_replaced_while_the_service_runs_and_one_that_is_no_good_is_not_taken() {
    let certificates = Certificates::new();
    let control = Control::start_with(&borrowed(&certificates.options(&[]))).unwrap();
    let (first, second) = (&certificates.authority, Authority::new(certificates.folder.path(), "second"));
    let trusts =
        |authority: &Authority| control.command(&["policies", "--ca", &text(&authority.file)]).status.success();
    assert!(trusts(first) && !trusts(&second));
    assert!(!control.command(&["policies"]).status.success(), "an authority that nobody named is trusted");

    let (certificate, key) = (certificates.file("service.crt"), certificates.file("service.key"));
    replace(&certificate, "-----BEGIN CERTIFICATE-----\nno such thing\n");
    wait_for_log(&control, "the TLS files are no good", 1);
    // A certificate with the key of another.
    second.certify(&certificate, &certificates.file("another.key"));
    wait_for_log(&control, "do not go together", 1);
    assert!(trusts(first) && !trusts(&second));

    second.certify(&certificate, &key);
    wait_for_log(&control, "the TLS files were replaced", 1);
    assert!(trusts(&second) && !trusts(first));
}
