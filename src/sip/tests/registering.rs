//! Phones registering, and being called where they are.
use crate::ids::LegId;
use crate::machine::{Instant, Now, Wall};
use crate::sip::Stack;
use crate::sip::digest::authorize;
use crate::sip::event::{Command, Event, Ha1, Hop, Output, Target, Transport};
use crate::sip::testing::{A, config, invite};
use std::time::Duration;

const REALM: &str = "example.org";

struct Phone {
    stack: Stack,
    now: Now,
    hop: Hop,
    seq: u32,
    nc: u32,
    call_id: &'static str,
    challenges: Vec<String>,
    events: Vec<Event>,
    sent: Vec<(Hop, String)>,
}

impl Phone {
    fn new() -> Phone {
        let mut config = config(A, Transport::Udp);
        config.listeners.push((Transport::Tcp, "192.0.2.1:5060".parse().unwrap()));
        let mut phone = Phone {
            stack: Stack::new(config, 1),
            now: Now { mono: Instant::from_nanos(1), wall: Wall(1_795_000_000_000) },
            hop: Hop {
                transport: Transport::Udp,
                local: "192.0.2.1:5060".parse().unwrap(),
                peer: "203.0.113.7:41000".parse().unwrap(),
            },
            seq: 0,
            nc: 0,
            call_id: "reg-1",
            challenges: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
        };
        phone.command(Command::SetSecret { user: "101".into(), ha1: Some(Ha1::new("101", REALM, "secret")) });
        phone
    }

    fn command(&mut self, command: Command) {
        let mut out = Vec::new();
        self.stack.command(command, self.now, &mut out);
        self.collect(out);
    }

    fn collect(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Event(event) => self.events.push(event),
                Output::Send { hop, bytes } => self.sent.push((hop, String::from_utf8(bytes).unwrap())),
            }
        }
    }

    /// Sends REGISTER and returns the response. `algorithm` picks one of the last challenges.
    fn register(&mut self, contact: &str, extra: &str, password: &str, algorithm: Option<usize>) -> String {
        self.seq += 1;
        let authorization = match algorithm.and_then(|which| self.challenges.get(which)) {
            Some(challenge) => {
                self.nc += 1;
                let uri = "sip:example.org;transport=udp";
                let value = authorize(challenge, "101", password, "REGISTER", uri, self.nc).unwrap();
                format!("Authorization: {value}\r\n")
            }
            None => String::new(),
        };
        let Phone { seq, call_id, .. } = self;
        let text = format!(
            "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bK{call_id}{seq};rport\r\n\
             From: <sip:101@example.org>;tag=1\r\nTo: <sip:101@example.org>\r\nCall-ID: {call_id}\r\nCSeq: {seq} REGISTER\r\n\
             Contact: {contact}\r\nUser-Agent: phone\r\n{authorization}{extra}\r\n"
        );
        self.send(&text)
    }

    fn send(&mut self, text: &str) -> String {
        let mut out = Vec::new();
        self.stack.receive(self.hop, text.as_bytes(), self.now, &mut out);
        self.collect(out);
        let reply = self.sent.last().unwrap().1.clone();
        let challenges: Vec<String> = reply
            .split("\r\n")
            .filter_map(|line| line.strip_prefix("WWW-Authenticate: "))
            .map(str::to_owned)
            .collect();
        if !challenges.is_empty() {
            self.challenges = challenges;
            self.nc = 0;
        }
        reply
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.stack.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.later(at.since(self.now.mono));
            let mut out = Vec::new();
            self.stack.handle_timeout(self.now, &mut out);
            self.collect(out);
        }
        self.now = self.now.later(end.since(self.now.mono));
    }
}

const CONTACT: &str = "<sip:101@192.168.1.5:5060>";

#[test]
fn a_phone_registers_with_either_algorithm_and_the_count_goes_past_nine() {
    for which in [0, 1] {
        let mut phone = Phone::new();
        let reply = phone.register(CONTACT, "", "secret", None);
        assert!(reply.starts_with("SIP/2.0 401 "), "{reply}");
        assert!(reply.contains("algorithm=SHA-256") && reply.contains("algorithm=MD5"), "{reply}");
        assert!(reply.contains(";received=203.0.113.7;rport=41000\r\n"), "{reply}");
        for _ in 1..=0x10 {
            let reply = phone.register(CONTACT, "Expires: 600\r\n", "secret", Some(which));
            assert!(reply.starts_with("SIP/2.0 200 "), "nc {}: {reply}", phone.nc);
            assert!(reply.contains("Contact: <sip:101@192.168.1.5:5060>;expires=600\r\n"), "{reply}");
            phone.wait(Duration::from_secs(1));
        }
        let Some(Event::Registered { user, hop, expires, user_agent, .. }) = phone.events.last() else {
            panic!()
        };
        assert_eq!((user.as_str(), *hop, expires.as_secs()), ("101", phone.hop, 600));
        assert_eq!(user_agent.as_deref(), Some("phone"));
    }
}

