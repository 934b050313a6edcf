//! The configuration as an admin meets it: the documented example, what is wrong with twenty broken files, the environment.
use super::*;
use crate::class::Class;
use crate::queue::{SignIn, Strategy};
use std::time::Duration;

/// The documented example, with its ellipses filled in.
const EXAMPLE: &str = r#"
sip: {udp: ["0.0.0.0:5060"], tcp: ["0.0.0.0:5060"], tls: [], ws: [], tls_cert: "", tls_key: "", external_address: "", domain: hotline.local,
      allow_anonymous: local, max_calls: auto}
media: {address: auto, ports: 20000-29999, shards: auto, realtime: try, webrtc_port: 19000, rtp_timeout: 60s}
web: {listen: "127.0.0.1:8080", tls: off}
metrics: {listen: ""}
storage: {url: "sqlite:DATA/hotline.db"}
flows: {dir: call-flows}
prompts: {dir: prompts, tts: [espeak-ng, "-v", ru]}
lines: {qiwi-hotline: {settings: {payment_digits: 4..20, office_address: ""}}}
trunks: [{name: provider, peers: [203.0.113.0/24, sip.provider.example], register: {server: "sip:provider.example", user: u, password: p}}]
outbound: {trunk: none, allow: []}
pools: {main: {max_share: 0.5, starvation_limit: 600s, reserve_max: auto}, agents: {}}
queues:
  wallet: {pool: main, strategy: longest_idle, ring_timeout: 15s, progressive: [4s, 6s], wrap_up: 30s, max_wait: 900s, max_len: 200, all_paused_grace: 60s, announce_every: 60s, record: false}
operators:
  - {id: "101", name: "Оператор 101", queues: [wallet, terminals, security], skills: [], password: "p", sign_in: on_register, rings_within: 1500ms, auto_answer: false}
  - {id: "102", name: "Оператор 102", queues: [wallet], contact: "sip:102@10.0.0.12:5060"}
calendars: {office: {zone: Europe/Moscow, weekly: {mon-fri: "09:00-18:00", "sat,sun": "10:00-12:00"}, holidays: ["2027-01-01"], overrides: []}}
caller_rules: [{number: "7495*", action: reject, until: 2027-01-01}]
feature_codes: {ready: "*10", break: "*11", end_wrap_up: "*12", sign_out: "*13", state: "*14", reasons: {"1": lunch}}
recording: {dir: DATA/recordings, days: 90, min_free: 1GiB}
retention: {days: 365}
smtp: {host: mail.example.org, from: hotline@example.org, user: u, password: p}
alerts: {webhook: "", email: ""}
language: ru
timezone: Europe/Moscow
"#;

