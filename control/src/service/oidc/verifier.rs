//! Signatures of tokens, verified by ring.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, signature};
use ring::signature as ring;

/// Has jsonwebtoken verify in this way.
pub fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(unsupported()),
        verifier_factory: |algorithm, key| Ok(Box::new(Verifier { algorithm: *algorithm, key: key.clone() })),
        // Only for making keys.
        key_utils: KeyUtils::new_unimplemented(),
    };
    // An error means that it is there already.
    let _ = PROVIDER.install_default();
}

struct Verifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

// === impl Verifier ===

impl signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let unparsed = |algorithm: &'static dyn ring::VerificationAlgorithm, key: &[u8]| {
            ring::UnparsedPublicKey::new(algorithm, key).verify(message, signature)
        };
        let rsa = |parameters, n: &[u8], e: &[u8]| {
            let key = ring::RsaPublicKeyComponents { n: significant(n), e: significant(e) };
            key.verify(parameters, message, signature)
        };
        use DecodingKeyKind::{RsaModulusExponent, SecretOrDer};
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, RsaModulusExponent { n, e }) => rsa(&ring::RSA_PKCS1_2048_8192_SHA256, n, e),
            (Algorithm::PS256, RsaModulusExponent { n, e }) => rsa(&ring::RSA_PSS_2048_8192_SHA256, n, e),
            (Algorithm::ES256, SecretOrDer(point)) => unparsed(&ring::ECDSA_P256_SHA256_FIXED, point),
            (Algorithm::EdDSA, SecretOrDer(point)) => unparsed(&ring::ED25519, point),
            _ => return Err(signature::Error::new()),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// A number without the zeros that some issuers write before it.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn unsupported() -> Error {
    ErrorKind::UnsupportedAlgorithm.into()
}