#[test]
fn a_wrong_password_is_challenged_again_and_an_old_nonce_is_stale() {
    let mut phone = Phone::new();
    phone.register(CONTACT, "", "secret", None);
    let reply = phone.register(CONTACT, "", "guess", Some(0));
    assert!(reply.starts_with("SIP/2.0 401 ") && !reply.contains("stale=true"), "{reply}");
    phone.wait(Duration::from_secs(301));
    let reply = phone.register(CONTACT, "", "secret", Some(0));
    assert!(reply.starts_with("SIP/2.0 401 ") && reply.contains("stale=true"), "{reply}");
    assert!(phone.register(CONTACT, "", "secret", Some(1)).starts_with("SIP/2.0 200 "));
}

#[test]
fn nobody_registers_for_somebody_else() {
    let mut phone = Phone::new();
    phone.command(Command::SetSecret { user: "102".into(), ha1: Some(Ha1::new("102", REALM, "other")) });
    phone.register(CONTACT, "", "secret", None);
    let value = authorize(&phone.challenges[0], "102", "other", "REGISTER", "sip:example.org", 1).unwrap();
    let reply = phone.send(&format!(
        "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKother\r\nFrom: <sip:102@example.org>;tag=1\r\n\
         To: <sip:101@example.org>\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\nContact: {CONTACT}\r\nAuthorization: {value}\r\n\r\n"
    ));
    assert!(reply.starts_with("SIP/2.0 403 "), "{reply}");
    assert!(phone.events.is_empty());
}

#[test]
fn a_registration_expires_and_can_be_taken_back() {
    let mut phone = Phone::new();
    phone.register(CONTACT, "", "secret", None);
    assert!(phone.register(CONTACT, "", "secret", Some(0)).contains(";expires=300\r\n"));
    phone.wait(Duration::from_secs(299));
    assert_eq!(phone.events.len(), 1);
    phone.wait(Duration::from_secs(2));
    assert_eq!(phone.events.pop(), Some(Event::Unregistered { user: "101".into() }));
    for (contact, extra) in [
        (CONTACT, "Expires: 0\r\n"),
        ("*", "Expires: 0\r\n"),
        ("<sip:101@192.168.1.5>;expires=0, <sip:101@192.168.1.5:5060>;expires=0", ""),
    ] {
        phone.register(CONTACT, "", "secret", None);
        phone.register(CONTACT, "", "secret", Some(0));
        assert!(matches!(phone.events.pop(), Some(Event::Registered { .. })));
        let reply = phone.register(contact, extra, "secret", Some(0));
        assert!(reply.starts_with("SIP/2.0 200 ") && !reply.contains("Contact:"), "{reply}");
        assert_eq!(phone.events.pop(), Some(Event::Unregistered { user: "101".into() }));
    }
}

#[test]
fn what_a_register_may_not_ask_for() {
    let mut phone = Phone::new();
    phone.register(CONTACT, "", "secret", None);
    let reply = phone.register(CONTACT, "Expires: 10\r\n", "secret", Some(0));
    assert!(reply.starts_with("SIP/2.0 423 ") && reply.contains("Min-Expires: 60\r\n"), "{reply}");
    for contact in ["*", "*, <sip:101@h>"] {
        let reply = phone.register(contact, "", "secret", Some(0));
        assert!(reply.starts_with("SIP/2.0 400 "), "{reply}");
    }
    assert!(
        phone.register(CONTACT, "Expires: 99999999\r\n", "secret", Some(0)).contains(";expires=3600\r\n")
    );
    phone.seq -= 2; // an older request that was overtaken
    let reply = phone.register(CONTACT, "X-Late: 1\r\n", "secret", Some(0));
    assert!(!reply.starts_with("SIP/2.0 200 "), "{reply}");
}

