//! Where the service listens, and connections to it, with TLS or without.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;
use tonic::transport::server::Connected;

use super::Settings;
use super::peer::Peer;
use super::tls::Tls;

/// A place where the service listens.
pub struct Listener {
    address: SocketAddr,
    connections: mpsc::Receiver<Connection>,
}

/// A connection that is ready to be spoken on.
pub struct Connection {
    bytes: Box<dyn Bytes>,
    peer: Peer,
}

/// What carries bytes both ways.
trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

/// How many connections may wait to be taken, if the system lets as many. When a service starts again all its Envoys come at
/// once, and whom there is no place for is reset, or tries again after a second.
const BACKLOG: u32 = 4096;
/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many handshakes go on at a time; more wait for these.
const MOST_HANDSHAKES: usize = 1000;
/// How long to wait after a connection could not be taken, as where there are no more file descriptors.
const PAUSE: Duration = Duration::from_millis(500);

/// Refuses to listen where others reach the service and it is not protected.
pub fn check(settings: &Settings) -> anyhow::Result<()> {
    let Settings { api, xds, tls, .. } = settings;
    let tls_is_there = ("--tls-cert and --tls-key", tls.tls_cert.is_some());
    protected("--api", *api, &[tls_is_there, ("--require-tokens (or --oidc-issuer)", settings.authenticates())])?;
    protected("--xds", *xds, &[tls_is_there, ("--client-ca", tls.client_ca.is_some())])
}

fn protected(option: &str, address: SocketAddr, protections: &[(&str, bool)]) -> anyhow::Result<()> {
    let missing: Vec<_> = protections.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    anyhow::ensure!(
        address.ip().is_loopback() || missing.is_empty(),
        "{option}: `{address}` is not on loopback, where whoever reaches it could use the service: add {}, or listen on \
         127.0.0.1",
        missing.join(" and ")
    );
    Ok(())
}

// === impl Listener ===

impl Listener {
    /// Listens at this address, with TLS where there is any.
    pub fn bind(option: &str, address: SocketAddr, tls: Option<Tls>) -> anyhow::Result<Self> {
        let listener = listen(address).with_context(|| format!("{option}: cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let (sender, connections) = mpsc::channel(1);
        tokio::spawn(take(listener, tls, sender));
        Ok(Self { address, connections })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection; nothing where there are no more.
    pub async fn accept(&mut self) -> Option<Connection> {
        self.connections.recv().await
    }
}

impl Stream for Listener {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.poll_recv(context).map(|taken| taken.map(Ok))
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Takes connections until nobody wants any more. Handshakes do not wait for one another.
async fn take(listener: TcpListener, tls: Option<Tls>, sender: mpsc::Sender<Connection>) {
    let handshakes = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else { return };
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = sender.closed() => return,
        };
        let (stream, peer) = match taken {
            Ok(taken) => taken,
            Err(reason) => {
                tracing::warn!(%reason, "a connection cannot be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // The certificates that are in force now.
        let config = tls.as_ref().map(|tls| Arc::clone(&tls.borrow()));
        let sender = sender.clone();
        tokio::spawn(async move {
            match connection(stream, config).await {
                Ok(connection) => drop(sender.send(connection).await),
                Err(reason) => tracing::warn!(%peer, %reason, "a connection is refused"),
            }
            drop(permit);
        });
    }
}

async fn connection(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    Ok(match tls {
        Some(config) => {
            let handshake = tokio::time::timeout(PATIENCE, TlsAcceptor::from(config).accept(stream));
            let stream = handshake.await??;
            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let peer = shown.map(Peer::with).unwrap_or_default();
            Connection { bytes: Box::new(stream), peer }
        }
        None => Connection { bytes: Box::new(stream), peer: Peer::default() },
    })
}

// === impl Connection ===

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().bytes).poll_read(context, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().bytes).poll_write(context, from)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().bytes).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.bytes.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().bytes).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().bytes).poll_shutdown(context)
    }
}
