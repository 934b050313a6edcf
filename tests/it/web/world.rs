//! A web server on a free port, over the real store, with a view that tests change and a control thread that does what
//! it is asked.
use hotline::call::{CallEvent, CallRecord, Keep};
use hotline::cause::{CallResult, Cause};
use hotline::class::Class;
use hotline::clock::Clock;
use hotline::desk::Papers;
use hotline::ids::{CallId, OperatorId, QueueName};
use hotline::machine::Wall;
use hotline::outbound::{self, Outbound};
use hotline::queue::Choice;

use hotline::store::{self, Accounts, Entry, Store};
use hotline::switchboard::view::{CallView, OperatorView, QueueCounts, QueueOperators, QueueView};
use hotline::switchboard::{Admin, Outcome, View};
use hotline::telemetry::{MediaStats, Metrics, SipStats};
use hotline::web::{self, AdminHandle, AdminRequest, Role, State};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub const CALL: &str = "01jd2x9k7q8ab";
pub const PASSWORD: &str = "correct horse battery";
/// Nothing here takes a second; this only ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    pub state: State,
    pub outbound: Outbound,
    pub store: Arc<dyn Store>,
    pub accounts: Accounts,
    pub ready: watch::Sender<bool>,
    pub dir: tempfile::TempDir,
    view: Arc<watch::Sender<Arc<View>>>,
    asked: Arc<Mutex<Vec<Admin>>>,
    address: SocketAddr,
    shutdown: CancellationToken,
    servers: TaskTracker,
}

pub fn now() -> Wall {
    Clock::wall()
}

impl World {
    pub async fn start() -> World {
        World::start_with(|_| {}).await
    }

