//! The web: pages for people, an API for programs, the control socket for the command line. All of it reads the
//! Switchboard's [`View`] and asks for changes through [`AdminHandle`]; it never touches a call itself.
//!
//! ```text
//!   browser ─ cookie ──┐                    ┌─▶ View      (watch)            GET, /events
//!   program ─ token ───┼─▶ listen ─▶ guard ─┼─▶ AdminHandle (bounded, answered)  PUT, DELETE, POST
//!   hotline … ─ socket ┘                    └─▶ Desk      (the store's side)   sign-in, stories, classes
//! ```
//! Telephones in pages speak SIP over WebSocket (`phone.rs`): the web keeps the connection and hands its messages on.
//!
//! The routes with their roles are one table in `routes.rs`. Errors are `application/problem+json`. HTTP/1.1; a proxy
//! in front may speak more.
mod acts;
mod admin;
mod api;
mod body;
mod change;
pub mod client;
mod desk;
mod flows;
mod guard;
mod language;
mod legs;
mod limit;
mod listen;
mod live;
mod login;
pub mod office;
pub mod openapi;
mod page;
mod phone;
mod problem;
mod reason;
mod reports;
mod routes;
mod russian;
pub mod tls;

pub use admin::{AdminHandle, AdminRequest, Busy, WAITING_MAX};
pub use desk::{Answer, AuditLine, Away, Changed, Desk, PasswordChange, Person, Role, Secret, SignIn, Story};
pub use flows::{
    Failed, FlowList, FlowRow, FlowText, Flows, Found, GraphFormat, NoVersion, Reloaded, StepText, Version,
    WorstCase,
};
pub use guard::Access;
pub use phone::{Line, Phones};
pub use routes::routes;

use crate::clock::Clock;
use crate::switchboard::View;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What an installation decides about its pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Browsers reach this server by https, here or at a proxy in front: cookies are `Secure`.
    pub tls: bool,
    /// Public addresses (`https://board.example`) when a proxy changes the Host header.
    pub origins: Vec<String>,
}

impl Options {
    /// `__Host-` makes the browser refuse a cookie set by another host or without TLS (RFC 6265bis §4.1.3.2).
    fn cookie_name(&self) -> &'static str {
        if self.tls { "__Host-hotline" } else { "hotline_session" }
    }
}

/// Renders the Prometheus text.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;
/// Sets the log filter (`info,hotline::sip=debug`), or says what is wrong with it.
pub type SetLogLevel = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Everything that the pages stand on. Cheap to clone; all listeners share one.
#[derive(Clone)]
pub struct State {
    /// Published with every change, and at least once a second so that its times are fresh.
    pub view: watch::Receiver<Arc<View>>,
    pub admin: AdminHandle,
    pub desk: Arc<dyn Desk>,
    pub metrics: Render,
    pub log_level: SetLogLevel,
    /// Whether calls are being taken; draining is in the view.
    pub ready: watch::Receiver<bool>,
    pub clock: Clock,
    pub options: Options,
    pub phones: Phones,
    pub flows: Option<Arc<dyn Flows>>,
    shared: Arc<Shared>,
}

/// What the listeners share beside the program's parts.
struct Shared {
    live: live::Live,
    attempts: Mutex<limit::Attempts>,
}

/// The name that handlers use.
type App = State;

impl State {
    #[allow(clippy::too_many_arguments)] // each is a part of the program, named at the one place that joins them
    pub fn new(
        view: watch::Receiver<Arc<View>>,
        admin: AdminHandle,
        desk: Arc<dyn Desk>,
        metrics: Render,
        log_level: SetLogLevel,
        ready: watch::Receiver<bool>,
        clock: Clock,
        options: Options,
        phones: Phones,
    ) -> State {
        let shared = Arc::new(Shared { live: live::Live::default(), attempts: Mutex::default() });
        State { view, admin, desk, metrics, log_level, ready, clock, options, phones, flows: None, shared }
    }

    pub fn with_flows(self, flows: Arc<dyn Flows>) -> State {
        State { flows: Some(flows), ..self }
    }
}

/// Serves people and programs until `shutdown`; then lets requests in flight end, for 5 s at most.
pub async fn serve(listener: TcpListener, tls: Option<tls::Tls>, state: State, shutdown: CancellationToken) {
    listen::tcp(listener, tls, routes::router(state, shutdown.clone()), shutdown).await;
}

/// Serves the command line on the control socket: the same routes, as a local administrator. The socket is bound before
/// this returns, mode 0600, and its file is removed at the end.
pub fn serve_unix(
    path: &Path,
    state: State,
    shutdown: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let listener = listen::bind_unix(path)?;
    let path = path.to_path_buf();
    Ok(async move {
        listen::unix(listener, routes::router(state, shutdown.clone()), shutdown).await;
        let _ = std::fs::remove_file(path);
    })
}
