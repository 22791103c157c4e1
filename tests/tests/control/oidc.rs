//! Callers whom an identity provider vouches for.

use std::fs;
use std::time::Duration;

use ring::hmac;
use serde_json::{Value, json};
use tests::client::Response;
use tests::control::{ANY, Control};
use tests::waiting::eventually;

use crate::access::{ROLES, assert_routes_are_open_to_their_roles, send};
use crate::authority::{Certificates, wait_for_log};
use crate::issuer::{Issuer, Key, now, token};

/// A service that believes this provider; `mesh-ROLE` among its `roles` makes somebody that.
fn start(issuer: &Issuer, options: &[&str]) -> Control {
    let roles = ROLES.map(|role| format!("mesh-{role}={role}"));
    let own = ["--oidc-issuer", &issuer.url, "--oidc-audience", "policymesh"];
    let roles = roles.iter().flat_map(|role| ["--oidc-role", role]);
    let options: Vec<_> = own.into_iter().chain(roles).chain(options.iter().copied()).collect();
    Control::start_with(&options).unwrap()
}

fn policies(control: &Control, token: &str) -> Response {
    send(control, "GET", "/v1/policies", token, &Value::Null)
}

#[test]
fn each_role_of_the_identity_provider_may_do_what_it_may_and_nothing_else() {
    let key = Key::ec("ec");
    let issuer = Issuer::start(&[&key]);
    let control = start(&issuer, &["--four-eyes"]);
    let with_roles = |roles: Value| key.sign("ES256", &issuer.claims(json!({"roles": roles})));
    let tokens = ROLES.map(|role| (role, with_roles(json!([format!("mesh-{role}")])))).into();
    assert_routes_are_open_to_their_roles(&control, &tokens);

    let nobody = policies(&control, &with_roles(json!(["admin", "mesh-unknown", 7])));
    assert!(nobody.status == 403 && nobody.text().contains("nothing gives them a role"), "{}", nobody.text());
    assert_eq!(policies(&control, &with_roles(json!("mesh-viewer"))).status, 200, "one role as text");
    let both = with_roles(json!(["mesh-viewer", "mesh-auditor"]));
    assert_eq!(send(&control, "GET", "/v1/records", &both, &Value::Null).status, 200);

    // The chain knows who looked, but not by what they proved it.
    let export = send(&control, "GET", "/v1/audit/export", &tokens["auditor"], &Value::Null).text();
    assert!(export.contains(&format!("alice ({})", issuer.url)), "{export}");
    for text in [export, control.log()] {
        let signature = both.rsplit('.').next().unwrap();
        assert!(!text.contains(signature), "{text}");
    }
}

