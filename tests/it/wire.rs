//! The wire with what other floors lend it.
use hotline::clock::Clock;
use hotline::shard;
use hotline::sip::{Hop, Transport};
use hotline::wire::{self, Capacity, Inbound, Inspector, Limits, Options};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

#[tokio::test]
async fn a_phone_that_is_gone_is_unsendable_at_once() {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let gone = UdpSocket::bind(loopback).unwrap().local_addr().unwrap();
    let there = UdpSocket::bind(loopback).unwrap();
    let options =
        Options { udp: vec![loopback], report_icmp: Some(shard::report_icmp), ..Options::default() };
    let inspector = Inspector::new(Limits::default(), Capacity::new(10));
    let (wire, mut inbound) = wire::start(options, inspector, Clock::start()).await.unwrap();
    let (transport, local) = wire.listeners()[0];
    assert_eq!(transport, Transport::Udp);
    let hop = |peer| Hop { transport, local, peer };
    wire.send(hop(gone), b"INVITE sip:a@h SIP/2.0\r\n\r\n".to_vec());
    wire.send(hop(there.local_addr().unwrap()), b"INVITE sip:b@h SIP/2.0\r\n\r\n".to_vec());
    assert_eq!(inbound.recv().await, Some(Inbound::Unsendable(hop(gone))));
    let mut buffer = [0; 100];
    assert_eq!(there.recv(&mut buffer).unwrap(), 26, "the next datagram is not lost with it");
}
