//! Starting, in the order in which parts need each other, and stopping in the reverse order.
use super::control::{self, Order, Parts};
use super::flows::{Flows, Opened};
use super::{deliver, disk, holder, retention};
use crate::clock::Clock;
use crate::config::{Config, DigestOffer, WebTls};
use crate::desk::{self, Desk, Papers};
use crate::ids::OperatorId;
use crate::machine::Wall;
use crate::media::prompt::PromptSet;
use crate::outbound::{self, Mailer, Outbound};
use crate::queue::PoolSettings;
use crate::recorder::Recorder;
use crate::shard::{self, LAG_BOUNDS_US, LAG_BUCKETS, Shards};
use crate::sip::digest::Algorithm;
use crate::sip::{self, Stack, Transport};
use crate::store::{self, Accounts, Shared, Writer};
use crate::switchboard::{Settings, Switchboard, View};
use crate::telemetry::{LogLevel, MediaStats, Metrics};
use crate::web;
use crate::wire;
use crate::wire::limits::{Capacity, Inspector, Limits};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// What a stopping server waits for: the last batch of records, then the pages' requests in flight.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);
/// A call at its usual largest: the caller's leg and an operator's.
const LEGS_PER_CALL: usize = 2;
/// Seats whose callers never came back are forgotten after this time, which is longer than any `credit_within`.
const SEATS_KEPT: Duration = Duration::from_secs(3600);
const ORDERS_MAX: usize = 8;
/// A public address that is nobody's (RFC 5737): what leaves for it shows the machine's usual address. Nothing is sent.
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Store(#[from] store::Error),
    #[error("{0}")]
    Accounts(#[from] store::accounts::AccountError),
    #[error("{what} {address} cannot be opened: {error}; {hint}")]
    Listen { what: &'static str, address: String, error: std::io::Error, hint: String },
    #[error("{what}: {error}")]
    Io { what: &'static str, error: std::io::Error },
    #[error("{0}")]
    Tls(#[from] web::tls::TlsError),
    #[error("smtp: {0}")]
    Mail(#[from] outbound::MailFailure),
    #[error("{0}")]
    Http(#[from] outbound::SetupError),
}

pub struct Options {
    pub clock: Clock,
    pub data_dir: PathBuf,
    pub log_level: LogLevel,
    pub flows: Opened,
    pub settings: Settings,
    /// Randomness of SIP tags, nonces and the queue; from the operating system, except in tests.
    pub seed: u64,
}

/// A server that answers.
pub struct Running {
    /// Where SIP is really listening (port 0 was resolved).
    pub sip: Vec<(Transport, SocketAddr)>,
    pub web: SocketAddr,
    /// `http` or `https`.
    pub web_scheme: &'static str,
    pub first_admin: Option<store::accounts::FirstAdmin>,
    pub calls_max: usize,
    pub store: Shared,
    orders: mpsc::Sender<Order>,
    stop: Option<oneshot::Sender<()>>,
    control: Option<std::thread::JoinHandle<()>>,
    shutdown: CancellationToken,
    wire: wire::Wire,
    writer: Writer,
    recorder: Option<Recorder>,
    ready: watch::Sender<bool>,
    view: watch::Receiver<Arc<View>>,
    flows: Flows,
}

pub async fn start(config: &Config, options: Options) -> Result<Running, StartError> {
    let Options { clock, data_dir, log_level, flows, mut settings, seed } = options;
    let now = Clock::wall();

    let store = store::open(&config.storage_url(&data_dir)).await?;
    let writer = Writer::start(store.clone(), data_dir.join("unwritten.jsonl"));
    // What the last process put aside is written before its open calls are closed.
    writer.flush(FLUSH_WITHIN).await;
    let orphans = store.close_open_calls(now).await?;
    if orphans > 0 {
        tracing::warn!(calls = orphans, "the last process ended without closing its calls");
    }
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    store.declare_operators(config.declared_operators()).await?;
    let first_admin = Accounts::new(store.clone()).first_admin(&data_dir, now).await?;
    let lost_seats = store.lost_seats(now, Wall(now.0 - SEATS_KEPT.as_millis() as i64)).await?;
    let journal_seq = store.last_seq().await?;
    let operators = store.operators().await?;
    add_operators(&mut settings.pools, &operators);

    shard::raise_file_limit();
    let shards = usize::from(settings.shards);
    let (prompts, faults) = PromptSet::load(&config.prompts.dir);
    for fault in &faults {
        tracing::error!(%fault, "a recording cannot be played");
    }
    let recordings = config.recording_dir(&data_dir);
    let (recorder, taps) =
        Recorder::start(&recordings, shards).map_err(|error| StartError::Io { what: "recorder", error })?;
    let media = shard_options(config, shards, clock);
    let (shards, legs) =
        Shards::start(media, Arc::new(prompts), taps).map_err(|error| media_taken(config, error))?;
    let meter = shards.meter();
    let calls_max =
        config.sip.max_calls.or(u32::try_from(shards.capacity() / LEGS_PER_CALL).unwrap_or(u32::MAX))
            as usize;
    settings.calls_max = calls_max;

    let outbound = Outbound::new(outbound::Options {
        allow: config.outbound.networks.iter().map(|network| network.0).collect(),
    })?;
    deliver::start(store.clone(), outbound.clone());
    let metrics = Arc::new(Metrics::new());
    let capacity = Capacity::new(calls_max);
    let wire_options = wire::Options {
        udp: config.sip.udp.iter().map(|listen| listen.0).collect(),
        tcp: config.sip.tcp.iter().map(|listen| listen.0).collect(),
        // Without it a phone whose program is gone would be 408 after 32 s instead of 503 at once.
        report_icmp: Some(shard::report_icmp),
        ..wire::Options::default()
    };
    let trusted = settings.trunks.iter().chain(&settings.test_sources).copied().collect();
    let limits = Limits { trusted, ..Limits::default() };

    let guarded = settings.features.guarded();
    let mut switchboard = Switchboard::new(settings, flows.set.clone(), seed);
    for operator in &operators {
        switchboard.restore_choice(&OperatorId::from(operator.id.as_str()), operator.paused.clone());
    }
    if !lost_seats.is_empty() {
        tracing::warn!(
            seats = lost_seats.len(),
            "callers who waited or talked when the last process ended may come back"
        );
    }
    switchboard.restore_seats(lost_seats, clock.now());
    switchboard.restore_orders(store.orders().await?, clock.now());
    let secrets: Vec<_> = operators
        .iter()
        .filter_map(|operator| {
            operator.secret.as_ref().map(|secret| (operator.id.clone(), secret.ha1.clone()))
        })
        .collect();

    let min_free = config.recording.min_free;
    let disk_of = recordings.clone();
    let disk = disk::start(min_free, move || disk::space(&disk_of));
    let papers = papers(config, &recordings, &outbound)?;
    retention::start(config, store.clone(), recordings);

    let (view, view_out) = watch::channel(Arc::new(View::default()));
    let (admin, admin_in) = web::AdminHandle::new();
    let (orders, orders_in) = mpsc::channel(ORDERS_MAX);
    let flows = Flows::new(flows, orders.clone(), metrics.clone());
    let (stop, stopped) = oneshot::channel();
    let (ready, ready_out) = watch::channel(false);
    let (bound_in, bound) = oneshot::channel();
    let mut sip_config = sip::Config {
        domain: config.sip.domain.clone(),
        digest: match config.sip.digest {
            DigestOffer::Both => Algorithm::ALL.to_vec(),
            DigestOffer::Sha256 => vec![Algorithm::Sha256],
            DigestOffer::Md5 => vec![Algorithm::Md5],
        },
        guarded,
        external_address: config.sip.external_address,
        legs_max: calls_max * 4,
        ..sip::Config::default()
    };
    let runtime = tokio::runtime::Handle::current();
    let realtime = config.media.realtime != crate::config::Realtime::Off;
    let parts_metrics = metrics.clone();
    let alerts = config.alerts.webhook.as_ref().map(|to| to.reveal().to_string());
    let mail_alerts = alerts_by_mail(config, papers.mailer.clone());
    let flow_failure = flows.failure();
    let (control_store, control_writer) = (store.clone(), writer.clone());
    let control = std::thread::Builder::new()
        .name("control".into())
        .spawn(move || {
            // Like the media threads, so that they never starve the one that answers their keys; they log a refusal.
            if realtime {
                let _ = shard::ask_for_realtime();
            }
            let own = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(own) => own,
                Err(error) => {
                    let _ = bound_in.send(Err(error));
                    return;
                }
            };
            own.block_on(async move {
                let (wire, inbound) =
                    match wire::start(wire_options, Inspector::new(limits, capacity.clone()), clock).await {
                        Ok(started) => started,
                        Err(error) => {
                            let _ = bound_in.send(Err(error));
                            return;
                        }
                    };
                sip_config.listeners = wire.listeners().to_vec();
                sip_config.local_address = wire.local_toward(ANYWHERE);
                let mut shards = shards;
                let here = wire.clone();
                shards.show(Box::new(move |peer| here.local_toward(peer)));
                let mut stack = Stack::new(sip_config, seed ^ 0x5349_5020);
                let mut out = Vec::new();
                for (user, ha1) in secrets {
                    stack.command(sip::Command::SetSecret { user, ha1: Some(ha1) }, clock.now(), &mut out);
                }
                let _ = bound_in.send(Ok(wire.clone()));
                let parts = Parts {
                    clock,
                    stack,
                    switchboard,
                    wire,
                    inbound,
                    capacity,
                    shards,
                    store: control_store,
                    writer: control_writer,
                    outbound,
                    metrics: parts_metrics,
                    disk,
                    alerts,
                    mail_alerts,
                    flow_failure,
                    admin: admin_in,
                    commands: orders_in,
                    view,
                    runtime,
                    journal_seq,
                };
                control::run(parts, legs, stopped).await;
            });
        })
        .map_err(|error| StartError::Io { what: "control thread", error })?;
    let wire = match bound.await {
        Ok(Ok(wire)) => wire,
        Ok(Err(error)) => {
            // While it closes its media sockets, the kernel's table, which names the holder, reads with gaps.
            let _ = control.join();
            return Err(sip_taken(config, error));
        }
        Err(_) => {
            let error = std::io::Error::other("it ended at once");
            return Err(StartError::Io { what: "control thread", error });
        }
    };

    let listen = config.web.listen.0;
    let listener = TcpListener::bind(listen).await.map_err(|error| StartError::Listen {
        what: "web address",
        address: listen.to_string(),
        hint: taken_hint(&error, listen.port(), "web.listen in config.yaml, or WEB_PORT=… for make run"),
        error,
    })?;
    let web_address = listener.local_addr().map_err(|error| StartError::Io { what: "web address", error })?;
    let media = Mutex::new(MediaCounters::default());
    let render = {
        let (metrics, view, wire) = (metrics.clone(), view_out.clone(), wire.clone());
        Arc::new(move || {
            let view = view.borrow().clone();
            metrics.render(
                &view,
                &media.lock().unwrap_or_else(PoisonError::into_inner).read(&meter),
                &sip_stats(&wire),
            )
        })
    };
    let set_level = Arc::new(move |filter: &str| log_level.set(filter).map_err(|error| error.to_string()));
    let tls = web_tls(config, &data_dir, web_address)?;
    let web_options = web::Options { tls: tls.is_some(), origins: config.web.origins.clone() };
    let desk = Arc::new(Desk::new(store.clone(), config.zone()).with(papers));
    let sip_side = wire.clone();
    let phones = web::Phones {
        domain: config.sip.domain.clone(),
        incoming_max: wire::websocket::INCOMING_MAX,
        outgoing_max: wire::websocket::OUTGOING_MAX,
        take: Arc::new(move |line| sip_side.browser(line.hop, line.incoming, line.outgoing)),
    };
    let state =
        web::State::new(view_out, admin, desk, render, set_level, ready_out, clock, web_options, phones)
            .with_flows(Arc::new(flows.clone()));
    let shutdown = CancellationToken::new();
    flows.follow(clock, shutdown.clone());
    let drained_view = state.view.clone();
    let socket = socket_path(&data_dir);
    let unix = web::serve_unix(&socket, state.clone(), shutdown.clone())
        .map_err(|error| StartError::Io { what: "control socket", error })?;
    tokio::spawn(unix);
    let secured = tls.is_some();
    tls.clone().map(|tls| tokio::spawn(tls.follow(shutdown.clone())));
    tokio::spawn(web::serve(listener, tls, state, shutdown.clone()));
    let _ = ready.send(true);
    Ok(Running {
        sip: wire.listeners().to_vec(),
        web: web_address,
        web_scheme: if secured { "https" } else { "http" },
        first_admin,
        calls_max,
        store,
        orders,
        stop: Some(stop),
        control: Some(control),
        shutdown,
        wire,
        writer,
        recorder: Some(recorder),
        ready,
        view: drained_view,
        flows,
    })
}

impl Running {
    /// The flows in force.
    pub fn flows(&self) -> &Flows {
        &self.flows
    }

    /// Refuses new calls, and comes back when the last one has ended.
    pub async fn drain(&self) {
        let (done, drained) = oneshot::channel();
        if self.orders.send(Order::Drain(done)).await.is_ok() {
            let _ = drained.await;
        }
    }

    /// Comes back when somebody asked for a drain (`hotline drain`) and the last call has ended.
    pub async fn drained_by_request(&self) {
        let mut view = self.view.clone();
        let _ = view.wait_for(|view| view.draining && view.calls.is_empty()).await;
    }

    /// Ends what is left, writes what is known, and closes.
    pub async fn stop(mut self) {
        let _ = self.ready.send(false);
        self.shutdown.cancel();
        drop(self.stop.take());
        if let Some(control) = self.control.take() {
            let _ = tokio::task::spawn_blocking(move || control.join()).await;
        }
        // Not before: calls of theirs were still to be told that they end.
        self.wire.close_browsers();
        if !self.writer.close(FLUSH_WITHIN).await {
            tracing::error!("the store did not take the last records in time; they are in unwritten.jsonl");
        }
        if let Some(recorder) = self.recorder.take() {
            // Its thread writes what is in the rings and closes the files.
            let _ = tokio::task::spawn_blocking(move || recorder.stop()).await;
        }
        self.store.close().await;
    }
}

fn alerts_by_mail(config: &Config, mailer: Option<Mailer>) -> Option<control::MailAlert> {
    let to = config.alerts.email.clone()?;
    let Some(mailer) = mailer else {
        tracing::warn!("alerts.email is set and smtp is not: no alert goes out by e-mail");
        return None;
    };
    let runtime = tokio::runtime::Handle::current();
    Some(Box::new(move |subject, text| {
        let (mailer, to) = (mailer.clone(), to.clone());
        let (subject, text) = (subject.to_string(), text.to_string());
        runtime.spawn(async move {
            if let Err(error) = mailer.send(&to, &subject, &text).await {
                tracing::warn!(%error, "an alert did not go out by e-mail");
            }
        });
    }))
}

fn papers(config: &Config, recordings: &Path, outbound: &Outbound) -> Result<Papers, StartError> {
    use crate::config::SmtpTls;
    let mailer = config.smtp.as_ref().map(|smtp| {
        Mailer::new(&outbound::MailOptions {
            host: smtp.host.clone(),
            port: smtp.port,
            tls: match smtp.tls {
                SmtpTls::Starttls => outbound::MailTls::Starttls,
                SmtpTls::Implicit => outbound::MailTls::Implicit,
                SmtpTls::Off => outbound::MailTls::Off,
            },
            credentials: smtp
                .user
                .clone()
                .zip(smtp.password.as_ref().map(|password| password.reveal().to_string())),
            from: smtp.from.clone(),
        })
    });
    let template = config.smtp.as_ref().and_then(|smtp| smtp.template.clone());
    Ok(Papers {
        config: crate::config::show_json(config),
        dispositions: config.dispositions.clone(),
        recordings: recordings.to_path_buf(),
        prompts: config.prompts.dir.clone(),
        mailer: mailer.transpose()?,
        template: template.unwrap_or_else(|| desk::template(config.language).to_string()),
        outbound: Some(outbound.clone()),
    })
}

/// Operators that live in the database only (`hotline operator add`) join their queues' pool.
fn add_operators(pools: &mut [PoolSettings], operators: &[store::Operator]) {
    for operator in operators.iter().filter(|operator| !operator.declared) {
        let settings = operator.settings.clone();
        let pool =
            pools.iter_mut().find(|pool| settings.queues.iter().any(|queue| pool.queues.contains_key(queue)));
        match pool {
            Some(pool) => {
                pool.operators.insert(operator.id.clone(), settings);
            }
            None => tracing::warn!(operator = %operator.id, "serves no queue of this configuration"),
        }
    }
}

fn shard_options(config: &Config, shards: usize, clock: Clock) -> shard::Options {
    use crate::config::{Auto, Realtime};
    let unspecified = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let address = match config.media.address {
        Auto::Is(address) => address,
        Auto::Auto => match config.sip.udp.first().or(config.sip.tcp.first()) {
            Some(listen) if !listen.0.ip().is_unspecified() => listen.0.ip(),
            _ => unspecified,
        },
    };
    shard::Options {
        address,
        advertised: config.sip.external_address,
        ports: config.media.ports.range(),
        shards,
        browsers: Some(config.media.webrtc_port),
        realtime: config.media.realtime != Realtime::Off,
        rtp_timeout: config.media.rtp_timeout,
        clock,
        seed: None,
    }
}

/// The certificate of the pages, if they are to have one.
fn web_tls(config: &Config, data_dir: &Path, web: SocketAddr) -> Result<Option<web::tls::Tls>, StartError> {
    use web::tls::{Files, Tls};
    let files = match &config.web.tls {
        WebTls::Off => return Ok(None),
        WebTls::Files { cert, key } => Files { certificate: cert.clone(), key: key.clone() },
        WebTls::SelfSigned => {
            let mut names = vec!["localhost".to_string(), Ipv4Addr::LOCALHOST.to_string()];
            let addresses = [Some(web.ip()), config.sip.external_address];
            names.extend(addresses.into_iter().flatten().map(|ip| ip.to_string()));
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            // A name that is none would refuse the certificate as a whole.
            if host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
                names.push(host);
            }
            Files::own(data_dir, names)?
        }
    };
    Ok(Some(Tls::new(files)?))
}

fn sip_taken(config: &Config, error: std::io::Error) -> StartError {
    let address = config.sip.udp.first().map(|listen| listen.0.to_string()).unwrap_or_default();
    let port = config.sip.udp.iter().chain(&config.sip.tcp).map(|listen| listen.0.port()).next().unwrap_or(0);
    let hint = taken_hint(&error, port, "sip.udp and sip.tcp in config.yaml, or SIP_PORT=… for make run");
    StartError::Listen { what: "SIP address", address, error, hint }
}

fn media_taken(config: &Config, error: std::io::Error) -> StartError {
    let ports = config.media.ports.range();
    let hint = taken_hint(&error, *ports.start(), "media.ports in config.yaml, or RTP_PORTS=… for make run");
    StartError::Listen {
        what: "media ports",
        address: format!("{}-{}", ports.start(), ports.end()),
        error,
        hint,
    }
}

fn taken_hint(error: &std::io::Error, port: u16, setting: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            let holder = holder::of_port(port).unwrap_or("another process".into());
            format!("{holder} holds this port: stop it, or set {setting}")
        }
        std::io::ErrorKind::PermissionDenied => format!("ports below 1024 need a right: set {setting}"),
        _ => format!("see {setting}"),
    }
}

/// The shards' counters as the metrics want them. The lag is the worst since it was asked last, as fine as the histogram's
/// bounds: the worst since the start would tell of one bad moment for ever.
#[derive(Default)]
struct MediaCounters {
    seen: Vec<[u64; LAG_BUCKETS]>,
}

impl MediaCounters {
    fn read(&mut self, meter: &shard::Meter) -> MediaStats {
        let mut all = MediaStats::default();
        let shards = meter.stats();
        self.seen.resize(shards.len(), [0; LAG_BUCKETS]);
        for (shard, seen) in shards.iter().zip(&mut self.seen) {
            all.packets_received += shard.packets_in;
            all.packets_sent += shard.packets_out;
            all.packets_lost += shard.lost;
            all.packets_rejected += shard.rejected;
            all.jitter = all.jitter.max(Duration::from_micros(shard.jitter_max_us));
            let worst = shard.lag.iter().zip(*seen).rposition(|(now, before)| *now > before);
            let lag_us =
                worst.map_or(0, |bucket| LAG_BOUNDS_US.get(bucket).copied().unwrap_or(shard.lag_max_us));
            all.tick_lag = all.tick_lag.max(Duration::from_micros(lag_us));
            *seen = shard.lag;
        }
        all
    }
}

fn sip_stats(wire: &wire::Wire) -> crate::telemetry::SipStats {
    use crate::telemetry::Direction;
    let counters = wire.counters();
    let mut stats = crate::telemetry::SipStats::default();
    for (method, count) in &counters.requests_in {
        stats.request(method, Direction::In, *count);
    }
    for (method, count) in &counters.requests_out {
        stats.request(method, Direction::Out, *count);
    }
    for ((method, code), count) in counters.responses_in.iter().chain(&counters.responses_out) {
        stats.response(method, *code, *count);
    }
    stats
}

/// Where the command line finds a running server.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("hotline.sock")
}