#[test]
fn a_token_is_taken_however_it_is_signed_and_no_forged_one_is() {
    let (rsa, ec, ed, encrypts) = (Key::rsa("rsa"), Key::ec("ec"), Key::ed("ed"), Key::ec("encrypts"));
    let stranger = Key::ec("ec");
    let issuer = Issuer::start(&[]);
    let mut for_encryption = encrypts.jwk();
    for_encryption["use"] = json!("enc");
    let unusable = json!({"kid": "new", "kty": "ML-DSA", "pub": "AAAA"});
    issuer.publish(vec![unusable, rsa.jwk(), ec.jwk(), ed.jwk(), for_encryption]);
    let control = start(&issuer, &[]);

    let good = issuer.claims(json!({}));
    let with = |changes: Value| ec.sign("ES256", &issuer.claims(changes));
    let taken = [
        rsa.sign("RS256", &good),
        rsa.sign("PS256", &good),
        ec.sign("ES256", &good),
        ed.sign("EdDSA", &good),
        with(json!({"aud": ["another", "policymesh"]})),
        with(json!({"nbf": now() + 10})),
        with(json!({"exp": now() - 10})),
    ];
    for token in taken {
        let answer = policies(&control, &token);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    let header = |algorithm: &str, key: &Key| json!({"alg": algorithm, "kid": key.id});
    let hs256 = |secret: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        token(&header("HS256", &rsa), &good, |message| hmac::sign(&key, message).as_ref().to_vec())
    };
    let unsigned = |algorithm: &str| token(&header(algorithm, &rsa), &good, |_| Vec::new());
    let by_stranger = |more: Value| {
        let mut header = header("ES256", &stranger);
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stranger.sign_with(&header, &good)
    };
    let signed = ec.sign("ES256", &good);
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let elsewhere = ec.sign("ES256", &issuer.claims(json!({"roles": ["mesh-admin"]})));
    let (other_message, _) = elsewhere.rsplit_once('.').unwrap();
    let forged = [
        (unsigned("none"), "no JWT that is signed"),
        (unsigned("None"), "no JWT that is signed"),
        (unsigned("RS256"), "its signature is wrong"),
        (unsigned("HS256"), "not taken"),
        (hs256(&rsa.public()), "not taken"),
        (hs256(rsa.jwk()["n"].as_str().unwrap().as_bytes()), "not taken"),
        (hs256(rsa.jwk().to_string().as_bytes()), "not taken"),
        (rsa.sign("RS384", &good), "not taken"),
        (rsa.sign_with(&header("RS256", &ec), &good), "no such key"),
        (ec.sign_with(&header("ES256", &rsa), &good), "no such key"),
        (ed.sign_with(&header("EdDSA", &ec), &good), "no such key"),
        (ec.sign_with(&header("EdDSA", &ed), &good), "its signature is wrong"),
        (ec.sign_with(&json!({"alg": "ES256"}), &good), "it names no key"),
        (Key::ec("unknown").sign("ES256", &good), "no such key"),
        (encrypts.sign("ES256", &good), "no such key"),
        (by_stranger(json!({})), "its signature is wrong"),
        (by_stranger(json!({"jwk": stranger.jwk()})), "its signature is wrong"),
        (by_stranger(json!({"jku": "http://127.0.0.1:1/keys"})), "its signature is wrong"),
        (ec.sign_with(&json!({"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false}), &good), "`crit`"),
        (with(json!({"exp": now() - 120})), "it has expired"),
        (with(json!({"exp": null})), "it says `exp` not at all"),
        (with(json!({"exp": "tomorrow"})), "it says `exp` not at all"),
        (with(json!({"nbf": now() + 120})), "it does not hold yet"),
        (with(json!({"nbf": "yesterday"})), "it says `nbf` not at all"),
        (with(json!({"iss": "https://evil.example"})), "another issuer"),
        (with(json!({"iss": null})), "it says `iss` not at all"),
        (with(json!({"aud": "another"})), "another audience"),
        (with(json!({"aud": ["policymesh2"]})), "another audience"),
        (with(json!({"aud": null})), "it says `aud` not at all"),
        (with(json!({"sub": ""})), "it says `sub` not at all"),
        (with(json!({"sub": "a\nb"})), "it says `sub` not at all"),
        (with(json!({"sub": null})), "it says `sub` not at all"),
        (format!("{message}."), "its signature is wrong"),
        (format!("{other_message}.{signature}"), "its signature is wrong"),
        (message.to_owned(), "no JWT"),
        (format!("{signed}.{signature}"), "no JWT"),
        ("a.b.c".to_owned(), "no JWT"),
        ("..".to_owned(), "no JWT"),
    ];
    let mut wrong = Vec::new();
    for (token, reason) in forged {
        let answer = policies(&control, &token);
        let challenged = answer.status == 401 && answer.header("www-authenticate") == "Bearer";
        if !challenged || !answer.text().contains(reason) {
            wrong.push(format!("{reason}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn keys_come_and_go_and_those_that_are_known_are_used_while_the_provider_is_away() {
    let (first, second) = (Key::ec("first"), Key::ec("second"));
    let issuer = Issuer::start(&[&first]);
    issuer.be_away(true);
    // The service starts all the same, and takes nobody until it has a key.
    let control = start(&issuer, &[]);
    let takes = |key: &Key| policies(&control, &key.sign("ES256", &issuer.claims(json!({})))).status == 200;
    wait_for_log(&control, "the identity provider's keys cannot be had");
    assert!(!takes(&first));
    issuer.be_away(false);
    assert!(eventually(|| takes(&first).then_some(())).is_some());

    // A new key is found, though nobody can have the provider asked over and over; an old one is forgotten.
    issuer.publish(vec![second.jwk()]);
    let before = issuer.asked();
    let began = std::time::Instant::now();
    assert!(takes(&first), "what is known is used without asking");
    assert!(eventually(|| takes(&second).then_some(())).is_some());
    assert_eq!(issuer.asked(), before + 1);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(!takes(&first), "the provider has given it up");

    issuer.be_away(true);
    assert!(takes(&second) && !takes(&first));
    for n in 0..30 {
        assert!(!takes(&Key::ec(&n.to_string())));
    }
    assert!(issuer.asked() <= before + 2, "{}", issuer.asked());
    assert!(takes(&second));
}

#[test]
fn the_provider_must_be_reached_in_a_way_that_can_be_believed() {
    let needed: &[&str] = &["--oidc-audience", "policymesh", "--oidc-role", "a=viewer"];
    let refused: [(&[&str], &str); 4] = [
        (&["--oidc-issuer", "http://issuer.example"], "`http://issuer.example` must begin with `https://`"),
        (&["--oidc-issuer", "issuer"], "`issuer` must begin with `https://`"),
        (
            &["--oidc-issuer", "https://issuer.example", "--oidc-role", "a=king"],
            "there is no role `king`, but `viewer`",
        ),
        (&["--oidc-issuer", "https://issuer.example", "--oidc-ca", "/nowhere"], "--oidc-ca: cannot read `/nowhere`"),
    ];
    for (options, reason) in refused {
        let told = Control::start_with(&[needed, options].concat()).err().map(|error| format!("{error:#}"));
        assert!(told.as_ref().is_some_and(|told| told.contains(reason)), "{options:?}: {told:?}");
    }

    // Whoever has a certificate of the authority is asked; this one just has no keys.
    let certificates = Certificates::new();
    let provider = certificates.start([ANY, ANY], &[]).unwrap();
    let url = format!("https://{}", provider.api());
    let authority = certificates.authority.file.display().to_string();
    let believing = |more: &[&str]| Control::start_with(&[needed, &["--oidc-issuer", &url], more].concat()).unwrap();
    wait_for_log(&believing(&["--oidc-ca", &authority]), "answers with status 404");
    wait_for_log(&believing(&[]), "UnknownIssuer");
    assert!(fs::exists(authority).unwrap());
}
