//! The commands as somebody runs them who has just installed Hotline: help, findings with their place, imports that name
//! the bad line, and the exit codes of the contract.
use crate::house::{House, Plan, WALLET_LINE};
use hotline::digit::Digit;
use hotline::media::{tone, wav};
use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A new user's folder: nothing but what the commands make.
struct Place {
    dir: tempfile::TempDir,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Place {
        let place = Place { dir: tempfile::tempdir().unwrap() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        place.config(&format!(
            "flows: {{dir: {}}}\nprompts: {{dir: {}}}\nsip: {{udp: [\"127.0.0.1:0\"], tcp: [\"127.0.0.1:0\"]}}\n\
             web: {{listen: \"127.0.0.1:0\"}}\n",
            root.join("call-flows").display(),
            root.join("prompts").display()
        ));
        place
    }

    fn config(&self, text: &str) {
        fs::write(self.path("config.yaml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    fn run(&self, args: &[&str]) -> Said {
        self.run_with(args, "")
    }

    fn run_with(&self, args: &[&str], stdin: &str) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hotline"))
            .args(args)
            .current_dir(self.dir.path())
            .env_remove("HOTLINE_CONFIG")
            .env_remove("HOTLINE_DATA_DIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads no input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        said(child.wait_with_output().unwrap())
    }

    /// Runs, and expects this exit code.
    fn expect(&self, code: i32, args: &[&str]) -> Said {
        let said = self.run(args);
        assert_eq!(said.code, code, "hotline {args:?}\n{}{}", said.out, said.err);
        said
    }
}

fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).to_string();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    let main = place.expect(0, &["--help"]).out;
    assert!(main.contains("Exit codes: 0 ok, 1 findings, 2 usage"), "{main}");
    let commands = |help: &str| -> Vec<String> {
        let lines = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
        let lines = lines.take_while(|line| line.starts_with("  "));
        let names =
            lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "help").map(str::to_string).collect()
    };
    let first = commands(&main);
    assert!(first.len() >= 18, "{first:?}");
    let mut seen = 0;
    for command in &first {
        let help = place.expect(0, &[command, "--help"]).out;
        seen += 1;
        for sub in commands(&help) {
            let help = place.expect(0, &[command, &sub, "--help"]).out;
            assert!(help.contains("Usage: hotline"), "{command} {sub}: {help}");
            let about = help.lines().next().unwrap_or("");
            assert!(
                !about.is_empty() && !about.starts_with("Usage"),
                "{command} {sub} does not say what it does"
            );
            seen += 1;
        }
        let about = help.lines().next().unwrap_or("");
        assert!(!about.is_empty() && !about.starts_with("Usage"), "{command} does not say what it does");
    }
    println!("{seen} commands explain themselves");
    let wrong = place.expect(2, &["chek"]);
    assert!(wrong.err.contains("check"), "a near miss is named: {}", wrong.err);
    place.expect(2, &["walk"]);
    let man = place.expect(0, &["man"]).out;
    assert!(man.contains(".TH") && man.contains("hotline"), "{man}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.expect(0, &["completions", shell]).out.contains("hotline"), "{shell}");
    }
    let version = place.expect(0, &["--version"]).out;
    assert_eq!(version.trim(), format!("hotline {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_shipped_flows_and_prompts_are_clean_and_a_broken_file_is_shown_its_place() {
    let place = Place::new();
    let shipped = place.expect(0, &["check"]);
    assert!(shipped.out.contains("qiwi-hotline") && shipped.out.contains("agent-line"), "{}", shipped.out);
    place.expect(0, &["prompts", "check"]);
    let script = place.expect(0, &["prompts", "script"]).out;
    assert!(script.lines().count() > 50 && script.contains("welcome"), "{script}");

    let broken = place.write(
        "broken.yaml",
        "flow: broken\nentry: {number: \"88001234567\", start: hello}\nlanguage: ru\nsteps:\n  hello:\n    play: {say: [welcome], next: nowhere}\n",
    );
    let found = place.expect(1, &["check", &broken]).out;
    assert!(found.contains("broken.yaml:6:") && found.contains("nowhere"), "{found}");
    let json: serde_json::Value =
        serde_json::from_str(&place.expect(1, &["check", &broken, "--format", "json"]).out).unwrap();
    assert!(json.to_string().contains("nowhere"), "{json}");
    serde_json::from_str::<serde_json::Value>(&place.expect(1, &["check", &broken, "--format", "sarif"]).out)
        .unwrap();
    let code = found.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| word.starts_with("HF")).unwrap();
    assert!(place.expect(0, &["check", "--explain", code]).out.contains(code));
    for (lang, beginning) in [("en", "HF022: A target"), ("ru", "HF022: Переход")] {
        let explained = place.expect(0, &["check", "--explain", "hf022", "--lang", lang]).out;
        assert!(explained.starts_with(beginning), "{explained}");
    }
    let explained = place.expect(0, &["check", "--explain", "hf063", "--lang", "ru"]).out;
    assert!(explained.starts_with("HF063: В записи"), "{explained}");
    place.expect(2, &["check", "--explain", "HF999"]);
    let absent = place.expect(2, &["check", "no-such-file.yaml"]);
    assert!(absent.err.contains("no-such-file.yaml"), "{}", absent.err);
    let elsewhere =
        place.expect(3, &["walk", "qiwi-hotline", "--config", &place.write("empty.yaml", "")]).err;
    assert!(elsewhere.contains("flows.dir"), "what to set when there are no flows here: {elsewhere}");
    let half = place.write("half.yaml", "flow: [unclosed\n");
    let found = place.expect(1, &["check", &half]).out;
    assert!(found.contains("half.yaml:"), "{found}");
}

#[test]
fn a_walk_shows_the_texts_and_the_ticket() {
    let place = Place::new();
    let walk = place.expect(0, &["walk", "qiwi-hotline", "--keys", "1,2,1000000001,hash,1"]).out;
    assert!(walk.contains("«Здравствуйте! Это служба поддержки QIWI.»"), "{walk}");
    assert!(walk.contains("a ticket is opened: payment_not_arrived"), "{walk}");
    assert!(walk.contains("the call has ended:"), "{walk}");
    let by_number = place
        .expect(0, &["walk", "8-800-333-69-00", "--keys", "100234,hash,2", "--at", "2026-11-22T12:00"])
        .out;
    assert!(by_number.contains("agent-line"), "{by_number}");
    let unknown = place.expect(2, &["walk", "qiwi"]);
    assert!(unknown.err.contains("qiwi-hotline"), "the names that there are: {}", unknown.err);
    let keys = place.expect(2, &["walk", "qiwi-hotline", "--keys", "1,x"]);
    assert!(keys.err.contains("`x`"), "{}", keys.err);
    place.expect(2, &["walk", "qiwi-hotline", "--at", "tomorrow"]);
    place.expect(2, &["walk", "qiwi-hotline", "--class", "gold"]);
}

#[test]
fn the_digits_of_a_recording_are_listed() {
    let place = Place::new();
    let silence = |ms: u64| vec![0; ms as usize * 8];
    let mut samples = silence(500);
    for key in "1590*#D".chars() {
        let digit = Digit::from_char(key).unwrap();
        samples.extend(tone::dtmf(digit, -8.0, Duration::from_millis(80)));
        samples.extend(silence(80));
    }
    let path = place.path("keys.wav");
    wav::write_8k_mono(&path, &samples).unwrap();
    let file = path.display().to_string();
    let text = place.expect(0, &["dtmf", &file]).out;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let digits: String = rows.iter().map(|row| row[0]).collect();
    assert_eq!(digits, "1590*#D");
    for (n, row) in rows.iter().enumerate() {
        let (start, length): (f64, f64) = (row[1].parse().unwrap(), row[2].parse().unwrap());
        let expected = 500.0 + 160.0 * n as f64;
        assert!(
            (start - expected).abs() <= 25.0 && (length - 80.0).abs() <= 30.0,
            "{row:?}, expected at {expected}"
        );
    }
    let json: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["dtmf", &file, "--json"]).out).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 7);
    assert_eq!(json[0]["digit"], "1");
    let absent = place.expect(2, &["dtmf", "none.wav"]);
    assert_eq!(absent.err.matches("none.wav").count(), 1, "{}", absent.err);
    let text = place.write("text.wav", "this is no sound");
    assert!(place.expect(2, &["dtmf", &text]).err.contains("text.wav"));
}

