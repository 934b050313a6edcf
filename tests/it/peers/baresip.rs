//! baresip: the caller's phone, then the operator's, with its own SIP stack, RTP, RTCP and digest. It is steered through its
//! `ctrl_tcp` module (JSON in netstrings), says 440 Hz from `ausine`, and tells its RTP counts by `rtcpsummary`.
use super::{calls_of, installed, steps};
use crate::house::{House, PRIORITY_CALLER, Plan, WALLET_LINE, media_ports};
use hotline::cause::Cause;
use hotline::digit::Digit;
use hotline::robot::mouth::{Method, Sound};
use hotline::robot::phone::{Dial, Options, Phone};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(30);
/// Where Debian, Fedora and a build of one's own put the modules.
const MODULES: [&str; 4] = [
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/lib64/baresip/modules",
    "/usr/local/lib/baresip/modules",
];
const TONE_HERTZ: f64 = 440.0;

struct Baresip {
    child: Child,
    control: TcpStream,
    events: Receiver<Value>,
    lines: Receiver<String>,
    said: Vec<String>,
    _dir: tempfile::TempDir,
}

impl Baresip {
    /// Loopback only, free ports, no sound device.
    fn start(account: &str) -> Option<Baresip> {
        let Some(modules) = MODULES.into_iter().find(|path| Path::new(path).join("ctrl_tcp.so").exists())
        else {
            crate::skipped("baresip's module ctrl_tcp is not installed");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let control = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (first, last) = media_ports(20);
        let mut config = format!(
            "module_path {modules}\nsip_listen 127.0.0.1:0\nctrl_tcp_listen {control}\nrtp_ports {first}-{last}\n\
             audio_source ausine,{TONE_HERTZ}\nausrc_srate 48000\nausrc_channels 2\naudio_player aubridge,nobody\nrtcp_mux no\n"
        );
        for module in ["g711", "ausine", "aubridge", "account", "menu", "ctrl_tcp", "rtcpsummary"] {
            config += &format!("module {module}.so\n");
        }
        std::fs::write(dir.path().join("config"), config).unwrap();
        std::fs::write(dir.path().join("accounts"), format!("{account}\n")).unwrap();
        std::fs::write(dir.path().join("contacts"), "").unwrap();
        // Its output would otherwise come in blocks.
        let mut child = Command::new("stdbuf")
            .args(["-oL", "baresip", "-f"])
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (line_in, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                let _ = line_in.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        let mut said = Vec::new();
        until_said(&lines, &mut said, "baresip is ready");
        let control = TcpStream::connect(control).unwrap_or_else(|error| panic!("{error}: {said:#?}"));
        let incoming = control.try_clone().unwrap();
        let (event_in, events) = channel();
        std::thread::spawn(move || {
            let mut incoming = BufReader::new(incoming);
            while let Some(message) = netstring(&mut incoming) {
                let _ = event_in.send(message);
            }
        });
        Some(Baresip { child, control, events, lines, said, _dir: dir })
    }

    fn command(&mut self, command: &str, params: &str) {
        let text = json!({"command": command, "params": params, "token": command}).to_string();
        write!(self.control, "{}:{text},", text.len()).unwrap();
        let answer = self.until(|message| message["response"] == json!(true));
        assert_eq!(answer["ok"], json!(true), "{command}: {answer}");
    }

    fn event(&mut self, kind: &str) -> Value {
        self.until(|message| message["type"] == json!(kind))
    }

    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Vec::new();
        loop {
            let Ok(message) = self.events.recv_timeout(WITHIN) else {
                self.said.extend(self.lines.try_iter());
                panic!("baresip did not say it; seen {seen:#?}, printed {:#?}", self.said);
            };
            if wanted(&message) {
                return message;
            }
            seen.push(message);
        }
    }

    /// Its RTP packets received, sent and lost in the call that has just ended.
    fn counts(&mut self) -> [u64; 3] {
        let summary = until_said(&self.lines, &mut self.said, "EX=BareSip");
        let field = |name: &str| {
            let value = summary.split(';').find_map(|field| field.strip_prefix(name));
            let number = value.and_then(|value| value.split(',').next()).and_then(|value| value.parse().ok());
            number.unwrap_or_else(|| panic!("{name} in {summary}"))
        };
        [field("PR="), field("PS="), field("PL=")]
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until_said(lines: &Receiver<String>, said: &mut Vec<String>, wanted: &str) -> String {
    loop {
        let Ok(line) = lines.recv_timeout(WITHIN) else {
            panic!("baresip never printed `{wanted}`: {said:#?}")
        };
        said.push(line.clone());
        if line.contains(wanted) {
            return line;
        }
    }
}

fn netstring(from: &mut impl BufRead) -> Option<Value> {
    let mut length = Vec::new();
    from.read_until(b':', &mut length).ok()?;
    length.pop()?;
    let mut text = vec![0; std::str::from_utf8(&length).ok()?.parse().ok()?];
    from.read_exact(&mut text).ok()?;
    from.read_exact(&mut [0]).ok()?;
    serde_json::from_slice(&text).ok()
}

fn line(server: SocketAddr) -> String {
    format!("sip:{WALLET_LINE}@{server}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_calls_hears_and_presses_keys() {
    if !installed("baresip") {
        return;
    }
    let house = House::start(&Plan::default());
    let account = format!("<sip:79990000002@{};transport=udp>;regint=0;audio_codecs=PCMA", house.sip);
    let Some(mut phone) = Baresip::start(&account) else { return };
    phone.command("dial", &line(house.sip));
    phone.event("CALL_ESTABLISHED");
    // Their reports come every few seconds: by then there was audio both ways.
    phone.event("CALL_RTCP");
    phone.command("sndcode", "1");
    phone.event("CALL_RTCP");
    phone.command("sndcode", "4");
    phone.event("CALL_RTCP");
    phone.command("hangup", "");
    let [received, sent, lost] = phone.counts();
    let calls = calls_of(house).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].record.cause, Some(Cause::CallerLeft));
    assert_eq!(steps(&calls[0]), ["welcome", "main", "terminals", "mistaken"], "{:?}", calls[0].events);
    let quality = calls[0].record.caller_quality.clone().unwrap();
    assert!(received > 100 && sent > 100, "baresip: {received} received, {sent} sent");
    assert_eq!((lost, quality.packets_lost), (0, 0), "{quality:?}");
    assert!(quality.packets_sent >= received && quality.packets_received > 100, "{quality:?}, {received}");
    assert_eq!(quality.remote_lost, Some(0), "baresip's receiver reports are read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_is_an_operators_phone() {
    if !installed("baresip") {
        return;
    }
    let house = House::start(&Plan { operators: House::operators(), ..Plan::default() });
    let account = format!(
        "<sip:101@{};transport=udp>;auth_user=101;auth_pass=secret-101;\
         regint=600;answermode=auto;audio_codecs=PCMA",
        house.sip
    );
    let Some(mut operator) = Baresip::start(&account) else { return };
    // Not its own REGISTER_OK: that may come before its control connection stands.
    house.operator_is("101", "ready", &house.token("viewer"));
    let caller = Phone::bind(Options::default()).await.unwrap();
    let dial = Dial::to(line(house.sip), house.sip).from(PRIORITY_CALLER).sound(Sound::Tone(1000));
    let call = caller.call(dial).await.unwrap();
    call.answered(WITHIN).await.unwrap();
    assert!(call.press(Digit::from_char('0').unwrap(), Method::Rfc4733));
    call.wait_tone(TONE_HERTZ, WITHIN).await.unwrap();
    operator.event("CALL_RTCP");
    let heard = call.heard();
    assert_eq!(heard.counts.lost, 0, "{heard:?}");
    call.hangup().await;
    operator.event("CALL_CLOSED");
    let [received, sent, lost] = operator.counts();
    drop(operator);
    caller.close().await;
    let calls = calls_of(house).await;
    assert_eq!(calls.len(), 1);
    let record = &calls[0].record;
    assert_eq!(record.operator.as_ref().map(|id| id.as_str()), Some("101"), "{:?}", calls[0].events);
    let quality = record.operator_quality.clone().unwrap();
    assert!(received > 20 && sent > 20, "baresip: {received} received, {sent} sent");
    assert_eq!((lost, quality.packets_lost), (0, 0), "{quality:?}");
    assert!(quality.packets_received > 20 && quality.packets_sent > 20, "{quality:?}");
}