    /// With other papers than an office that has everything but a mail server.
    pub async fn start_with(change: impl FnOnce(&mut Papers)) -> World {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("hotline.db").display());
        let store: Arc<dyn Store> = store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let accounts = Accounts::new(store.clone());
        for (user, role) in [("boss", store::Role::Admin), ("101", store::Role::Operator)] {
            accounts.add_user(user, role, PASSWORD, false, now()).await.unwrap();
        }
        let (view_sender, view) = watch::channel(Arc::new(first_view()));
        let (ready, ready_receiver) = watch::channel(true);
        let (admin, requests) = AdminHandle::new();
        let (view_sender, asked) = (Arc::new(view_sender), Arc::default());
        tokio::spawn(control(requests, view_sender.clone(), Arc::clone(&asked)));
        let outbound = Outbound::new(outbound::Options { allow: vec!["127.0.0.0/8".parse().unwrap()] });
        let outbound = outbound.unwrap();
        let mut papers = Papers {
            config: serde_json::json!({ "language": "ru" }),
            dispositions: vec!["solved".into(), "call back".into()],
            recordings: dir.path().join("recordings"),
            prompts: concat!(env!("CARGO_MANIFEST_DIR"), "/prompts").into(),
            mailer: None,
            template: "{text}\n-- {ticket}".into(),
            outbound: Some(outbound.clone()),
        };
        change(&mut papers);
        let metrics = Metrics::new();
        let of = view.clone();
        let render = move || metrics.render(&of.borrow(), &MediaStats::default(), &SipStats::default());
        let state = State::new(
            view,
            admin,
            Arc::new(hotline::desk::Desk::new(store.clone(), hotline::clock::Zone::utc()).with(papers)),
            Arc::new(render),
            Arc::new(|filter| if filter.contains("loud") { Err("no such level".into()) } else { Ok(()) }),
            ready_receiver,
            Clock::start(),
            web::Options::default(),
            web::Phones {
                domain: "hotline.test".into(),
                incoming_max: 8,
                outgoing_max: 8,
                take: Arc::new(|_| false),
            },
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, servers) = (CancellationToken::new(), TaskTracker::new());
        servers.spawn(web::serve(listener, None, state.clone(), shutdown.clone()));
        World {
            outbound,
            state,
            store,
            accounts,
            ready,
            dir,
            view: view_sender,
            asked,
            address,
            shutdown,
            servers,
        }
    }

    pub fn serve_unix(&self) -> PathBuf {
        let path = self.dir.path().join("hotline.sock");
        let server = web::serve_unix(&path, self.state.clone(), self.shutdown.clone()).unwrap();
        self.servers.spawn(server);
        path
    }

    pub async fn stop(&self) {
        self.shutdown.cancel();
        self.servers.close();
        tokio::time::timeout(PATIENCE, self.servers.wait()).await.unwrap();
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn change(&self, change: impl FnOnce(&mut View)) {
        publish(&self.view, change);
    }

    /// What has reached the switchboard so far.
    pub async fn asked(&self) -> Vec<Admin> {
        self.asked.lock().unwrap().clone()
    }

    /// `Bearer …` of a program named like its role.
    pub async fn token(&self, role: Role) -> String {
        let role = store::Role::parse(role.as_str()).unwrap();
        let token = self.accounts.add_token(role.as_str(), role, now()).await.unwrap();
        format!("Bearer {}", token.reveal())
    }

    pub async fn sign_in(&self, user: &str) -> String {
        let login = serde_json::json!({ "user": user, "password": PASSWORD });
        let answer = self.ask("POST", "/api/v1/login", &[], Some(&login)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("set-cookie").split(';').next().unwrap().to_string()
    }

    pub async fn keep_ended_call(&self, caller: &str) -> CallId {
        let id = CallId::new(now().0, 9);
        let record = CallRecord {
            id,
            sip_call_id: "a@b".into(),
            line: "qiwi-hotline".into(),
            caller: caller.into(),
            verified: true,
            class: Class::Standard,
            queue: Some(QueueName::from("wallet")),
            started_at: now(),
            enqueued_at: Some(now()),
            offered_at: None,
            answered_at: None,
            ended_at: Some(now()),
            wait_ms: Some(41_200),
            operator: None,
            result: Some(CallResult::Abandoned),
            hangup_by: Some(hotline::cause::HangupBy::Caller),
            cause: Some(Cause::Abandoned),
            path: "hotline/main hotline/specialist".into(),
            caller_quality: None,
            operator_quality: None,
        };
        let detail = BTreeMap::from([("queue".to_string(), "wallet".to_string())]);
        let event = CallEvent { call: id, at: now(), kind: "enqueued".into(), detail };
        let entries = [Entry::Keep(Keep::Call(Box::new(record))), Entry::Keep(Keep::Event(event))];
        self.store.write(&entries).await.unwrap();
        id
    }

    pub async fn ask(
        &self,
        method: &str,
        route: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut headers = headers.to_vec();
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, route, &headers, body.map(Value::to_string).unwrap_or_default()).await
    }

    pub async fn send(&self, method: &str, route: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let answer = self.open(method, route, headers, body).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            Bytes::new()
        } else {
            tokio::time::timeout(PATIENCE, answer.into_body().collect()).await.unwrap().unwrap().to_bytes()
        };
        Answer { status, headers, body }
    }

    pub async fn events(&self, token: &str, last: Option<&str>) -> Events {
        let mut headers = vec![("authorization", token)];
        headers.extend(last.map(|last| ("last-event-id", last)));
        let answer = self.open("GET", "/api/v1/events", &headers, String::new()).await;
        assert_eq!(answer.status(), 200);
        Events { body: answer.into_body(), text: String::new() }
    }

    async fn open(
        &self,
        method: &str,
        route: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Response<Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request =
            Request::builder().method(method).uri(route).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        tokio::time::timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub struct Answer {
    pub status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

/// An open stream of Server-Sent Events.
pub struct Events {
    body: Incoming,
    text: String,
}

pub struct SentEvent {
    pub id: String,
    pub data: Value,
}

impl Events {
    /// The next event of this name; others in between are passed over.
    pub async fn next(&mut self, name: &str) -> SentEvent {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |key: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(key))
                        .unwrap_or_default()
                        .trim()
                        .to_string()
                };
                let (kind, id, data) = (field("event:"), field("id:"), field("data:"));
                self.text = rest.to_string();
                if kind == name {
                    return SentEvent { id, data: serde_json::from_str(&data).unwrap() };
                }
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect(name);
            let data = frame.expect("the stream ended").unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    pub async fn ended(&mut self) -> bool {
        loop {
            match tokio::time::timeout(PATIENCE, self.body.frame()).await {
                Ok(None) => return true,
                Ok(Some(Ok(_))) => continue,
                _ => return false,
            }
        }
    }
}

fn publish(view: &watch::Sender<Arc<View>>, change: impl FnOnce(&mut View)) {
    let mut next = View::clone(&view.borrow());
    change(&mut next);
    next.version += 1;
    view.send_replace(Arc::new(next));
}

/// Does what it is asked as the switchboard would, as far as the view shows it.
async fn control(
    mut requests: mpsc::Receiver<AdminRequest>,
    view: Arc<watch::Sender<Arc<View>>>,
    asked: Arc<Mutex<Vec<Admin>>>,
) {
    while let Some(request) = requests.recv().await {
        let (what, answer) = match request {
            AdminRequest::Do(what, answer) => (what, answer),
            AdminRequest::Pass(_, _, _, answer) => {
                let _ = answer.send(());
                continue;
            }
            AdminRequest::Orders(answer) => {
                let _ = answer.send(Vec::new());
                continue;
            }
            AdminRequest::Why(_, answer) => {
                let _ = answer.send(None);
                continue;
            }
        };
        asked.lock().unwrap().push(what.clone());
        let known = |call: &CallId| view.borrow().calls.iter().any(|known| known.id == *call);
        let outcome = match &what {
            Admin::HangUp { call } if !known(call) => Outcome::NoSuchCall,
            Admin::SetOperator { operator, choice } => {
                publish(&view, |view| {
                    for known in view.operators.iter_mut().filter(|known| known.id == *operator) {
                        (known.state, known.reason) = match choice {
                            Choice::Ready => ("ready", None),
                            Choice::Paused { reason } => ("paused", Some(reason.clone())),
                        };
                    }
                });
                Outcome::Done
            }
            _ => Outcome::Done,
        };
        let _ = answer.send(outcome);
    }
}

fn first_view() -> View {
    let operator = |id: &str, name: &str| OperatorView {
        id: OperatorId::from(id),
        name: name.into(),
        pool: "main".into(),
        state: "ready",
        reason: None,
        since_ms: 5000,
        left_ms: None,
        queues: vec!["wallet".into()],
        call: None,
        next: None,
    };
    View {
        arms: Vec::new(),
        announcement: None,
        alerts: Vec::new(),
        alerts_recent: Vec::new(),
        version: 1,
        draining: false,
        disk_nearly_full: false,
        queues: vec![QueueView {
            closed: None,
            name: "wallet".into(),
            pool: "main".into(),
            waiting: BTreeMap::from([(Class::Priority, 0), (Class::Standard, 1)]),
            longest_wait_s: 41.2,
            p10: Some(0.97),
            service_level: Some(0.88),
            expected_wait_s: Some(120.0),
            reserve: 1,
            missing: 0,
            reserve_cost_s: 0.0,
            operators: QueueOperators { ready: 2, talking: 5, paused: 0, other: 0 },
            counts: QueueCounts::default(),
            longest_by_class_s: BTreeMap::from([(Class::Standard, 41.2)]),
        }],
        calls: vec![CallView {
            id: CallId::parse(CALL).unwrap(),
            line: "qiwi-hotline".into(),
            caller: "+7916***4567".into(),
            class: Class::Standard,
            stage: "waiting",
            queue: Some("wallet".into()),
            step: "specialist".into(),
            since_ms: 41_200,
            operator: None,
            supervised: None,
            recording: None,
            transfer: None,
        }],
        operators: vec![operator("101", "Оператор 101"), operator("102", "Оператор 102")],
    }
}