fn with(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<Finding>> {
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Config::parse(Path::new("config.yaml"), text, Path::new("/var/lib/hotline"), &variables)
}

fn parse(text: &str) -> Result<Config, Vec<Finding>> {
    with(text, &[])
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect()
}

#[test]
fn the_documented_example_loads() {
    let config = parse(EXAMPLE).unwrap_or_else(|findings| panic!("{}", listed(&findings)));
    let data = Path::new("/var/lib/hotline");
    assert_eq!(config.storage_url(data), "sqlite:/var/lib/hotline/hotline.db");
    assert_eq!(config.recording_dir(data), data.join("recordings"));
    assert_eq!(config.lines["qiwi-hotline"].settings["payment_digits"], "4..20");
    assert_eq!(config.trunks[0].peers[1], Peer::Host("sip.provider.example".into()));
    assert_eq!(config.test_sources().len(), 2);
    assert_eq!(config.operators[1].rings_within, Duration::from_millis(1500));
    assert!(config.calendars.contains_key("office"));
    assert_eq!(config.smtp.as_ref().map(|smtp| smtp.port), Some(587));
    assert_eq!(config.warnings(), Vec::<String>::new());
}

#[test]
fn nothing_at_all_answers_both_lines() {
    let config = parse("").unwrap();
    let pools = config.pools();
    let names: Vec<_> = pools
        .iter()
        .map(|pool| (pool.name.as_str(), pool.queues.keys().map(QueueName::as_str).collect::<Vec<_>>()))
        .collect();
    assert_eq!(names, [("agents", vec!["agents"]), ("main", vec!["security", "terminals", "wallet"])]);
    assert_eq!(pools[1].queues["security"].class, Some(Class::Security));
    assert_eq!(pools[0].queues["agents"].class, Some(Class::AgentLine));
    assert_eq!(config.sip.udp[0].0.to_string(), "0.0.0.0:5060");
    assert_eq!(config.environment().queues.len(), 4);
}

#[test]
fn a_queue_keeps_what_is_not_written() {
    let text =
        "queues:\n  security: {wrap_up: 5s, strategy: ring_all}\n  terminals: off\n  vip: {max_len: 3}\n";
    let config = parse(text).unwrap();
    let pools = config.pools();
    let security = &pools[1].queues["security"];
    assert_eq!((security.class, security.strategy), (Some(Class::Security), Strategy::RingAll));
    assert_eq!((security.wrap_up, security.max_wait), (Duration::from_secs(5), Duration::from_secs(900)));
    assert!(!pools[1].queues.contains_key("terminals"));
    assert_eq!(pools[1].queues["vip"].max_len, 3);
}

#[test]
fn operators_go_to_the_pool_of_their_queues() {
    let text = "operators:\n  - {id: 101, queues: [wallet], sign_in: manual, password: p}\n  - {id: 201, queues: [agents]}\n";
    let config = parse(text).unwrap();
    let pools = config.pools();
    let ids = |at: usize| pools[at].operators.keys().map(|id| id.to_string()).collect::<Vec<_>>();
    assert_eq!((ids(0), ids(1)), (vec!["201".to_string()], vec!["101".to_string()]));
    assert_eq!(pools[1].operators["101"].sign_in, SignIn::Manual);
    let rows = config.declared_operators();
    assert_eq!(rows[0].secret.as_ref().map(|secret| secret.realm.as_str()), Some("hotline.local"));
    assert_eq!(rows[1].secret, None);
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_the_way_out() {
    // text, line, column, part of the message or the help
    let cases: &[(&str, u32, u32, &str)] = &[
        ("sipp: {}\n", 1, 1, "did you mean `sip`?"),
        ("sip:\n  udpp: []\n", 2, 3, "did you mean `udp`?"),
        ("sip: {udp: [\"0.0.0.0\"]}\n", 1, 13, "expected an address with a port"),
        ("sip: {allow_anonymous: yes}\n", 1, 24, "local, true or false"),
        ("sip: {max_calls: many}\n", 1, 18, "`auto` or a whole number"),
        ("sip: {udp: [], tcp: []}\n", 1, 6, "nobody can call"),
        ("sip: {tls: [\"0.0.0.0:5061\"]}\n", 1, 6, "needs a certificate"),
        ("media:\n  ports: 30000-20000\n", 2, 10, "the smaller first"),
        ("media: {rtp_timeout: 60}\n", 1, 22, "write `60s`"),
        ("media: {realtime: maybe}\n", 1, 19, "known here: try, require, off"),
        ("web: {tls: on}\n", 1, 12, "expected off, self_signed or {cert, key}"),
        ("storage: {url: \"mysql://x\"}\n", 1, 16, "SQLite or PostgreSQL"),
        ("queues:\n  wallet: {strategy: longest_idel}\n", 2, 22, "did you mean `longest_idle`?"),
        ("queues:\n  wallet: {pool: mian}\n", 2, 18, "did you mean `main`?"),
        ("queues:\n  wallet: {class: priority}\n", 2, 19, "belongs to the caller"),
        ("queues:\n  wallet: {progressive: [6s, 4s]}\n", 2, 25, "rising"),
        ("queues: {wallet: {max_len: 0}}\n", 1, 28, "at least one caller"),
        ("pools: {main: {max_share: 1.5}}\n", 1, 27, "a share from 0 to 1"),
        ("operators:\n  - {id: 101, queues: [walet]}\n", 2, 24, "did you mean `wallet`?"),
        ("operators:\n  - {id: 101, queues: [wallet, agents]}\n", 2, 32, "share one pool"),
        ("operators:\n  - {id: 101, queues: []}\n", 2, 23, "never rung"),
        (
            "operators:\n  - {id: 1, queues: [wallet]}\n  - {id: 1, queues: [wallet]}\n",
            3,
            10,
            "first at line 2",
        ),
        ("operators:\n  - {id: 1, queues: [wallet], contact: \"102@x\"}\n", 2, 40, "SIP address"),
        ("operators:\n  - {id: 1, queues: [wallet], password_file: nowhere}\n", 2, 46, "cannot read nowhere"),
        ("operators:\n  - {name: x, queues: [wallet]}\n", 2, 5, "key `id` is missing"),
        ("trunks: [{name: a, peers: [10.0.0.0/33]}]\n", 1, 28, "a network, an address or a host name"),
        ("trunks: [{name: a, peers: [0.0.0.0/0]}]\n", 1, 17, "trusts the whole Internet"),
        ("outbound: {trunk: provider}\n", 1, 19, "trunk `provider` is not defined"),
        ("outbound: {allow: [\"8-800-x\"]}\n", 1, 20, "a number or a prefix"),
        ("calendars:\n  office: {zone: Europe/Moskow}\n", 2, 11, "time zone"),
        ("caller_rules: [{number: \"7495*\", action: block}]\n", 1, 42, "known here: reject, standard, flow"),
        ("caller_rules: [{number: \"7495*\", action: reject, until: soon}]\n", 1, 57, "expected a date"),
        ("retention: {days: 0}\n", 1, 19, "a number of days"),
        ("feature_codes: {ready: \"10\"}\n", 1, 16, "a star and digits"),
        ("feature_codes: {ready: \"*1\"}\n", 1, 16, "is how `*1"),
        ("alerts: {email: duty@example.org}\n", 1, 17, "need a mail server"),
        ("language: de\n", 1, 11, "known here: ru, en"),
        ("timezone: Moscow\n", 1, 11, "IANA name"),
        ("web: {}\nweb: {}\n", 2, 1, "first at line 1"),
        ("web: {listen: \"${NOWHERE}:80\"}\n", 1, 16, "`NOWHERE` is not set"),
        ("web:\n\tlisten: x\n", 2, 1, "tab"),
    ];
    for (text, line, column, part) in cases {
        let findings = parse(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
        let first = &findings[0];
        assert_eq!((first.line, first.column), (*line, *column), "{text}{}", listed(&findings));
        let said = format!("{} {}", first.message, first.help);
        assert!(said.contains(part), "{text}expected `{part}` in\n{}", listed(&findings));
        assert!(first.excerpt.is_some(), "{text}");
    }
}

#[test]
fn everything_wrong_is_found_in_one_run() {
    let text = "sip: {udp: [x]}\nqueues: {wallet: {strategy: best}}\nretention: {days: x}\n";
    assert_eq!(parse(text).unwrap_err().len(), 3);
    let text = "outbound: {trunk: a, allow: [x]}\noperators: [{id: \"1 2\", queues: [b]}]\n";
    assert_eq!(parse(text).unwrap_err().len(), 4);
}

#[test]
fn values_may_come_from_the_environment() {
    let text = "web: {listen: \"${HOST}:${PORT}\"}\nlines: {a: {settings: {price: \"$${x}\"}}}\n";
    let config = with(text, &[("HOST", "10.0.0.1"), ("PORT", "81")]).unwrap();
    assert_eq!(config.web.listen.0.to_string(), "10.0.0.1:81");
    assert_eq!(config.lines["a"].settings["price"], "${x}");
}

#[test]
fn a_variable_lays_itself_over_the_file() {
    let text = "web: {listen: \"127.0.0.1:1\"}\nqueues: {Night-Shift: {wrap_up: 1s}}\n";
    let environment = [
        ("HOTLINE__WEB__LISTEN", "127.0.0.1:2"),
        ("HOTLINE__SIP__UDP", "[\"127.0.0.1:5070\"]"),
        ("HOTLINE__QUEUES__NIGHT_SHIFT__WRAP_UP", "9s"),
        ("HOTLINE__LANGUAGE", "en"),
        ("HOTLINE_OTHER", "not ours"),
    ];
    let config = with(text, &environment).unwrap();
    assert_eq!(config.web.listen.0.port(), 2);
    assert_eq!(config.sip.udp[0].0.port(), 5070);
    assert_eq!(config.queues["Night-Shift"].settings.wrap_up, Duration::from_secs(9));
    assert_eq!(config.language, Language::En);
}

#[test]
fn what_is_wrong_with_a_variable_names_the_variable() {
    let wrong = |name: &str, value: &str| listed(&with("web: {}\n", &[(name, value)]).unwrap_err());
    let said = wrong("HOTLINE__WEB__LISTEN", "nowhere");
    assert!(said.starts_with("HOTLINE__WEB__LISTEN:1:1: expected an address with a port"), "{said}");
    let said = wrong("HOTLINE__WEB__LISTNE", "x");
    assert!(said.contains("HOTLINE__WEB__LISTNE:1:1: unknown key `listne`"), "{said}");
    let said = wrong("HOTLINE__STORAGE__URL", "mysql://u:secret@h/d");
    assert!(said.starts_with("HOTLINE__STORAGE__URL:1:1:") && !said.contains("secret@"), "{said}");
    let said = wrong("HOTLINE__SIP__UDP", "[a");
    assert!(said.starts_with("HOTLINE__SIP__UDP:1:"), "{said}");
}

#[test]
fn a_secret_may_stand_in_a_file_beside_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("101.secret"), "s3cret\n").unwrap();
    let file = dir.path().join("config.yaml");
    let text = "operators: [{id: 101, queues: [wallet], password_file: 101.secret}]\n";
    std::fs::write(&file, text).unwrap();
    let config = Config::load(Some(&file), Path::new("data")).unwrap();
    assert_eq!(config.operators[0].password.as_ref().unwrap().reveal(), "s3cret");
    let twice = text.replace("password_file", "password: x, password_file");
    let findings = Config::parse(&file, &twice, Path::new("data"), &Variables::new()).unwrap_err();
    assert!(listed(&findings).contains("given twice"));
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let findings = Config::load(Some(Path::new("/nowhere/config.yaml")), Path::new("data")).unwrap_err();
    assert!(listed(&findings).starts_with("/nowhere/config.yaml:1:1: cannot be read"));
}

#[test]
fn what_is_shown_reads_back_and_shows_no_secret() {
    let shown = show(&parse(EXAMPLE).unwrap());
    let again = parse(&shown).unwrap_or_else(|findings| panic!("{}{shown}", listed(&findings)));
    assert_eq!(show(&again), shown);
    assert_eq!(again.pools(), parse(EXAMPLE).unwrap().pools());
    assert!(!shown.contains("\"p\"") && shown.contains("password: \"(hidden)\""), "{shown}");
    let remote = parse("storage: {url: \"postgres://u:hush@h/d\"}\n").unwrap();
    assert!(!show(&remote).contains("hush"));
    assert!(!format!("{remote:?}").contains("hush"));
    assert!(!show_json(&remote).to_string().contains("hush"));
}

#[test]
fn the_initial_file_does_nothing_until_it_is_uncommented_and_then_says_the_defaults() {
    let defaults = parse("").unwrap();
    assert_eq!(parse(init()).unwrap(), defaults);
    let uncommented: String = init()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with('#') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = parse(&uncommented).unwrap_or_else(|findings| panic!("{}", listed(&findings)));
    assert_eq!(config.pools(), defaults.pools());
    let same = |config: &Config| {
        (
            config.sip.clone(),
            config.media.clone(),
            config.web.clone(),
            config.storage.clone(),
            config.recording.clone(),
            config.feature_codes.clone(),
        )
    };
    assert_eq!(same(&config), same(&defaults));
}

#[test]
fn what_is_allowed_but_dangerous_is_said_at_start() {
    let text = "sip: {allow_anonymous: true}\nweb: {listen: \"0.0.0.0:80\"}\n";
    assert_eq!(parse(text).unwrap().warnings().len(), 2);
}

#[test]
fn the_outbound_trunk_is_dialled_where_it_says() {
    let trunk = |text: &str| {
        let config =
            parse(&format!("trunks: [{{name: a, {text}}}]\noutbound: {{trunk: a, allow: [\"7495*\"]}}\n"));
        let config = config.unwrap_or_else(|findings| panic!("{}", listed(&findings)));
        (
            config.outbound_route().map(|(host, address, _)| (host, address.to_string())),
            config.warnings().len(),
        )
    };
    let route = |host: &str, address: &str| (Some((host.to_string(), address.to_string())), 0);
    assert_eq!(trunk("peers: [203.0.113.7]"), route("203.0.113.7", "203.0.113.7:5060"));
    assert_eq!(trunk("peers: [\"2001:db8::7\"]"), route("[2001:db8::7]", "[2001:db8::7]:5060"));
    assert_eq!(
        trunk("peers: [203.0.113.0/24], proxy: \"203.0.113.9:5070\""),
        route("203.0.113.9:5070", "203.0.113.9:5070")
    );
    let register = "register: {server: \"sip:203.0.113.8:5080;transport=udp\", user: u, password: p}";
    assert_eq!(trunk(register), route("203.0.113.8:5080", "203.0.113.8:5080"));
    assert_eq!(trunk("peers: [203.0.113.0/24]"), (None, 1));
    assert_eq!(parse("").unwrap().outbound_route(), None);
}

#[test]
fn the_demo_stays_on_loopback() {
    let mut config =
        parse("web: {listen: \"0.0.0.0:8081\"}\nsip: {tls: [\"[::]:5061\"], tls_cert: a, tls_key: b}\n")
            .unwrap();
    config.bind_to_loopback();
    assert_eq!(config.web.listen.0.to_string(), "127.0.0.1:8081");
    assert_eq!(config.sip.udp[0].0.to_string(), "127.0.0.1:5060");
    assert_eq!(config.sip.tls[0].0.to_string(), "[::1]:5061");
    assert_eq!(config.media.address, Auto::Is("127.0.0.1".parse().unwrap()));
}
