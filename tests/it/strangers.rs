//! What strangers can do: nothing. Foreign RTP, numbers that are not theirs, calls to the outside, requests of no call,
//! and rubbish.
use crate::house::{House, PRIORITY_CALLER, Plan, WALLET_LINE};
use hotline::digit::Digit;
use hotline::media::codec::Codec;
use hotline::robot::description::Remote;
use hotline::robot::mouth::{Method, Sound};
use hotline::robot::phone::{Call, Dial, Over, Phone, Policy};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const TONE_WINDOW: Duration = Duration::from_millis(200);

async fn call(house: &House, phone: &Phone, to: &str, from: &str) -> Call {
    phone.call(Dial::to(house.uri(to), house.sip).from(from)).await.unwrap()
}

async fn press_at(house: &House, call: &Call, caller_ends: &str, step: &str, key: char, token: &str) {
    call.answered(SOON).await.unwrap();
    house.call_at_step(caller_ends, step, token);
    assert!(call.press(Digit::from_char(key).unwrap(), Method::Rfc4733));
}

/// A stranger with a loud tone and an SSRC of his own.
struct Stranger {
    socket: UdpSocket,
    clip: Vec<u8>,
    ssrc: u32,
    sent: u32,
}

impl Stranger {
    fn new(ip: &str, hertz: u32, ssrc: u32) -> Stranger {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        Stranger { socket, clip: Sound::Tone(hertz).clip(Codec::Pcma).unwrap().to_vec(), ssrc, sent: 0 }
    }

