//! The whole mesh as an engine: a real Envoy between a real client and stand-in providers.

use serde_json::Value;

use crate::client::Request;
use crate::corpus::{Engine, Observed, Sent};
use crate::mesh::Mesh;

/// A mesh that cases are sent through.
pub struct RealEnvoy(Mesh);

// === impl RealEnvoy ===

impl RealEnvoy {
    /// Starts the mesh for a policy.
    pub fn start(policy: &Value) -> Self {
        Self(Mesh::start(policy).unwrap_or_else(|error| panic!("{error:#}")))
    }
}

impl Engine for RealEnvoy {
    fn decide(&mut self, sent: &Sent) -> Observed {
        let Self(mesh) = self;
        let response = mesh.send(&Request::from(sent));
        let record = mesh.line(&response)["audit"].clone();
        let received = Some(mesh.take_received());
        Observed { record, status: Some(response.status), answer: Some(response.body()), received }
    }
}

impl From<&Sent> for Request {
    fn from(sent: &Sent) -> Self {
        let request = Self::new(&sent.method, &sent.path).chunks(sent.chunks.iter().map(|chunk| chunk.clone().into()));
        let request = sent.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        sent.trailers.iter().fold(request, |request, (name, value)| request.trailer(name, value))
    }
}
