//! Requests good, odd and broken (in the manner of RFC 4475), and the status that each gets.
use crate::sip::event::Event;
use crate::sip::testing::*;

/// An INVITE in which each test replaces something.
const INVITE: &str = "INVITE sip:78007077759@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone\r\n\
    Max-Forwards: 70\r\nFrom: \"A\" <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: one@h\r\nCSeq: 1 INVITE\r\n\
    Contact: <sip:a@192.0.2.1>\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";

fn options() -> String {
    INVITE
        .replace("INVITE", "OPTIONS")
        .replace("Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n", "\r\n")
}

/// The final status that a request gets, and the response.
fn answer(text: &str) -> (u16, String) {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = ringing;
    let replies = pair.inject(B, text);
    let last = replies.last().cloned().unwrap_or_default();
    (last.get(8..11).and_then(|code| code.parse().ok()).unwrap_or(0), last)
}

#[test]
fn what_is_wrong_gets_the_status_that_the_rfc_names() {
    let with = |from: &str, to: &str| INVITE.replace(from, to);
    let long = format!("sip:{}@h", "a".repeat(3000));
    for (text, expected, why) in [
        (INVITE.to_owned(), 180, "nothing is wrong"),
        (with("CSeq: 1 INVITE", "CSeq: 1 OPTIONS"), 400, "CSeq names another method"),
        (with("CSeq: 1 INVITE", "CSeq: 9999999999 INVITE"), 400, "CSeq overflows"),
        (with("CSeq: 1 INVITE\r\n", ""), 400, "CSeq is missing"),
        (with("To: <sip:b@h>\r\n", ""), 400, "To is missing"),
        (with("Call-ID: one@h", "Call-ID: one@h\r\ni: two"), 400, "two Call-IDs"),
        (with("To: <sip:b@h>", "To: <sip:b@h"), 400, "an open bracket"),
        (with("From: \"A\" <", "From: \"A <"), 400, "an open quote"),
        (with(";tag=1", ""), 400, "no From tag"),
        (with("Max-Forwards: 70", "Max-Forwards: 300"), 400, "Max-Forwards over 255"),
        (with("Content-Length: 5", "Content-Length: 50"), 400, "body shorter than announced"),
        (with("Content-Length: 5", "Content-Length: -5"), 400, "negative length"),
        (with("Content-Length: 5", "Content-Length: 5\r\nl: 4"), 400, "two lengths"),
        (with("Contact: <sip:a@192.0.2.1>\r\n", ""), 400, "no Contact"),
        (with("Max-Forwards: 70", "this is no header"), 400, "a line without a colon"),
        (with("Max-Forwards: 70", "X: a\rb"), 400, "a lone CR"),
        (with("sip:78007077759@192.0.2.2 SIP", "<sip:b@h> SIP"), 400, "brackets around the request URI"),
        (with("sip:78007077759@192.0.2.2 SIP", "sip:b @h SIP"), 400, "white space in the request URI"),
        (with("sip:78007077759@192.0.2.2", &long), 414, "a long request URI"),
        (with("application/sdp", "text/plain"), 415, "a body of another type"),
        (with("Content-Type", "Content-Encoding: gzip\r\nContent-Type"), 415, "a compressed body"),
        (with("sip:78007077759@192.0.2.2", "mailto:b@h"), 416, "another scheme"),
        (with("sip:78007077759@192.0.2.2", "sips:b@h"), 416, "sips without TLS"),
        (with("Max-Forwards", "Require: 100rel, timer, x\r\nMax-Forwards"), 420, "extensions that we lack"),
        (with("Content-Type", "Session-Expires: 30\r\nContent-Type"), 422, "a session timer too short"),
        (with("To: <sip:b@h>", "To: <sip:b@h>;tag=gone"), 481, "a dialog that is gone"),
        (with("sip:78007077759@192.0.2.2", "sip:192.0.2.2"), 484, "no user part"),
        (with("application/sdp", "application/pkcs7-mime"), 493, "an encrypted body"),
        (with("INVITE", "DANCE"), 501, "an unheard-of method"),
        (with("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), 505, "another version"),
        (
            with("Max-Forwards", &format!("{}Max-Forwards", "X: y\r\n".repeat(6000))),
            513,
            "endless header fields",
        ),
        (
            with("Content-Length: 5\r\n\r\nv=0\r\n", &format!("\r\n{}", "x".repeat(40_000))),
            413,
            "an endless body",
        ),
    ] {
        let (status, reply) = answer(&text);
        assert_eq!(status, expected, "{why}: {reply}");
    }
}

#[test]
fn a_refusal_says_what_would_do() {
    let (_, reply) = answer(&INVITE.replace("Max-Forwards", "Require: 100rel, timer, x\r\nMax-Forwards"));
    assert!(reply.contains("Unsupported: 100rel, x\r\n"), "{reply}");
    let (_, reply) = answer(&INVITE.replace("application/sdp", "text/plain"));
    assert!(reply.contains("Accept: application/sdp\r\n"), "{reply}");
    for method in ["MESSAGE", "SUBSCRIBE", "PUBLISH"] {
        let (status, reply) = answer(&INVITE.replace("INVITE", method));
        assert_eq!(status, 405, "{reply}");
        assert!(reply.contains("Allow: INVITE, ACK, BYE, "), "{reply}");
    }
    for method in ["BYE", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY"] {
        assert_eq!(answer(&INVITE.replace("INVITE", method)).0, 481);
    }
}

#[test]
fn options_out_of_dialog_lists_what_we_can_do() {
    let (status, reply) = answer(&options());
    assert_eq!(status, 200);
    for line in
        ["Allow: INVITE, ", "Accept: application/sdp\r\n", "Supported: timer\r\n", "To: <sip:b@h>;tag="]
    {
        assert!(reply.contains(line), "{line} in {reply}");
    }
}

#[test]
fn a_short_tortuous_invite_is_understood() {
    // After RFC 4475 §3.1.1.1: folds, compact and odd-cased names, white space, escapes, unknown headers and parameters
    let text = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n\
        TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tagged    = 1918181833n\r\n\
        from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
        MaX-fOrWaRdS: 0068\r\nCall-ID: intmeth.0ha0isndaksdj@192.0.2.1\r\nContent-Length   : 5\r\n\
        cseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n\
        NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n\
        UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n\
        Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n\
        v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n\
        \x20SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n\
        v=0\r\n";
    let mut pair = Pair::new(1, PERFECT);
    let replies = pair.inject(B, text);
    assert!(replies[0].starts_with("SIP/2.0 100 "), "{replies:?}");
    let Some(Event::Incoming(call)) = pair.events[B].first() else { panic!("{:?}", pair.events[B]) };
    assert_eq!((call.called.as_str(), call.from.display.as_str()), ("vivekg", "J Rosenberg \\\""));
    assert_eq!(call.offer.as_deref(), Some("v=0\r\n"));
    assert!(replies[0].contains("CSeq: 0009 INVITE\r\n"), "folds are taken out: {}", replies[0]);
}

#[test]
fn escapes_and_utf8_are_read_and_never_turn_into_line_breaks() {
    let text = INVITE
        .replace("sip:78007077759@", "sip:%37800;x=1@")
        .replace("\"A\" <sip:a@h>", "\"Мария \\\"М\\\"\" <sip:%2B7916%0d%0aX:y@h>");
    let mut pair = Pair::new(1, PERFECT);
    pair.inject(B, &text);
    let Some(Event::Incoming(call)) = pair.events[B].first() else { panic!() };
    assert_eq!((call.called.as_str(), call.from.display.as_str()), ("7800", "Мария \"М\""));
    assert_eq!(call.from.user, "%2B7916%0d%0aX:y".split(':').next().unwrap());
}

#[test]
fn identity_and_privacy_are_reported() {
    let text = INVITE.replace(
        "Max-Forwards",
        "P-Asserted-Identity: \"M\" <sip:+79161234567@trunk>, <tel:+79161234567>\r\nPrivacy: id;critical\r\nMax-Forwards",
    );
    let mut pair = Pair::new(1, PERFECT);
    pair.inject(B, &text);
    let Some(Event::Incoming(call)) = pair.events[B].first() else { panic!() };
    assert_eq!(call.asserted.as_deref(), Some("+79161234567"));
    assert!(call.anonymous);
}

#[test]
fn a_repeated_request_gets_the_same_response_and_is_no_new_call() {
    let mut pair = Pair::new(1, PERFECT);
    pair.react[B] = ringing;
    let first = pair.inject(B, INVITE);
    let again = pair.inject(B, INVITE);
    assert_eq!(first.last(), again.last());
    assert_eq!(pair.events[B].len(), 1);
    // The same request that came over another proxy (RFC 3261 §8.2.2.2)
    let merged = pair.inject(B, &INVITE.replace("z9hG4bKone", "z9hG4bKtwo"));
    assert!(merged[0].starts_with("SIP/2.0 482 "), "{merged:?}");
}

#[test]
fn what_cannot_be_answered_is_passed_over() {
    for text in [
        "",
        "\r\n\r\n",
        "\0",
        "hello",
        "ACK sip:a@h SIP/2.0\r\n\r\n",
        "SIP/2.0 200 OK\r\n\r\n",
        "SIP/2.0 999 What\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n",
        "INVITE sip:a@h SIP/2.0\r\nVia: nonsense\r\n\r\n",
    ] {
        let mut pair = Pair::new(1, PERFECT);
        assert_eq!(pair.inject(B, text), Vec::<String>::new(), "{text:?}");
        assert!(pair.events[B].is_empty());
    }
}

#[test]
fn an_old_branch_without_the_cookie_still_makes_a_transaction() {
    let text = INVITE.replace("z9hG4bKone", "1");
    let mut pair = Pair::new(1, PERFECT);
    pair.inject(B, &text);
    pair.inject(B, &text);
    assert_eq!(pair.events[B].len(), 1);
    let cancel = text.replace("INVITE", "CANCEL").split("Content-Type").next().unwrap().to_owned() + "\r\n";
    let replies = pair.inject(B, &cancel);
    assert!(replies[0].starts_with("SIP/2.0 200 ") && replies[1].starts_with("SIP/2.0 487 "), "{replies:?}");
}
