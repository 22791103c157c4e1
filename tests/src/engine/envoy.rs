//! The whole mesh as an engine: a real Envoy between a real client and stand-in providers.

use anyhow::{Context, Result};
use policy::case::Sent;
use serde_json::Value;

use crate::client::{Request, Version};
use crate::corpus::{Engine, Observed};
use crate::mesh::Mesh;

/// A mesh that cases are sent through.
pub struct RealEnvoy {
    mesh: Mesh,
    version: Version,
}

// === impl RealEnvoy ===

impl RealEnvoy {
    /// Starts the mesh for a policy. Cases go through it over this version of HTTP, and say in a header which client they are.
    pub fn start(policy: &Value, version: Version) -> Result<Self> {
        Ok(Self { mesh: Mesh::start_behind_authentication(policy)?, version })
    }

    fn request(&self, sent: &Sent) -> Request {
        match self.version {
            Version::Http1 => Request::from(sent),
            Version::Http2 => Request::from(sent).http2(),
        }
    }
}

impl Engine for RealEnvoy {
    fn decide(&mut self, sent: &Sent) -> Result<Observed> {
        let mesh = &self.mesh;
        let response = self.request(sent).send(mesh.envoy.address())?;
        let line = mesh.find_line(&response).with_context(|| format!("{response:?} has no line in the access log"));
        let received = Some(mesh.take_received());
        let record = line?["audit"].clone();
        Ok(Observed { record, status: Some(response.status), answer: Some(response.body()), received })
    }
}

impl From<&Sent> for Request {
    fn from(sent: &Sent) -> Self {
        let request = Self::new(&sent.method, &sent.path).chunks(sent.chunks.iter().map(|chunk| chunk.clone().into()));
        let request = sent.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        sent.trailers.iter().fold(request, |request, (name, value)| request.trailer(name, value))
    }
}
