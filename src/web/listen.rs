//! Listeners: TCP, with TLS or without, for people and programs, a Unix socket for the command line. One task per connection, a limit on
//! their number, a deadline for the request's head; a stop lets requests in flight end.
use super::tls::Tls;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Open connections per listener. Full: the next one waits in the kernel's backlog until another closes.
const CONNECTIONS_MAX: usize = 512;
/// A browser sends its head in one packet; whoever takes longer holds a connection for nothing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Request line and headers.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// After a failed accept (no file handles left): do not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a stop waits for requests in flight.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Tcp(SocketAddr),
    /// The control socket: the file's mode decides who may connect, so this is a local administrator.
    Local,
}

/// Our end of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local(pub SocketAddr);

pub async fn tcp(listener: TcpListener, tls: Option<Tls>, router: Router, shutdown: CancellationToken) {
    let mut connections = Connections::new(router, shutdown);
    while let Some(slot) = connections.slot().await {
        tokio::select! {
            () = connections.shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    let local = stream.local_addr().ok().map(Local);
                    match &tls {
                        None => connections.spawn(stream, Peer::Tcp(peer), local, slot),
                        Some(tls) => connections.spawn_secured(stream, tls, Peer::Tcp(peer), local, slot),
                    }
                }
                Err(error) => pause(&error).await,
            },
        }
    }
    connections.finish().await;
}

pub async fn unix(listener: UnixListener, router: Router, shutdown: CancellationToken) {
    let mut connections = Connections::new(router, shutdown);
    while let Some(slot) = connections.slot().await {
        tokio::select! {
            () = connections.shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connections.spawn(stream, Peer::Local, None, slot),
                Err(error) => pause(&error).await,
            },
        }
    }
    connections.finish().await;
}

/// Binds the control socket with mode 0600 from its first moment: on Linux `bind` takes the file's mode from the
/// unbound socket. A file left by a server that died is replaced; one that answers is not.
pub fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    use rustix::fs::Mode;
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("another server already answers at {}", path.display()),
        ));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    rustix::fs::fchmod(socket.as_fd(), Mode::RUSR | Mode::WUSR)?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    rustix::fs::chmod(path, Mode::RUSR | Mode::WUSR)?;
    socket.listen(64)?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(std::os::unix::net::UnixListener::from(std::os::fd::OwnedFd::from(socket)))
}

async fn pause(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

type Slot = tokio::sync::OwnedSemaphorePermit;

struct Connections {
    router: Router,
    shutdown: CancellationToken,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Connections {
    fn new(router: Router, shutdown: CancellationToken) -> Self {
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Connections { router, shutdown, slots, tasks: TaskTracker::new() }
    }

    /// A free slot, or `None` when it is time to stop.
    async fn slot(&self) -> Option<Slot> {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => None,
            slot = self.slots.clone().acquire_owned() => slot.ok(),
        }
    }

    fn spawn<S>(&mut self, stream: S, peer: Peer, local: Option<Local>, slot: Slot)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, shutdown) = (self.router.clone(), self.shutdown.clone());
        self.tasks.spawn(converse(router, shutdown, stream, peer, local, slot));
    }

    /// The same after a handshake, which holds its slot and has to end in time.
    fn spawn_secured(&mut self, stream: TcpStream, tls: &Tls, peer: Peer, local: Option<Local>, slot: Slot) {
        let (router, shutdown) = (self.router.clone(), self.shutdown.clone());
        let handshake = tls.acceptor().accept(stream);
        self.tasks.spawn(async move {
            match timeout(HEAD_TIMEOUT, handshake).await {
                Ok(Ok(stream)) => converse(router, shutdown, stream, peer, local, slot).await,
                // A browser that does not know our certificate yet looks like this.
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        });
    }

    async fn finish(self) {
        self.tasks.close();
        if timeout(STOP_PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!(open = self.tasks.len(), "web connections were cut at the stop");
        }
    }
}

/// One connection from its first request to its end.
async fn converse<S>(
    router: Router,
    shutdown: CancellationToken,
    stream: S,
    peer: Peer,
    local: Option<Local>,
    slot: Slot,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        local.map(|local| request.extensions_mut().insert(local));
        router.call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A browser that closes its tab looks like this.
        tracing::debug!(%error, "a web connection ended early");
    }
    drop(slot);
}