#[test]
fn an_import_loads_all_or_names_the_bad_line() {
    let place = Place::new();
    let good = [
        ("subscriber", "number,class,name\n79161112233,priority,Анна\n8 (916) 111-22-34,standard,\n"),
        (
            "payment",
            "number,terminal,paid_at,amount,status\n2000000001,7700101,2026-11-20T10:15,1500.50,done\n",
        ),
        ("agent", "name,id\nКиоск,100777\n"),
    ];
    for (what, csv) in good {
        let file = place.write(&format!("{what}.csv"), csv);
        let loaded = place.expect(0, &[what, "import", &file]).out;
        assert_eq!(loaded.trim(), format!("{} rows loaded", csv.lines().count() - 1));
    }
    let bad = [
        ("subscriber", "number,class\n79161112233,gold\n", "line 2", "gold"),
        ("subscriber", "class\npriority\n", "line 1", "number"),
        (
            "payment",
            "number,terminal,paid_at,amount,status\n1,2,2026-11-20T10:15,1.00,done\n1,2,yesterday,1.00,done\n",
            "line 3",
            "paid_at",
        ),
        (
            "payment",
            "number,terminal,paid_at,amount,status\n1,2,2026-11-20T10:15,1.005,done\n",
            "line 2",
            "amount",
        ),
        ("agent", "id,colour\n100777,red\n", "line 1", "colour"),
    ];
    for (what, csv, line, name) in bad {
        let file = place.write("bad.csv", csv);
        let said = place.expect(1, &[what, "import", &file]).err;
        assert!(said.contains("bad.csv") && said.contains(line) && said.contains(name), "{said}");
        assert!(said.contains("nothing of the file was loaded"), "{said}");
    }
    let absent = place.expect(1, &["agent", "import", "none.csv"]);
    assert!(absent.err.contains("none.csv"), "{}", absent.err);
    let status = place.expect(0, &["db", "status"]).out;
    for rows in ["subscribers\t2", "payments\t1", "agents\t1"] {
        assert!(status.contains(rows), "{status}");
    }
    place.expect(0, &["db", "migrate"]);
}

