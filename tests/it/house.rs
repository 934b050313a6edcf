//! A whole server for one test: the real binary, its own folder and ports, the shipped flows and prompts.
use hotline::call::CallRecord;
use hotline::robot::clock;
use hotline::robot::mouth::Sound;
use hotline::robot::phone::{Options, Phone, Policy};
use hotline::store::{self, CallFilter};
use serde_json::Value;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

pub const WALLET_LINE: &str = "88007077759";
pub const AGENT_LINE: &str = "88003336900";
pub const PRIORITY_CALLER: &str = "79161234567";

/// A debug build on a busy machine takes a while to read prompts and open ports.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const CHANGES_WITHIN: Duration = Duration::from_secs(40);

pub struct House {
    pub sip: SocketAddr,
    pub sip_tcp: SocketAddr,
    pub web: SocketAddr,
    pub dir: tempfile::TempDir,
    /// From the start of the process to its banner.
    pub started_in: Duration,
    child: Child,
    log: Arc<Log>,
}

/// What the server said on standard error so far.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

impl Log {
    fn follow(self: Arc<Log>, mut stderr: impl Read + Send + 'static) {
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut bytes) {
                self.text.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
                self.grown.notify_all();
            }
        });
    }
}

/// Media ports of this process's houses: a stretch for each, spread by the process id so that two runs do not meet, and
/// below those that the kernel hands out, so that nobody else gets one before it is bound.
static NEXT_PORTS: AtomicU16 = AtomicU16::new(0);
const PORTS_FROM: u16 = 10_000;
const PORTS_SPAN: u16 = 22_000;
const PORTS_END: u16 = 32_768;

pub fn media_ports(count: u16) -> (u16, u16) {
    let spread = (std::process::id() % 40) as u16 * 550;
    loop {
        let offset = NEXT_PORTS.fetch_add(count, Ordering::Relaxed) % PORTS_SPAN;
        let first = PORTS_FROM + (((spread + offset) % PORTS_SPAN) & !1);
        let free = |port| UdpSocket::bind(("127.0.0.1", port)).is_ok();
        if let Some(end) = first.checked_add(count).filter(|end| *end <= PORTS_END)
            && (first..end).all(free)
        {
            return (first, end - 1);
        }
    }
}

/// What a test changes of the house's configuration: whole sections of YAML appended to the defaults.
#[derive(Default)]
pub struct Plan {
    pub operators: String,
    pub extra: String,
    pub sip: String,
    pub web: String,
    /// Other flows than the shipped ones.
    pub flows: Option<PathBuf>,
    pub ports: Option<u16>,
    pub shards: Option<u16>,
    /// `HOTLINE_LOG`.
    pub log: Option<&'static str>,
    /// Listens on all addresses, as an installation without a configuration does.
    pub everywhere: bool,
}

