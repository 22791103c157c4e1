//! A stand-in for an identity provider, and whatever somebody could sign who is none.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PSS_SHA256,
};
use serde_json::{Value, json};

/// The provider. It serves until the process ends.
pub struct Issuer {
    /// What its tokens name it by.
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    keys: Vec<Value>,
    away: bool,
    asked: usize,
}

/// A pair of keys.
pub struct Key {
    /// What tokens call it.
    pub id: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

// === impl Issuer ===

impl Issuer {
    /// One with these keys.
    pub fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Self { url: url.clone(), state: Arc::default() };
        issuer.publish(keys.iter().map(|key| key.jwk()).collect());
        let state = Arc::clone(&issuer.state);
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|stream| {
                let _ = answer(stream, &url, &mut state.lock().unwrap());
            });
        });
        issuer
    }

    /// Has these keys from now on.
    pub fn publish(&self, keys: Vec<Value>) {
        self.state.lock().unwrap().keys = keys;
    }

    /// Answers nobody from now on, or everybody again.
    pub fn be_away(&self, away: bool) {
        self.state.lock().unwrap().away = away;
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// What is true of somebody, with changes; a change to `null` takes a claim out.
    pub fn claims(&self, changes: Value) -> Value {
        let mut claims = json!({
            "iss": self.url, "aud": "policymesh", "sub": "alice", "exp": now() + 300, "roles": ["mesh-viewer"],
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }
}

/// Seconds since the Unix epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn answer(mut stream: TcpStream, url: &str, state: &mut State) -> std::io::Result<()> {
    if state.away {
        return Ok(());
    }
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let body = match request.split(' ').nth(1) {
        Some("/.well-known/openid-configuration") => json!({"issuer": url, "jwks_uri": format!("{url}/keys")}),
        Some("/keys") => {
            state.asked += 1;
            json!({"keys": state.keys})
        }
        _ => return Ok(()),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes())
}

// === impl Key ===

impl Key {
    /// The only key of RSA here: making one takes long.
    pub fn rsa(id: &str) -> Self {
        let text: String = include_str!("issuer/rsa.txt").split_whitespace().collect();
        let pair = RsaKeyPair::from_der(&STANDARD.decode(text).unwrap()).unwrap();
        Self { id: id.to_owned(), pair: Pair::Rsa(pair) }
    }

    /// A new key on the curve P-256.
    pub fn ec(id: &str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self { id: id.to_owned(), pair: Pair::Ec(pair) }
    }

    /// A new key of Ed25519.
    pub fn ed(id: &str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { id: id.to_owned(), pair: Pair::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()) }
    }

    /// What the provider tells of it.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kid": self.id, "kty": "RSA", "use": "sig", "n": text(&n), "e": text(&e)})
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kid": self.id, "kty": "EC", "crv": "P-256", "alg": "ES256", "x": text(x), "y": text(y)})
            }
            Pair::Ed(pair) => {
                json!({"kid": self.id, "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
        }
    }

    /// The bytes of the public key, as a verifier has them.
    pub fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// A token that is signed in this way and says that it is.
    pub fn sign(&self, algorithm: &str, claims: &Value) -> String {
        self.sign_with(&json!({"alg": algorithm, "kid": self.id, "typ": "JWT"}), claims)
    }

    /// A token with any header. A key that cannot do what the header says signs as it can.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        token(header, claims, |message| match &self.pair {
            Pair::Rsa(pair) => {
                let padding: &dyn ring::signature::RsaEncoding = match header["alg"].as_str() {
                    Some("PS256") => &RSA_PSS_SHA256,
                    Some("RS384") => &RSA_PKCS1_SHA384,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

/// A token with any header and any signature.
pub fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}
