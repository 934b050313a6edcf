//! Mutations of good messages: nothing panics, and what can be parsed as a request is answered.
//!
//! `HOTLINE_FUZZ=1000000` asks for a million inputs; the default suits every test run.
use crate::sip::event::{Command, Event, Hop, Output, Transport};
use crate::sip::frame::Framer;
use crate::sip::message::Start;
use crate::sip::method::Method;
use crate::sip::parse::parse;
use crate::sip::testing::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::time::Duration;

const INPUTS: u64 = 50_000;

/// Pieces that mean something to a parser somewhere.
const WORDS: [&str; 24] = [
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    ";",
    ",",
    "\"",
    "<",
    ">",
    ":",
    "@",
    "%",
    "%0d%0a",
    "\0",
    "sip:",
    "tel:+",
    "[::1]",
    "=",
    "SIP/2.0",
    "Via: ",
    "Content-Length: 4294967296\r\n",
    "z9hG4bK",
    "tag=",
    "99999999999999999999",
    "\u{fffd}",
];

fn corpus() -> Vec<Vec<u8>> {
    let mut pair = Pair::new(1, PERFECT);
    pair.react = [answering, answering];
    let leg = pair.dial();
    pair.run_for(Duration::from_secs(1));
    pair.command(A, Command::Reinvite { leg, sdp: OFFER.into() });
    pair.run_for(Duration::from_secs(1));
    pair.command(A, Command::Hangup { leg, reason: None });
    pair.run_out();
    let mut corpus: Vec<Vec<u8>> = pair.sent.into_iter().map(|(_, text)| text.into_bytes()).collect();
    let register = "REGISTER sip:example.org SIP/2.0\r\nv: SIP/2.0/UDP 192.168.1.5;branch=z9hG4bKr;rport\r\nf: <sip:101@example.org>;tag=1\r\n\
        t: <sip:101@example.org>\r\ni: r\r\nCSeq: 1 REGISTER\r\nm: <sip:101@192.168.1.5>;expires=60, \"x\" <sip:y@z>;q=0.5\r\nAuthorization: Digest \
        username=\"101\", realm=\"example.org\", nonce=\"00\", uri=\"sip:example.org\", response=\"00\", cnonce=\"a\", qop=auth, nc=0000000a\r\n\r\n";
    corpus.push(register.into());
    let info = "INFO sip:a@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKi\r\nFrom: a <sip:a@h>;tag=1\r\nTo: sip:b@h;tag=2\r\nCall-ID: 1\r\n\
        CSeq: 2 INFO\r\nContent-Type: multipart/mixed;boundary=b\r\nReason: Q.850;cause=16;text=\"x\", SIP;cause=200\r\nSession-Expires: 90;refresher=uac\r\n\
        Content-Length: 50\r\n\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n";
    corpus.push(info.into());
    corpus
}

fn mutate(corpus: &[Vec<u8>], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let below = |n: usize, rng: &mut ChaCha8Rng| (rng.next_u64() % (n.max(1) as u64)) as usize;
    let mut bytes = corpus[below(corpus.len(), rng)].clone();
    for _ in 0..=below(4, rng) {
        let at = below(bytes.len(), rng);
        match below(7, rng) {
            0 => bytes.truncate(at),
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << below(8, rng);
                }
            }
            2 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.next_u64() as u8;
                }
            }
            3 => {
                // The head of one message, the tail of another
                let other = &corpus[below(corpus.len(), rng)];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[below(other.len(), rng)..]);
            }
            4 => {
                let end = (at + below(40, rng)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let word = WORDS[below(WORDS.len(), rng)];
                bytes.splice(at..at, word.bytes());
            }
            _ => {
                let end = (at + below(60, rng)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

#[test]
fn no_input_makes_it_panic_and_every_request_is_answered() {
    let inputs = std::env::var("HOTLINE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(INPUTS);
    let corpus = corpus();
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_122);
    let mut pair = Pair::new(1, PERFECT);
    let mut framer = Framer::default();
    let (mut parsed, mut answered, mut calls) = (0u64, 0u64, 0u64);
    let mut out = Vec::new();
    for n in 0..inputs {
        let bytes = mutate(&corpus, &mut rng);
        framer.push(&bytes);
        while let Ok(Some(_)) = framer.next_frame() {}
        if n % 7 == 0 {
            framer = Framer::default();
        }
        let request = parse(&bytes).ok().and_then(|message| match message.start {
            Start::Request { method, .. } if method != Method::Ack => {
                Some(message.via.branch().map(str::to_owned))
            }
            _ => None,
        });
        let transport = if n % 2 == 0 { Transport::Udp } else { Transport::Tcp };
        // Each input comes from its own port, and most to a stack that has seen little.
        if n % 50 == 0 {
            pair = Pair::new(n, PERFECT);
            pair.react = [answering, answering];
            pair.dial();
            pair.run_for(Duration::from_secs(1));
        }
        let hop =
            Hop { transport, local: address(B), peer: ([192, 0, 2, 1], 1024 + (n % 60_000) as u16).into() };
        for side in [A, B] {
            out.clear();
            let before = pair.stacks[side].size().server_transactions;
            pair.stacks[side].receive(hop, &bytes, pair.now, &mut out);
            let sent = out.iter().any(|output| matches!(output, Output::Send { .. }));
            // Two inputs of one branch are one transaction, which answers when it has an answer.
            let new = pair.stacks[side].size().server_transactions > before;
            if request.is_some() && new {
                parsed += 1;
                assert!(sent, "input {n}: no answer to {}", String::from_utf8_lossy(&bytes));
            }
            answered += u64::from(sent);
            for output in std::mem::take(&mut out) {
                match output {
                    Output::Send { bytes, .. } => {
                        assert!(
                            parse(&bytes).is_ok() || request.is_none(),
                            "{}",
                            String::from_utf8_lossy(&bytes)
                        );
                    }
                    Output::Event(event) => {
                        calls += u64::from(matches!(event, Event::Incoming(_)));
                        for command in answering(&event) {
                            pair.stacks[side].command(command, pair.now, &mut Vec::new());
                        }
                    }
                }
            }
        }
        if n % 50 == 49 {
            for side in [A, B] {
                pair.now = pair.now.later(Duration::from_secs(1));
                pair.stacks[side].handle_timeout(pair.now, &mut out);
            }
            out.clear();
        }
    }
    assert!(
        parsed > inputs / 20 && answered > inputs / 10 && calls > 0,
        "{parsed} {answered} {calls}: the mutations reach nothing"
    );
}