/// Where a test reaches a listener.
fn on_loopback(address: &str) -> SocketAddr {
    let port = address.parse::<SocketAddr>().unwrap().port();
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl House {
    pub fn start(plan: &Plan) -> House {
        let dir = tempfile::tempdir().unwrap();
        House::start_in(dir, plan)
    }

    /// A house in a folder that may have been lived in before.
    pub fn start_in(dir: tempfile::TempDir, plan: &Plan) -> House {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (first, last) = media_ports(plan.ports.unwrap_or(200));
        let config = format!(
            "sip: {{udp: [\"{bound}:0\"], tcp: [\"{bound}:0\"], domain: hotline.test{sip}}}\n\
             media: {{address: {address}, ports: {first}-{last}, shards: {shards}, webrtc_port: 0, realtime: off}}\n\
             web: {{listen: \"127.0.0.1:0\"{web}}}\n\
             flows: {{dir: {flows}}}\n\
             prompts: {{dir: {prompts}}}\n\
             operators:\n{operators}{extra}",
            sip = plan.sip,
            web = plan.web,
            bound = if plan.everywhere { "0.0.0.0" } else { "127.0.0.1" },
            address = if plan.everywhere { "auto" } else { "127.0.0.1" },
            shards = plan.shards.unwrap_or(2),
            flows = plan.flows.clone().unwrap_or_else(|| root.join("call-flows")).display(),
            prompts = root.join("prompts").display(),
            operators = if plan.operators.is_empty() { "  []\n" } else { &plan.operators },
            extra = plan.extra,
        );
        std::fs::write(dir.path().join("config.yaml"), config).unwrap();
        let log = Arc::new(Log::default());
        let begun = clock().mono();
        let mut child = Command::new(env!("CARGO_BIN_EXE_hotline"))
            .args(["serve", "--demo-data", "--config"])
            .arg(dir.path().join("config.yaml"))
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .env("HOTLINE_LOG", plan.log.unwrap_or("info"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        log.clone().follow(child.stderr.take().unwrap());
        let stdout = child.stdout.take().unwrap();
        let (lines, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        let mut house = House {
            sip: "0.0.0.0:0".parse().unwrap(),
            sip_tcp: "0.0.0.0:0".parse().unwrap(),
            web: "0.0.0.0:0".parse().unwrap(),
            dir,
            started_in: Duration::ZERO,
            child,
            log,
        };
        loop {
            let Ok(line) = said.recv_timeout(STARTS_WITHIN) else {
                panic!("the server did not start:\n{}", house.log());
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["SIP", "udp", address] => house.sip = on_loopback(address),
                ["SIP", "tcp", address] => house.sip_tcp = on_loopback(address),
                ["web", url] => house.web = url.split_once("://").unwrap().1.parse().unwrap(),
                ["capacity", ..] => {
                    house.started_in = clock().mono().since(begun);
                    return house;
                }
                _ => {}
            }
        }
    }

    /// Two operators of the public queues and one of the agents', who register with the password `secret-ID`.
    pub fn operators() -> String {
        let mut text = String::new();
        for (id, queues) in [
            ("101", "[terminals, wallet, security]"),
            ("102", "[terminals, wallet, security]"),
            ("201", "[agents]"),
        ] {
            text += &format!(
                "  - {{id: \"{id}\", name: \"Operator {id}\", queues: {queues}, password: \"secret-{id}\"}}\n"
            );
        }
        text
    }

    /// Whatever a house has lived through, its journal comes to the same decisions once more.
    fn replay(&self) {
        if !self.data().join("hotline.db").exists() {
            return;
        }
        let (status, out, error) = self.hotline(&["replay", "--all"]);
        assert_eq!(status, 0, "{out}{error}");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn log(&self) -> String {
        self.log.text.lock().unwrap().clone()
    }

    /// Waits until the log holds this.
    pub fn wait_log(&self, wanted: impl Fn(&str) -> bool, within: Duration) {
        let text = self.log.text.lock().unwrap();
        let (text, late) = self.log.grown.wait_timeout_while(text, within, |text| !wanted(text)).unwrap();
        // Not inside the assertion: the lock would be held by the panic, and the log is printed then.
        let said = text.clone();
        drop(text);
        assert!(!late.timed_out(), "the log does not say it:\n{said}");
    }

    /// Asks again with every change of the view (and every quarter of a second) until the answer is there.
    pub fn until<T>(&self, what: &str, token: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let mut stream = TcpStream::connect(self.web).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(250))).unwrap();
        let head = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
            self.web
        );
        stream.write_all(head.as_bytes()).unwrap();
        let begun = clock().mono();
        let mut bytes = [0; 16 * 1024];
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(clock().mono().since(begun) < CHANGES_WITHIN, "never came: {what}\n{}", self.log());
            match stream.read(&mut bytes) {
                Ok(0) => panic!("the events ended before this came: {what}\n{}", self.log()),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("{what}: {error}\n{}", self.log()),
            }
        }
    }

    pub fn json(&self, path: &str, token: &str) -> Value {
        let (status, body) = self.get(path, token);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }

    /// The only call whose caller's number ends so, when it is at this stage.
    pub fn call_at(&self, caller_ends: &str, stage: &str, token: &str) -> Value {
        self.until(&format!("the call of …{caller_ends} at {stage}"), token, || {
            let calls = self.json("/api/v1/calls", token);
            let so = |call: &&Value| {
                call["caller"].as_str().is_some_and(|caller| caller.ends_with(caller_ends))
                    && call["stage"] == stage
            };
            calls.as_array().unwrap().iter().find(so).cloned()
        })
    }

    pub fn call_at_step(&self, caller_ends: &str, step: &str, token: &str) -> Value {
        self.until(&format!("the call of …{caller_ends} at step {step}"), token, || {
            let calls = self.json("/api/v1/calls", token);
            let so = |call: &&Value| {
                call["caller"].as_str().is_some_and(|caller| caller.ends_with(caller_ends))
                    && call["step"] == step
            };
            calls.as_array().unwrap().iter().find(so).cloned()
        })
    }

    pub fn operator_is(&self, id: &str, state: &str, token: &str) -> Value {
        self.until(&format!("operator {id} {state}"), token, || {
            let operator = self.json(&format!("/api/v1/operators/{id}"), token);
            (operator["state"] == state).then_some(operator)
        })
    }

    /// A sample of the metrics, with its labels as written there; 0 when it is not there.
    pub fn metric(&self, sample: &str) -> f64 {
        let (status, text) = self.get("/metrics", "");
        assert_eq!(status, 200, "{text}");
        let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or(0.0)
    }

    /// The records in the store, oldest first.
    pub async fn records(&self) -> Vec<CallRecord> {
        let url = format!("sqlite:{}", self.data().join("hotline.db").display());
        let store = store::connect(&url).await.unwrap();
        let mut records = store.calls(CallFilter::default()).await.unwrap();
        store.close().await;
        records.sort_by_key(|record| record.id);
        records
    }

    /// A caller's phone.
    pub async fn caller(&self, ip: [u8; 4], sound: Sound) -> Phone {
        let ip = IpAddr::V4(Ipv4Addr::from(ip));
        Phone::bind(Options { ip, sound, ..Options::default() }).await.unwrap()
    }

    pub fn uri(&self, user: &str) -> String {
        format!("sip:{user}@{}", self.sip)
    }

    /// The phone of an operator of [`House::operators`], registered.
    pub async fn operator(&self, id: &str, policy: Policy, sound: Sound) -> Phone {
        let options = Options {
            user: id.into(),
            domain: "hotline.test".into(),
            password: format!("secret-{id}"),
            policy,
            sound,
            ..Options::default()
        };
        let phone = Phone::bind(options).await.unwrap();
        phone.register(self.sip).await.unwrap();
        phone
    }

    /// GET on the control socket's twin: the web listener with a token of role api.
    pub fn get(&self, path: &str, token: &str) -> (u16, String) {
        self.request("GET", path, token, "")
    }

    pub fn request(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        self.request_in("", method, path, token, body)
    }

    /// The same for somebody who reads this language.
    pub fn request_in(
        &self,
        language: &str,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
    ) -> (u16, String) {
        let mut stream = TcpStream::connect(self.web).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Accept-Language: {language}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.web,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_string()).unwrap_or_default();
        (status, body)
    }

    /// Runs a command of the same installation and returns its output.
    pub fn hotline(&self, args: &[&str]) -> (i32, String, String) {
        self.hotline_in(self.dir.path(), args)
    }

    /// The same for an installation in another folder.
    pub fn hotline_in(&self, dir: &Path, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hotline"))
            .args(args)
            .arg("--config")
            .arg(dir.join("config.yaml"))
            .arg("--data-dir")
            .arg(dir.join("data"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).to_string();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    /// A token for the API.
    pub fn token(&self, role: &str) -> String {
        let (code, out, err) = self.hotline(&["user", "token", "--role", role]);
        assert_eq!(code, 0, "{err}");
        out.trim().to_string()
    }

    /// kill −9; the folder stays.
    pub fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    pub fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args([format!("-{name}"), self.pid().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        match std::thread::panicking() {
            true => eprintln!("--- the server's log ---\n{}", self.log()),
            false => self.replay(),
        }
    }
}