#[test]
fn a_call_goes_to_the_newest_phone_by_the_way_it_came() {
    let mut phone = Phone::new();
    phone.register(CONTACT, "", "secret", None);
    phone.register(CONTACT, "", "secret", Some(0));
    let first = phone.hop;
    phone.hop.peer = "203.0.113.8:5080".parse().unwrap();
    phone.hop.transport = Transport::Tcp;
    (phone.call_id, phone.seq) = ("reg-2", 0);
    phone.register("<sip:101@10.0.0.9;transport=tcp>", "", "secret", Some(0));
    let ring = |phone: &mut Phone, n| {
        let mut invite = invite(LegId::outgoing(n), Transport::Udp);
        invite.to = Target::Registered("101".into());
        phone.command(Command::Invite(Box::new(invite)));
        phone.sent.last().unwrap().clone()
    };
    let (hop, text) = ring(&mut phone, 1);
    assert_eq!(hop, phone.hop);
    assert!(
        text.starts_with("INVITE sip:101@10.0.0.9;transport=tcp SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;"),
        "{text}"
    );
    assert!(text.contains("Contact: <sip:+79161234567@192.0.2.1:5060;transport=tcp>\r\n"), "{text}");
    // The stream goes down: its binding leads nowhere, the older phone is left, and that is told.
    let mut out = Vec::new();
    phone.stack.disconnected(hop, phone.now, &mut out);
    let told: Vec<_> = out.iter().filter(|o| matches!(o, Output::Event(e) if e.leg().is_none())).collect();
    assert!(matches!(&told[..], [Output::Event(Event::Registered { hop, .. })] if *hop == first), "{told:?}");
    let (hop, text) = ring(&mut phone, 2);
    assert_eq!(hop, first);
    assert!(text.starts_with("INVITE sip:101@192.168.1.5:5060 SIP/2.0\r\n"));
}

#[test]
fn a_user_without_a_secret_is_thrown_out() {
    let mut phone = Phone::new();
    phone.register(CONTACT, "", "secret", None);
    phone.register(CONTACT, "", "secret", Some(0));
    phone.command(Command::SetSecret { user: "101".into(), ha1: None });
    assert_eq!(phone.events.last(), Some(&Event::Unregistered { user: "101".into() }));
    assert!(phone.register(CONTACT, "", "secret", Some(0)).starts_with("SIP/2.0 401 "));
}

#[test]
fn a_refresh_of_the_older_phone_tells_where_the_newest_is() {
    let mut phone = Phone::new();
    phone.register(CONTACT, "", "secret", None);
    phone.register(CONTACT, "", "secret", Some(0));
    let (older, seq) = (phone.hop, phone.seq);
    phone.hop = Hop { transport: Transport::Ws, peer: "203.0.113.8:5080".parse().unwrap(), ..older };
    let page = phone.hop;
    (phone.call_id, phone.seq) = ("reg-2", 0);
    phone.register("<sip:101@x.invalid;transport=ws>", "", "secret", Some(0));
    (phone.call_id, phone.seq, phone.hop) = ("reg-1", seq, older);
    assert!(phone.register(CONTACT, "", "secret", Some(0)).starts_with("SIP/2.0 200 "));
    let Some(Event::Registered { hop, contact, .. }) = phone.events.last() else { panic!() };
    assert_eq!((*hop, contact.as_str()), (page, "sip:101@x.invalid;transport=ws"));
}

#[test]
fn a_pass_is_a_second_password_until_its_time_is_over() {
    let mut phone = Phone::new();
    let until = phone.now.mono + Duration::from_secs(600);
    let ha1 = Ha1::new("101", REALM, "pass");
    phone.command(Command::AddPass { user: "101".into(), ha1, until });
    phone.register(CONTACT, "", "pass", None);
    for password in ["pass", "secret", "pass"] {
        assert!(phone.register(CONTACT, "", password, Some(1)).starts_with("SIP/2.0 200 "), "{password}");
    }
    assert!(phone.register(CONTACT, "", "past", Some(1)).starts_with("SIP/2.0 401 "));
    phone.wait(Duration::from_secs(601));
    phone.register(CONTACT, "", "pass", None);
    assert!(phone.register(CONTACT, "", "pass", Some(1)).starts_with("SIP/2.0 401 "));
    assert!(phone.register(CONTACT, "", "secret", Some(1)).starts_with("SIP/2.0 200 "));
}

#[test]
fn a_phone_known_to_give_up_at_sha_256_is_offered_md5_alone() {
    let challenges = |agent: &str| {
        let mut phone = Phone::new();
        let text = format!(
            "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.7:41000;branch=z9hG4bK1;rport\r\n\
             From: <sip:101@{REALM}>;tag=1\r\nTo: <sip:101@{REALM}>\r\nCall-ID: quirk\r\nCSeq: 1 REGISTER\r\n\
             Contact: <sip:101@203.0.113.7:41000>\r\nMax-Forwards: 70\r\nUser-Agent: {agent}\r\nContent-Length: 0\r\n\r\n"
        );
        let mut out = Vec::new();
        phone.stack.receive(phone.hop, text.as_bytes(), phone.now, &mut out);
        phone.collect(out);
        phone.sent.last().map_or(0, |(_, text)| text.matches("WWW-Authenticate:").count())
    };
    assert_eq!(challenges("baresip v1.0.0 (x86_64/linux)"), 1);
    assert_eq!(challenges("baresip v3.5.0 (x86_64/linux)"), 2);
    assert_eq!(challenges("Linphone/4.4"), 2);
}
