//! Real sockets on loopback; and SIPp, where it is installed, against the stack behind them.
use super::*;
use crate::sip::{Command, Config, Event, Output, Stack};
use std::net::Ipv4Addr;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

const OPTIONS: &str = "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1;rport\r\nFrom: <sip:a@h>;tag=1\r\n\
                       To: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn options() -> Options {
    Options { udp: vec![loopback()], tcp: vec![loopback()], ..Options::default() }
}

async fn open(options: Options, capacity: usize) -> (Wire, mpsc::Receiver<Inbound>) {
    let inspector = Inspector::new(Limits::default(), Capacity::new(capacity));
    start(options, inspector, Clock::start()).await.unwrap()
}

fn listener(wire: &Wire, transport: Transport) -> SocketAddr {
    wire.listeners().iter().find(|(t, _)| *t == transport).unwrap().1
}

#[tokio::test]
async fn a_datagram_comes_in_and_its_answer_goes_back() {
    let (wire, mut inbound) = open(options(), 10).await;
    let phone = UdpSocket::bind(loopback()).await.unwrap();
    phone.send_to(OPTIONS.as_bytes(), listener(&wire, Transport::Udp)).await.unwrap();
    let Some(Inbound::Message { hop, bytes }) = inbound.recv().await else { panic!() };
    assert_eq!((hop.peer, bytes.as_slice()), (phone.local_addr().unwrap(), OPTIONS.as_bytes()));
    wire.send(hop, b"SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\n\r\n".to_vec());
    let mut buffer = [0; 100];
    let (length, from) = phone.recv_from(&mut buffer).await.unwrap();
    assert_eq!((&buffer[..11], from), (&b"SIP/2.0 200"[..], listener(&wire, Transport::Udp)));
    assert!(length > 11);
    let counters = wire.counters();
    assert_eq!(counters.requests_in.get("OPTIONS"), Some(&1));
    assert_eq!(counters.responses_out.get(&("OPTIONS", 200)), Some(&1));
}