#[test]
fn operators_and_users_are_added_listed_and_changed() {
    let place = Place::new();
    let made =
        place.expect(0, &["operator", "add", "103", "--name", "Анна", "--queues", "wallet,terminals"]).out;
    assert!(made.starts_with("operator 103, password ") && made.trim().len() > 30, "{made}");
    let list = place.expect(0, &["operator", "list"]).out;
    assert!(list.contains("103\tАнна\twallet,terminals"), "{list}");
    place.expect(0, &["operator", "set", "103", "--queues", "agents"]);
    let json: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["operator", "list", "--json"]).out).unwrap();
    assert_eq!(json[0]["queues"], serde_json::json!(["agents"]));
    assert!(!json.to_string().contains("ha1") && json[0]["has_password"] == true);
    let twice = place.expect(1, &["operator", "add", "103", "--queues", "wallet"]);
    assert!(twice.err.contains("exists already"), "{}", twice.err);
    let queue = place.expect(1, &["operator", "add", "104", "--queues", "walet"]);
    assert!(queue.err.contains("known are"), "{}", queue.err);
    let sign_in = place.expect(2, &["operator", "set", "103", "--sign-in", "never"]);
    assert!(sign_in.err.contains("on_register"), "{}", sign_in.err);
    place.expect(0, &["operator", "remove", "103"]);
    place.expect(1, &["operator", "remove", "103"]);

    let made = place.expect(0, &["user", "add", "boss", "--role", "admin"]).out;
    assert!(made.starts_with("user boss, password "), "{made}");
    let set = place.run_with(&["user", "passwd", "boss", "--password-stdin"], "a long enough secret\n");
    assert_eq!((set.code, set.out.as_str()), (0, ""), "{}", set.err);
    let short = place.run_with(&["user", "passwd", "boss", "--password-stdin"], "short\n");
    assert_eq!(short.code, 1);
    assert!(short.err.contains("got 5"), "{}", short.err);
    place.expect(1, &["user", "passwd", "nobody"]);
    place.expect(2, &["user", "add", "x", "--role", "king"]);
    let token = place.expect(0, &["user", "token", "--role", "api", "--name", "crm"]).out;
    assert!(token.trim().len() >= 32 && token.lines().count() == 1, "a bare token for scripts: {token}");
    let list = place.expect(0, &["user", "list"]).out;
    assert!(list.contains("user\tboss\tadmin") && list.contains("token\tcrm\tapi"), "{list}");
    place.expect(0, &["user", "revoke", "crm"]);
    place.expect(0, &["user", "remove", "boss"]);
}

