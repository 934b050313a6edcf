//! A real Chromium with a microphone that plays a file. `web/test/driver.mjs` drives it; a test tells it what to do, a line
//! at a time. Where there is no Node, no npm package, no Chromium or no built page, the test says so and is skipped.
use crate::house::House;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Chromium starts slowly on a busy machine, and the driver waits for 20 s itself.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);
const SAMPLES_PER_S: u32 = 48_000;
const TONE_S: u32 = 10;
/// −12 dBFS, as loud as a voice.
const TONE_PEAK: f64 = 8_000.0;
const CHROMIUM: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

pub struct Browser {
    /// Killed when it is dropped.
    _node: Child,
    says: ChildStdin,
    hears: Lines<BufReader<ChildStdout>>,
}

/// Why no browser can be driven here.
fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let node = std::process::Command::new("node").arg("--version").output();
    if !node.is_ok_and(|output| output.status.success()) {
        return Some("Node is not here");
    }
    if !web.join("node_modules/playwright-core").is_dir() {
        return Some("the packages of web/ are not installed (`make pages`)");
    }
    if std::env::var_os("CHROMIUM").is_none() && !CHROMIUM.iter().any(|path| Path::new(path).exists()) {
        return Some("Chromium is not here (scripts/need-tools installs it on Debian)");
    }
    None
}

fn skip(why: &str) -> Option<Browser> {
    crate::skipped(&format!("no real browser is tried: {why}"));
    None
}

impl Browser {
    /// A browser whose microphone hears a tone; none, said aloud, where it cannot be.
    pub async fn open(house: &House, hertz: u32) -> Option<Browser> {
        Browser::open_at(house, &format!("http://{}", house.web), hertz).await
    }

    /// The same at another of the house's addresses. Names of `hotline.test` lead to this machine.
    pub async fn open_at(house: &House, address: &str, hertz: u32) -> Option<Browser> {
        if let Some(why) = missing() {
            return skip(why);
        }
        let microphone = house.dir.path().join("microphone.wav");
        std::fs::write(&microphone, tone(hertz)).unwrap();
        let mut node = Command::new("node")
            .arg("test/driver.mjs")
            .arg(address)
            .arg(&microphone)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("web"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (says, hears) = (node.stdin.take().unwrap(), node.stdout.take().unwrap());
        let mut browser = Browser { _node: node, says, hears: BufReader::new(hears).lines() };
        browser.goto("/").await;
        let built = browser.run("document.head.innerHTML.includes('/assets/')").await;
        if built != true {
            return skip("the program was built without its pages (`make pages`, then build again)");
        }
        Some(browser)
    }

    async fn act(&mut self, what: Value) -> Value {
        self.says.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        let line = tokio::time::timeout(ANSWERS_WITHIN, self.hears.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("the browser did not answer: {what}"));
        let answer: Value = serde_json::from_str(&line.unwrap().expect("the browser has gone")).unwrap();
        assert!(answer["error"].is_null(), "{}", answer["error"].as_str().unwrap_or_default());
        answer["ok"].clone()
    }

    pub async fn goto(&mut self, path: &str) {
        self.act(json!({"do": "goto", "path": path})).await;
    }

    pub async fn reload(&mut self) {
        self.act(json!({"do": "reload"})).await;
    }

    pub async fn fill(&mut self, at: &str, text: &str) {
        self.act(json!({"do": "fill", "at": at, "text": text})).await;
    }

    pub async fn click(&mut self, at: &str) {
        self.act(json!({"do": "click", "at": at})).await;
    }

    pub async fn choose(&mut self, at: &str, value: &str) {
        self.act(json!({"do": "choose", "at": at, "value": value})).await;
    }

    /// Takes the network away from the page, and gives it back.
    pub async fn network(&mut self, on: bool) {
        self.act(json!({"do": "network", "on": on})).await;
    }

    /// Milliseconds from the key to the first sound from there, and to the first from here.
    pub async fn answer(&mut self, key: &str) -> (f64, f64) {
        let took = self.act(json!({"do": "answer_took", "key": key})).await;
        (took["heard"].as_f64().unwrap(), took["spoke"].as_f64().unwrap())
    }

    pub async fn press(&mut self, key: &str) {
        self.act(json!({"do": "press", "key": key})).await;
    }

    pub async fn see(&mut self, at: &str) {
        self.act(json!({"do": "see", "at": at})).await;
    }

    pub async fn gone(&mut self, at: &str) {
        self.act(json!({"do": "gone", "at": at})).await;
    }

    pub async fn text(&mut self, at: &str) -> String {
        self.act(json!({"do": "text", "at": at})).await.as_str().unwrap().to_string()
    }

    pub async fn run(&mut self, code: &str) -> Value {
        self.act(json!({"do": "run", "code": code})).await
    }

    pub async fn until(&mut self, code: &str) -> Value {
        self.act(json!({"do": "until", "code": code})).await
    }

    /// JsSIP as published, in a page of nobody's.
    pub async fn jssip(&mut self) {
        self.act(json!({"do": "jssip"})).await;
    }

    /// What the page's own code has thrown.
    pub async fn faults(&mut self) -> Value {
        self.act(json!({"do": "faults"})).await
    }

    /// A new person, who replaces the password that was made for him, as he would.
    pub async fn sign_in(&mut self, house: &House, user: &str, role: &str) {
        let (code, out, err) = house.hotline(&["user", "add", user, "--role", role]);
        assert_eq!(code, 0, "{err}");
        let first = out.split_whitespace().last().unwrap();
        self.goto("/").await;
        self.fill("[name=user]", user).await;
        self.fill("[name=password]", first).await;
        self.press("Enter").await;
        self.fill("[name=next]", "four red kettles sing").await;
        self.fill("[name=again]", "four red kettles sing").await;
        self.press("Enter").await;
        self.see(".bar .person").await;
    }

    /// Whether a tone is heard on the page, well above everything else.
    pub async fn until_tone(&mut self, hertz: u32) {
        self.until(&format!("window.tone({hertz}).then((above) => above > 15)")).await;
    }
}

/// A tone as a WAV file: mono, 16 bits.
fn tone(hertz: u32) -> Vec<u8> {
    let bytes = SAMPLES_PER_S * TONE_S * 2;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    wav.extend(1u16.to_le_bytes());
    wav.extend(1u16.to_le_bytes());
    wav.extend(SAMPLES_PER_S.to_le_bytes());
    wav.extend((SAMPLES_PER_S * 2).to_le_bytes());
    wav.extend(2u16.to_le_bytes());
    wav.extend(16u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    let radians = f64::from(hertz) * std::f64::consts::TAU / f64::from(SAMPLES_PER_S);
    let samples = (0..SAMPLES_PER_S * TONE_S).map(|at| ((f64::from(at) * radians).sin() * TONE_PEAK) as i16);
    wav.extend(samples.flat_map(i16::to_le_bytes));
    wav
}