#[tokio::test]
async fn behind_a_listener_on_all_addresses_the_hop_has_the_real_one() {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let (wire, mut inbound) = open(Options { udp: vec![any], ..Options::default() }, 10).await;
    let port = listener(&wire, Transport::Udp).port();
    let phone = UdpSocket::bind(loopback()).await.unwrap();
    phone.send_to(OPTIONS.as_bytes(), (Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let Some(Inbound::Message { hop, .. }) = inbound.recv().await else { panic!() };
    assert_eq!(hop.local, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    wire.send(hop, OPTIONS.into());
    assert!(phone.recv(&mut [0; 1000]).await.unwrap() > 0, "the listener is found by that address");
}

#[tokio::test]
async fn a_stream_brings_messages_and_pings_and_its_end_is_told() {
    let (wire, mut inbound) = open(options(), 10).await;
    let mut phone = TcpStream::connect(listener(&wire, Transport::Tcp)).await.unwrap();
    phone.write_all(format!("{OPTIONS}\r\n\r\n{OPTIONS}").as_bytes()).await.unwrap();
    let mut hops = Vec::new();
    for _ in 0..2 {
        let Some(Inbound::Message { hop, bytes }) = inbound.recv().await else { panic!() };
        assert_eq!(bytes, OPTIONS.as_bytes());
        hops.push(hop);
    }
    let mut pong = [0; 2];
    phone.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\r\n");
    wire.send(hops[0], OPTIONS.into());
    let mut request = vec![0; OPTIONS.len()];
    phone.read_exact(&mut request).await.unwrap();
    assert_eq!((request, wire.counters().connections), (OPTIONS.into(), 1));
    drop(phone);
    assert_eq!(inbound.recv().await, Some(Inbound::Disconnected(hops[0])));
}

#[tokio::test]
async fn a_stream_is_opened_on_demand_and_a_closed_port_is_unsendable() {
    let (wire, mut inbound) = open(options(), 10).await;
    let phone = TcpListener::bind(loopback()).await.unwrap();
    let local = listener(&wire, Transport::Tcp);
    let hop = Hop { transport: Transport::Tcp, local, peer: phone.local_addr().unwrap() };
    wire.send(hop, OPTIONS.into());
    let (mut stream, _) = phone.accept().await.unwrap();
    let mut request = vec![0; OPTIONS.len()];
    stream.read_exact(&mut request).await.unwrap();
    stream.write_all(OPTIONS.as_bytes()).await.unwrap();
    let message = Inbound::Message { hop, bytes: OPTIONS.into() };
    assert_eq!(inbound.recv().await, Some(message), "what comes back has the hop that was asked for");
    drop((stream, phone));
    assert_eq!(inbound.recv().await, Some(Inbound::Disconnected(hop)));
    wire.send(hop, OPTIONS.into());
    assert_eq!(inbound.recv().await, Some(Inbound::Unsendable(hop)));
    let tls = Hop { transport: Transport::Tls, ..hop };
    wire.send(tls, OPTIONS.into());
    assert_eq!(inbound.recv().await, Some(Inbound::Unsendable(tls)));
}

#[tokio::test]
async fn idle_and_senseless_streams_are_closed() {
    let (wire, mut inbound) =
        open(Options { idle_timeout: Duration::from_millis(50), ..options() }, 10).await;
    let mut silent = TcpStream::connect(listener(&wire, Transport::Tcp)).await.unwrap();
    assert_eq!(silent.read(&mut [0; 10]).await.unwrap(), 0);
    assert!(matches!(inbound.recv().await, Some(Inbound::Disconnected(_))));
    let mut browser = TcpStream::connect(listener(&wire, Transport::Tcp)).await.unwrap();
    browser.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let _ = browser.read(&mut [0; 10]).await;
    assert!(matches!(inbound.recv().await, Some(Inbound::Disconnected(_))));
    assert_eq!(wire.counters().dropped_malformed, 1);
}

#[tokio::test]
async fn over_capacity_the_503_comes_from_the_wire_itself() {
    let (wire, mut inbound) = open(options(), 0).await;
    let invite = OPTIONS.replace("OPTIONS", "INVITE");
    let phone = UdpSocket::bind(loopback()).await.unwrap();
    phone.send_to(invite.as_bytes(), listener(&wire, Transport::Udp)).await.unwrap();
    let mut buffer = [0; 1000];
    let length = phone.recv(&mut buffer).await.unwrap();
    assert!(buffer[..length].starts_with(b"SIP/2.0 503 "));
    let mut stream = TcpStream::connect(listener(&wire, Transport::Tcp)).await.unwrap();
    stream.write_all(invite.as_bytes()).await.unwrap();
    let length = stream.read(&mut buffer).await.unwrap();
    assert!(buffer[..length].starts_with(b"SIP/2.0 503 "));
    assert!(inbound.try_recv().is_err());
    assert_eq!(wire.counters().refused_over_capacity, 2);
}

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n";

/// The loop that `server.rs` has in earnest: every call is answered.
async fn answer_all(wire: Wire, mut inbound: mpsc::Receiver<Inbound>, clock: Clock) {
    let config = Config { listeners: wire.listeners().to_vec(), ..Config::default() };
    let mut stack = Stack::new(config, 1);
    let mut out = Vec::new();
    loop {
        let next = stack.next_timeout().map(|at| clock.deadline(at).into());
        let far = clock.deadline(clock.mono() + Duration::from_secs(3600)).into();
        tokio::select! {
            message = inbound.recv() => match message {
                Some(Inbound::Message { hop, bytes }) => stack.receive(hop, &bytes, clock.now(), &mut out),
                Some(Inbound::Unsendable(hop)) => stack.unsendable(hop, clock.now(), &mut out),
                Some(Inbound::Disconnected(hop)) => stack.disconnected(hop, clock.now(), &mut out),
                None => return,
            },
            () = tokio::time::sleep_until(next.unwrap_or(far)) => stack.handle_timeout(clock.now(), &mut out),
        }
        while !out.is_empty() {
            for output in std::mem::take(&mut out) {
                match output {
                    Output::Send { hop, bytes } => wire.send(hop, bytes),
                    Output::Event(Event::Incoming(call)) => {
                        stack.command(Command::Ring { leg: call.leg, early: None }, clock.now(), &mut out);
                        stack.command(
                            Command::Answer { leg: call.leg, sdp: SDP.into() },
                            clock.now(),
                            &mut out,
                        );
                    }
                    Output::Event(_) => {}
                }
            }
        }
    }
}

#[tokio::test]
async fn sipp_calls_us_over_udp_and_tcp() {
    if std::process::Command::new("sipp")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("skipped: sipp is not installed");
        return;
    }
    let clock = Clock::start();
    let trusted = vec!["127.0.0.0/8".parse().unwrap()];
    let inspector = Inspector::new(Limits { trusted, ..Limits::default() }, Capacity::new(1000));
    let (wire, inbound) = start(options(), inspector, clock).await.unwrap();
    let server = tokio::spawn(answer_all(wire.clone(), inbound, clock));
    for (transport, mode) in [(Transport::Udp, "u1"), (Transport::Tcp, "t1"), (Transport::Tcp, "tn")] {
        let target = listener(&wire, transport).to_string();
        let output = tokio::process::Command::new("sipp")
            .args([
                "-sn",
                "uac",
                "-t",
                mode,
                "-m",
                "50",
                "-r",
                "50",
                "-l",
                "50",
                "-d",
                "100",
                "-s",
                "78007077759",
            ])
            .args(["-i", "127.0.0.1", "-nostdin", "-timeout", "30s", "-max_socket", "200", &target])
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{mode}: {}\n{text}", output.status);
    }
    server.abort();
    let counters = wire.counters();
    assert_eq!(counters.responses_out.get(&("BYE", 200)), Some(&150));
}