#[test]
fn what_only_looks_makes_no_database_in_a_mistyped_folder() {
    let place = Place::new();
    for command in [
        &["db", "status"][..],
        &["operator", "list"],
        &["user", "list"],
        &["report", "daily"],
        &["queue-log"],
    ] {
        let said = place.expect(4, command).err;
        assert!(said.contains("there is no database at") && said.contains("--data-dir"), "{said}");
    }
    place.expect(0, &["db", "migrate"]);
    let empty = place.expect(0, &["report", "queue", "--language", "en"]).out;
    assert!(empty.contains("Nothing happened in this time."), "{empty}");
    assert_eq!(place.expect(0, &["queue-log"]).out, "");
    let csv = place.expect(0, &["report", "daily", "--csv"]).out;
    assert_eq!(csv.lines().count(), 1 + 7, "a line of names and seven days: {csv}");
    let wrong = place.expect(2, &["report", "operator", "--from", "yesterday"]).err;
    assert!(wrong.contains("--from: expected a day (2026-11-22)"), "{wrong}");
}

#[test]
fn the_configuration_is_begun_shown_and_its_faults_have_a_place() {
    let place = Place::new();
    let begun = place.expect(0, &["config", "init"]).out;
    place.config(&begun);
    place.expect(0, &["config", "show"]);
    place.config("operators:\n  - {id: \"101\", name: A, queues: [wallet], password: \"a-secret-word\"}\n");
    let shown = place.expect(0, &["config", "show"]).out;
    assert!(shown.contains("101") && !shown.contains("a-secret-word"), "{shown}");
    let json: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["config", "show", "--json"]).out).unwrap();
    assert!(!json.to_string().contains("a-secret-word"));
    place.config("sip:\n  udp: [\"0.0.0.0:5060\"]\n  prot: 7\n");
    for command in
        [&["config", "show"][..], &["serve"], &["check"], &["db", "status"], &["walk", "qiwi-hotline"]]
    {
        let said = place.expect(3, command).err;
        assert!(said.contains("config.yaml:3:") && said.contains("prot"), "{command:?}: {said}");
    }
    let absent = place.expect(3, &["config", "show", "--config", "none.yaml"]);
    assert!(absent.err.contains("none.yaml"), "{}", absent.err);
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let place = Place::new();
    let report = place.expect(0, &["doctor"]).out;
    for what in
        ["configuration", "data folder", "disk", "open files", "SIP udp", "web", "flows", "prompts", "clock"]
    {
        assert!(report.contains(what), "{what}: {report}");
    }
    let checks: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["doctor", "--json"]).out).unwrap();
    assert!(checks.as_array().unwrap().len() >= 9);
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    place.config(&format!("sip: {{udp: [\"{address}\"]}}\n"));
    let sick = place.expect(1, &["doctor"]).out;
    assert!(sick.contains(&format!("BAD  SIP udp        {address}")), "{sick}");
    let holder = format!("(pid {}), or change sip.udp", std::process::id());
    assert!(sick.contains(&holder), "{sick}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_the_command_line_says_what_happened_by_its_exit_code() {
    let house = House::start(&Plan::default());
    let place = Place::new();
    let wav = place.path("heard.wav").display().to_string();
    let uri = house.uri(WALLET_LINE);
    let call = place.expect(0, &["call", &uri, "--keys", "w1,1", "--stay", "1", "--record", &wav]).out;
    assert!(call.contains("answered"), "{call}");
    let (heard, rate) = wav::load_any(Path::new(&wav)).unwrap();
    assert_eq!(rate, 8000);
    assert!(heard.len() > 8000 && heard.iter().any(|sample| sample.abs() > 0.05), "nothing was heard");
    let json: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["call", &uri, "--stay", "0", "--json"]).out).unwrap();
    assert_eq!(json["outcome"], "answered");
    let refused = place.expect(5, &["call", &house.uri("88001234567")]).out;
    assert!(refused.contains("404"), "{refused}");

    let closed = {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap()
    };
    let nobody = place.expect(4, &["call", &format!("sip:{WALLET_LINE}@{closed}")]).err;
    assert!(nobody.contains(&closed.to_string()) && nobody.contains("nobody listens"), "{nobody}");
    let uri = place.expect(2, &["call", "http://x"]).err;
    assert!(uri.contains("sip:88007077759@"), "{uri}");
    place.expect(2, &["call", &house.uri(WALLET_LINE), "--keys", "1,x"]);
    place.expect(2, &["load", &house.uri(WALLET_LINE), "--rate", "0"]);
    place.expect(2, &["load", "sip:1@192.0.2.1"]);
    // Commands that need the server, without one.
    let drain = place.expect(4, &["drain"]).err;
    assert!(drain.contains("hotline.sock") || drain.contains("running"), "{drain}");
}