    fn send(&mut self, to: SocketAddr) {
        let n = self.sent;
        self.sent += 1;
        let mut packet = vec![0x80, Codec::Pcma.payload_type()];
        packet.extend((n as u16).wrapping_add(7_000).to_be_bytes());
        packet.extend((n * 160).to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        let at = (n as usize * 160) % (self.clip.len() - 160);
        packet.extend(&self.clip[at..at + 160]);
        self.socket.send_to(&packet, to).unwrap();
    }

    fn heard_nothing(&self) {
        let mut bytes = [0; 2048];
        let heard = self.socket.recv_from(&mut bytes).map_err(|error| error.kind());
        assert_eq!(heard.unwrap_err(), ErrorKind::WouldBlock, "the stranger was answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rtp_of_a_stranger_is_neither_heard_nor_answered() {
    let house = House::start(&Plan { operators: House::operators(), ..Plan::default() });
    let viewer = house.token("viewer");
    let policy = Policy::Answer { after: Duration::from_millis(200) };
    let desk = house.operator("101", policy, Sound::Tone(620)).await;
    let phone = house.caller([127, 0, 0, 1], Sound::Tone(440)).await;
    let caller = call(&house, &phone, WALLET_LINE, "79990000001").await;
    press_at(&house, &caller, "0001", "main", '0', &viewer).await;
    house.call_at("0001", "talking", &viewer);
    let operator = desk.incoming(SOON).await.unwrap();
    operator.wait_tone(440.0, SOON).await.unwrap();
    caller.wait_tone(620.0, SOON).await.unwrap();

    let answer = caller.message(|m| m.answered("INVITE", 200), SOON).await.unwrap().what;
    let media = Remote::read(&answer.body).unwrap().address;
    let mut strangers =
        [Stranger::new("127.0.0.2", 1000, 0x5eed_0001), Stranger::new("127.0.0.1", 1336, 0x5eed_0002)];
    // In the caller's rhythm: one packet of each for one of his that arrives.
    let heard = operator.heard().counts.received;
    let mut seen = heard;
    let mut loudest = f64::MIN;
    operator
        .wait_heard(
            |ear, now| {
                let received = ear.report().counts.received;
                if received > seen {
                    seen = received;
                    if received >= heard + 150 {
                        return received >= heard + 155; // the last ones have arrived too
                    }
                    strangers.iter_mut().for_each(|stranger| stranger.send(media));
                    for hertz in [1000.0, 1336.0] {
                        loudest = loudest.max(ear.tone_dbm0(hertz, TONE_WINDOW, now));
                    }
                }
                false
            },
            SOON,
        )
        .await
        .unwrap();
    assert!(loudest < -40.0, "the operator heard a stranger at {loudest} dBm0");
    operator.wait_tone(440.0, SOON).await.unwrap();
    caller.wait_tone(620.0, SOON).await.unwrap();
    strangers.iter().for_each(Stranger::heard_nothing);
    assert_eq!(operator.heard().counts.lost, 0, "the caller's own packets were not pushed out");

    caller.hangup().await;
    operator.over(SOON).await.unwrap();
    let sent: u32 = strangers.iter().map(|stranger| stranger.sent).sum();
    let rejected = house.until("rejected packets are counted", &viewer, || {
        let rejected = house.metric("hotline_rtp_rejected_packets_total");
        (rejected >= f64::from(sent)).then_some(rejected)
    });
    println!(
        "strangers sent {sent} packets, {rejected} rejected; their tones at the operator {loudest:.1} dBm0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_number_is_believed_from_a_trusted_source_only() {
    let house = House::start(&Plan { sip: ", test_sources: [\"127.0.0.1/32\"]".into(), ..Plan::default() });
    let viewer = house.token("viewer");
    let mut verified = Vec::new();
    for (ip, class) in [([127, 0, 0, 2], "standard"), ([127, 0, 0, 1], "priority")] {
        let phone = house.caller(ip, Sound::Silence).await;
        // An assertion of a stranger's own making changes nothing either.
        let asserted = format!("<sip:{PRIORITY_CALLER}@127.0.0.1>");
        let dial = Dial::to(house.uri(WALLET_LINE), house.sip).from(PRIORITY_CALLER);
        let call = phone.call(dial.header("P-Asserted-Identity", asserted)).await.unwrap();
        call.answered(SOON).await.unwrap();
        let row = house.call_at_step("4567", "main", &viewer);
        assert_eq!(row["class"], class, "from {ip:?}: {row}");
        call.hangup().await;
        house.until("its end", &viewer, || {
            house.json("/api/v1/calls", &viewer).as_array().unwrap().is_empty().then_some(())
        });
        verified.push((class, ip == [127, 0, 0, 1]));
    }
    let dir = house.kill();
    let house = House::start_in(dir, &Plan::default());
    let records = house.records().await;
    let kept: Vec<_> = records.iter().map(|record| (record.class.as_str(), record.verified)).collect();
    assert_eq!(kept, verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anonymous_callers_only_a_trunk_may_call() {
    let plan = Plan {
        sip: ", allow_anonymous: false, test_sources: []".into(),
        extra: "trunks: [{name: provider, peers: [\"127.0.0.3/32\"]}]\n".into(),
        ..Plan::default()
    };
    let house = House::start(&plan);
    let stranger = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let refused = call(&house, &stranger, WALLET_LINE, "79990000001").await;
    assert_eq!(refused.over(SOON).await.unwrap().what, Over::Failed(403));
    let trunk = house.caller([127, 0, 0, 3], Sound::Silence).await;
    call(&house, &trunk, WALLET_LINE, "79990000001").await.answered(SOON).await.unwrap();
}

const TRANSFERS: &str = "flow: small\n\
    entry: {number: \"88007077759\", start: out1, answer: at_once}\n\
    language: ru\n\
    steps:\n\
    \x20 out1:\n\
    \x20   transfer: {to: \"79161112233\", failed: out2}\n\
    \x20 out2:\n\
    \x20   transfer: {to: \"sip:79161112233@127.0.0.9\", failed: out3}\n\
    \x20 out3:\n\
    \x20   transfer: {to: \"101\", failed: out4}\n\
    \x20 out4:\n\
    \x20   transfer: {to: \"sip:101@127.0.0.1\", failed: sorry}\n\
    \x20 sorry:\n\
    \x20   menu: {say: [main_menu], keys: {\"1\": end}, invalid: {say: [no_such_item], go: repeat}, timeout: repeat, exhausted: end}\n\
    \x20 end:\n\
    \x20   hangup: {}\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_refused_before_the_start_without_a_route_and_in_the_call_when_not_listed() {
    // The only host that would ever be asked: whatever leaves the house for the outside arrives here.
    let provider = UdpSocket::bind("127.0.0.4:0").unwrap();
    provider.set_nonblocking(true).unwrap();
    let outside = provider.local_addr().unwrap();
    let route = format!(
        "trunks: [{{name: provider, peers: [\"127.0.0.4/32\"], proxy: \"{outside}\"}}]\n\
         outbound: {{trunk: provider, allow: [\"7495*\"]}}\n"
    );
    let flows = tempfile::tempdir().unwrap();
    std::fs::write(flows.path().join("small.yaml"), TRANSFERS).unwrap();
    let house =
        House::start(&Plan { flows: Some(flows.path().to_path_buf()), extra: route, ..Plan::default() });
    let viewer = house.token("viewer");
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let call = call(&house, &phone, WALLET_LINE, "79990000001").await;
    call.answered(SOON).await.unwrap();
    house.call_at_step("0001", "sorry", &viewer);
    assert_eq!(house.metric("hotline_sip_requests_total{method=\"INVITE\",direction=\"out\"}"), 0.0);
    let asked = provider.recv_from(&mut [0; 64]).map_err(|error| error.kind());
    assert_eq!(asked.unwrap_err(), ErrorKind::WouldBlock);
    // Without a route the flow is not even taken in.
    let config = std::fs::read_to_string(house.dir.path().join("config.yaml")).unwrap();
    let bare = tempfile::tempdir().unwrap();
    let without = config.lines().filter(|line| !line.starts_with("outbound:")).collect::<Vec<_>>().join("\n");
    std::fs::write(bare.path().join("config.yaml"), without).unwrap();
    let (code, said, _) = house.hotline_in(bare.path(), &["check", flows.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(said.contains("HF056") && said.contains("small.yaml:6:"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_line_is_not_found() {
    let house = House::start(&Plan { operators: House::operators(), ..Plan::default() });
    let _desk = house.operator("101", Policy::Manual, Sound::Silence).await;
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    for to in ["101", "102", "74951234567", "88001234567", "hotline", "112"] {
        let call = call(&house, &phone, to, "79990000001").await;
        assert_eq!(call.over(SOON).await.unwrap().what, Over::Failed(404), "to {to}");
    }
    // A registered operator dials no further than anybody.
    let desk = house.operator("102", Policy::Manual, Sound::Silence).await;
    for to in ["74951234567", "101"] {
        let call = desk.call(Dial::to(house.uri(to), house.sip)).await.unwrap();
        assert_eq!(call.over(SOON).await.unwrap().what, Over::Failed(404), "an operator to {to}");
    }
    assert_eq!(house.metric("hotline_sip_requests_total{method=\"INVITE\",direction=\"out\"}"), 0.0);
}

/// A SIP socket without a stack.
struct Raw {
    socket: UdpSocket,
    server: SocketAddr,
}

impl Raw {
    fn new(house: &House) -> Raw {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Raw { socket, server: house.sip }
    }

    fn request(&self, method: &str, uri: &str, headers: &str) -> String {
        let me = self.socket.local_addr().unwrap();
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK-{method}\r\nMax-Forwards: 70\r\n\
             From: <sip:stranger@{me}>;tag=s\r\nTo: <{uri}>\r\nCall-ID: {method}@{me}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:stranger@{me}>\r\n{headers}Content-Length: 0\r\n\r\n"
        )
    }

    fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.server).unwrap();
    }

    fn answer(&self) -> String {
        let mut bytes = [0; 4096];
        let (read, _) = self.socket.recv_from(&mut bytes).expect("no answer");
        String::from_utf8_lossy(&bytes[..read]).to_string()
    }

    fn status(&self) -> u16 {
        let answer = self.answer();
        answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_no_call_are_not_accepted_from_strangers() {
    let house = House::start(&Plan { operators: House::operators(), ..Plan::default() });
    for method in ["MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "NOTIFY"] {
        for user in ["101", WALLET_LINE] {
            let raw = Raw::new(&house);
            let extra = "Refer-To: <sip:74951234567@127.0.0.9>\r\nEvent: presence\r\nExpires: 60\r\n";
            raw.send(raw.request(method, &format!("sip:{user}@{}", house.sip), extra).as_bytes());
            let answer = raw.answer();
            // What is served inside calls belongs to none here; what is never served is answered with what is.
            let expected = if matches!(method, "REFER" | "NOTIFY") { 481 } else { 405 };
            assert!(answer.starts_with(&format!("SIP/2.0 {expected} ")), "{method} {user}: {answer}");
            assert_eq!(answer.contains("\r\nAllow: "), expected == 405, "{answer}");
        }
    }
    let raw = Raw::new(&house);
    raw.send(
        raw.request("REGISTER", "sip:hotline.test", "")
            .replace("sip:hotline.test>", "sip:101@hotline.test>")
            .as_bytes(),
    );
    assert_eq!(raw.status(), 401, "nobody registers without the password");
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_is_answered_with_400_where_it_can_be_and_never_ends_the_server() {
    let mut house = House::start(&Plan::default());
    let uri = format!("sip:{WALLET_LINE}@{}", house.sip);
    let good = Raw::new(&house).request("INVITE", &uri, "");
    for (what, from, to) in [
        ("no Call-ID", "Call-ID: ", "X-Nothing: "),
        ("a method that is not CSeq's", "CSeq: 1 INVITE", "CSeq: 1 BYE"),
        ("a CSeq that is no number", "CSeq: 1 INVITE", "CSeq: one INVITE"),
        ("a From that is none", "From: <sip:stranger", "From: <<<sip:stranger"),
        ("a length beyond the datagram", "Content-Length: 0", "Content-Length: 9999"),
    ] {
        let raw = Raw::new(&house);
        let bad = raw.request("INVITE", &uri, "").replacen(from, to, 1);
        assert_ne!(bad, good, "{what}");
        raw.send(bad.as_bytes());
        let answer = raw.answer();
        assert!(answer.starts_with("SIP/2.0 400 "), "{what}: {answer}");
    }
    // What has no way back is dropped in silence; the next good request is answered.
    let raw = Raw::new(&house);
    let mut rubbish: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0],
        vec![0xff; 1500],
        vec![b'\r'; 9000],
        b"INVITE".to_vec(),
        b"INVITE sip:x SIP/2.0\r\n\r\n".to_vec(),
        b"SIP/2.0 200 OK\r\n\r\n".to_vec(),
        format!("INVITE {} SIP/2.0\r\nVia: ", "sip:".repeat(8000)).into_bytes(),
        vec![b'A'; 65_000],
    ];
    // Every beginning of a good request.
    rubbish.extend((0..good.len()).step_by(7).map(|end| good.as_bytes()[..end].to_vec()));
    // A good request with one byte turned over, at each place.
    rubbish.extend((0..good.len()).step_by(3).map(|at| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 0x80;
        bytes
    }));
    for bytes in &rubbish {
        raw.send(bytes);
    }
    let raw = Raw::new(&house);
    raw.send(raw.request("OPTIONS", &uri, "").as_bytes());
    assert_eq!(raw.status(), 200);
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    call(&house, &phone, WALLET_LINE, "79990000001").await.answered(SOON).await.unwrap();
    assert!(house.is_running());
    assert!(!house.log().contains("panicked"), "{}", house.log());
    println!("{} malformed datagrams, the server answers", rubbish.len() + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_whole_numbers_are_in_no_log_line() {
    let plan = Plan { operators: House::operators(), log: Some("debug"), ..Plan::default() };
    let house = House::start(&plan);
    let viewer = house.token("viewer");
    let phone = house.caller([127, 0, 0, 1], Sound::Silence).await;
    let call = call(&house, &phone, WALLET_LINE, PRIORITY_CALLER).await;
    press_at(&house, &call, "4567", "main", '1', &viewer).await;
    press_at(&house, &call, "4567", "terminals", '1', &viewer).await;
    house.call_at_step("4567", "pay_number", &viewer);
    // The number, its end, and the yes to its reading back.
    for key in "1000000001#1".chars() {
        assert!(call.press(Digit::from_char(key).unwrap(), Method::Rfc4733));
    }
    house.call_at_step("4567", "pay_done", &viewer);
    call.hangup().await;
    house.wait_log(|log| log.contains("caller-left"), SOON);
    let log = house.log();
    assert!(log.lines().any(|line| line.contains("DEBUG")), "the level is debug:\n{log}");
    for secret in ["1000000001", PRIORITY_CALLER, &PRIORITY_CALLER[1..], "secret-101"] {
        let said: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(said.is_empty(), "{secret} in the log: {said:#?}");
    }
    // Nor one key at a time.
    assert!(!log.contains("Digit {") && !log.contains("digit="), "{log}");
}
