//! What an administrator of call flows trusts in: the flow tests, a checker that finds every slip at its line, recordings that
//! are judged, and a tour that does what it says.
use crate::house::{House, Plan};
use hotline::cli::{Common, installation};
use hotline::flow::{Environment, Finding, FlowSet};
use hotline::flow::{russian, yaml};
use hotline::ids::{PromptName, QueueName};
use hotline::media::durations::Durations;
use hotline::media::wav;
use hotline::prompts::{self, Catalogue};
use hotline::say::Language;
use hotline::sim::trial::{Coverage, Script, Stage, Verdict};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Plays the tests of the shipped flows.
fn play_all() -> (Vec<Verdict>, Vec<hotline::sim::trial::FlowCoverage>) {
    let common = Common { config: None, data_dir: std::env::temp_dir() };
    let Ok(installation) = installation::load(&common) else { panic!("no installation") };
    let Ok(flows) = installation.flows(None) else { panic!("the shipped flows have errors") };
    let Ok(catalogue) = installation.catalogue_with_flows() else { panic!("no prompts") };
    let durations = Durations::load(&root().join("prompts"));
    let stage = Stage {
        flows: Arc::new(flows),
        settings: installation.switchboard_settings(),
        text: &|language, prompt| catalogue.text(language, prompt.as_str()).map(str::to_string),
        lasts: Arc::new(move |language, prompt| durations.of(language, prompt)),
    };
    let mut files: Vec<PathBuf> = ["call-flows", "call-flows/tests"]
        .iter()
        .flat_map(|dir| fs::read_dir(root().join(dir)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".test.yaml"))
        .collect();
    files.sort();
    let mut coverage = Coverage::default();
    let play = |path: &PathBuf| {
        let script = Script::parse(path, &fs::read_to_string(path).unwrap()).unwrap();
        stage.play(&script, &mut coverage)
    };
    let verdicts = files.iter().map(play).collect();
    let coverage = coverage.of(&stage.flows);
    (verdicts, coverage)
}

#[test]
fn the_shipped_flow_tests_pass_and_walk_every_step_and_every_way() {
    let clock = hotline::clock::Clock::start();
    let (verdicts, coverage) = play_all();
    let took = clock.mono().as_millis();
    assert!(verdicts.len() > 90, "{}", verdicts.len());
    for verdict in &verdicts {
        assert!(
            verdict.failure.is_none(),
            "{}\n{}\n{}",
            verdict.name,
            verdict.failure.as_ref().unwrap(),
            verdict.story
        );
    }
    for flow in &coverage {
        assert_eq!(flow.missing, Vec::<String>::new(), "{}: nobody walked these", flow.flow);
    }
    // Two seconds on a machine that does nothing else; a debug build beside four others gets more.
    assert!(took < 10_000, "{took} ms");
}

/// However many seeds the tests of races run: a hundred repetitions show it.
const REPETITIONS_MAX: u32 = 100;

#[test]
fn flow_tests_tell_the_same_story_each_time() {
    let asked = std::env::var("HOTLINE_SEEDS").ok().and_then(|text| text.parse().ok());
    let times = asked.map_or(3, |times: u32| times.min(REPETITIONS_MAX));
    let (first, _) = play_all();
    for _ in 1..times {
        let (again, _) = play_all();
        assert_eq!(first, again);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    file: String,
    from: String,
    to: String,
    code: String,
    /// The finding's file, when it is not the one with the edit.
    #[serde(default)]
    file_of: Option<String>,
    /// A text on the finding's line, when it is not that of the edit.
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    anywhere: bool,
}

fn shipped() -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join("call-flows")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".yaml") && !name.ends_with(".test.yaml")
    });
    files
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn check(files: &BTreeMap<String, String>) -> Vec<Finding> {
    let catalogue = Catalogue::load(&root().join("prompts")).unwrap();
    let names: Vec<PromptName> = catalogue.entries().map(|(name, _)| name.clone()).collect();
    let prompts = Language::ALL.into_iter().map(|language| (language, names.iter().cloned().collect()));
    let environment = Environment {
        queues: ["terminals", "wallet", "security", "agents"].into_iter().map(QueueName::from).collect(),
        prompts: Some(prompts.collect()),
        ..Environment::default()
    };
    let files = files.iter().map(|(name, text)| (PathBuf::from(name), text.clone())).collect();
    FlowSet::parse(files, &environment).1
}

fn line_of(text: &str, at: usize) -> u32 {
    text[..at].matches('\n').count() as u32 + 1
}

#[test]
fn every_slip_in_the_shipped_flows_is_found_at_its_line() {
    let shipped = shipped();
    assert_eq!(check(&shipped), [], "the shipped flows are clean");
    let path = root().join("tests/flows/mutants.yaml");
    let mutants: Vec<Mutant> = yaml::parse(&path, &fs::read_to_string(&path).unwrap()).unwrap();
    assert!(mutants.len() >= 60, "{}", mutants.len());
    let mut survived = Vec::new();
    for mutant in &mutants {
        let mut files = shipped.clone();
        let text = files.get_mut(&mutant.file).unwrap();
        let at = text.find(&mutant.from).unwrap_or_else(|| panic!("{}: nothing to edit", mutant.name));
        text.replace_range(at..at + mutant.from.len(), &mutant.to);
        let of = mutant.file_of.as_ref().unwrap_or(&mutant.file);
        let line = match &mutant.at {
            Some(wanted) => {
                let text = &files[of];
                line_of(text, text.find(wanted).expect("the line") + wanted.len())
            }
            None => line_of(&files[&mutant.file], at),
        };
        let findings = check(&files);
        let is_it = |finding: &&Finding| {
            finding.code == mutant.code
                && finding.file == Path::new(of)
                && (mutant.anywhere || finding.line == line)
                && !finding.help.is_empty()
                && finding.excerpt.is_some()
        };
        if findings.iter().find(is_it).is_none() {
            let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
            survived.push(format!(
                "{}: expected {of}:{line} {}\n{}",
                mutant.name,
                mutant.code,
                found.join("\n")
            ));
        }
    }
    assert!(survived.is_empty(), "{}", survived.join("\n\n"));
}

#[test]
fn what_is_said_of_every_slip_is_said_in_russian_too() {
    let shipped = shipped();
    let path = root().join("tests/flows/mutants.yaml");
    let mutants: Vec<Mutant> = yaml::parse(&path, &fs::read_to_string(&path).unwrap()).unwrap();
    let is_russian = |text: &str| text.chars().any(|c| ('а'..='я').contains(&c));
    let mut english = BTreeSet::new();
    for mutant in &mutants {
        let mut files = shipped.clone();
        let text = files.get_mut(&mutant.file).unwrap();
        *text = text.replacen(&mutant.from, &mutant.to, 1);
        for finding in check(&files).iter().map(russian::finding) {
            english.extend([finding.message, finding.help].into_iter().filter(|text| !is_russian(text)));
        }
    }
    assert_eq!(english, BTreeSet::new());
}

/// A second of a tone at the loudness of prompts.
fn good() -> Vec<i16> {
    let mut tone: Vec<f32> = (0..8000).map(|n| (n as f32 * 0.3).sin() * 0.3).collect();
    wav::normalise(&mut tone, 8000).unwrap();
    wav::to_i16(&tone)
}

fn written(path: &Path, rate: u32, channels: u16, samples: &[i16]) {
    let mut bytes = Vec::new();
    let data = samples.len() as u32 * 2;
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + data).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    bytes.extend_from_slice(&1u16.to_le_bytes());
    bytes.extend_from_slice(&channels.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate * u32::from(channels) * 2).to_le_bytes());
    bytes.extend_from_slice(&(channels * 2).to_le_bytes());
    bytes.extend_from_slice(&16u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    samples.iter().for_each(|sample| bytes.extend_from_slice(&sample.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

type Spoil = fn(&Path);

#[test]
fn every_spoilt_recording_is_found_by_its_file() {
    let mutants: [(&str, &str, Spoil); 8] = [
        ("missing", "HF060", |path| fs::remove_file(path).unwrap()),
        ("44.1 kHz", "HF061", |path| written(path, 44_100, 1, &good())),
        ("stereo", "HF061", |path| written(path, 8_000, 2, &good())),
        ("no sound file", "HF061", |path| fs::write(path, "text").unwrap()),
        ("cut off in its header", "HF061", |path| fs::write(path, b"RIFF\x24\0\0\0WAVE").unwrap()),
        ("clipped", "HF062", |path| {
            written(path, 8_000, 1, &good().iter().map(|s| s.saturating_mul(30)).collect::<Vec<_>>());
        }),
        ("silent", "HF063", |path| written(path, 8_000, 1, &[0; 8000])),
        ("too quiet", "HF064", |path| {
            written(path, 8_000, 1, &good().iter().map(|s| s / 8).collect::<Vec<_>>())
        }),
    ];
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("prompts.yaml"), "welcome: {ru: \"Здравствуйте!\", en: \"Hello!\"}\n").unwrap();
    let catalogue = Catalogue::load(dir.path()).unwrap();
    let findings = |path: &Path| -> Vec<&'static str> {
        let all = prompts::check(dir.path(), &catalogue);
        all.iter().filter(|finding| finding.file == path).map(|finding| finding.code).collect()
    };
    for language in Language::ALL {
        fs::create_dir_all(dir.path().join(language.as_str())).unwrap();
        let path = dir.path().join(language.as_str()).join("welcome.wav");
        for (name, code, spoil) in mutants {
            written(&path, 8_000, 1, &good());
            assert_eq!(findings(&path), Vec::<&str>::new(), "{name}");
            spoil(&path);
            assert!(findings(&path).contains(&code), "{name}: {:?}", findings(&path));
        }
        written(&path, 8_000, 1, &good());
    }
}

#[test]
fn the_schema_for_editors_is_that_of_the_decoder() {
    let written = fs::read_to_string(root().join("call-flows/flow.schema.json")).unwrap();
    let made = format!("{:#}\n", hotline::flow::schema::schema());
    assert_eq!(written, made, "run `hotline schema > call-flows/flow.schema.json`");
}

/// A set of a hundred flows with five thousand steps; what a second of work is, depends on the machine.
#[test]
fn a_set_of_five_thousand_steps_is_checked_in_one_go() {
    let flow = |n: usize| {
        let mut text = format!("flow: f{n}\nentry: {{number: \"8-800-{n:07}\", start: s0}}\nsteps:\n");
        for step in 0..49 {
            let next = step + 1;
            text += &format!(
                "  s{step}:\n    menu: {{say: [welcome], keys: {{\"1\": s{next}, \"0\": s49}}, invalid: repeat, timeout: repeat, exhausted: s{next}}}\n"
            );
        }
        text + "  s49:\n    queue: {name: wallet, exits: {max_wait: s0}}\n"
    };
    // `max_wait` leads to a menu, where the caller acts: no endless circle.
    let files: BTreeMap<String, String> =
        (0..100).map(|n| (format!("f{n:03}.yaml"), flow(n).replace("{max_wait: s0}", "{}"))).collect();
    let clock = hotline::clock::Clock::start();
    assert_eq!(check(&files), []);
    let took = clock.mono().as_millis();
    assert!(took < 20_000, "{took} ms in a debug build");
}

/// Commands of the tour (`$ …`, continued by `> …`), each with the lines that it must say.
fn commands(text: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match (inside, line.strip_prefix("$ "), line.strip_prefix("> "), &mut commands) {
            _ if line.starts_with("```") => inside = line == "```console",
            (true, Some(command), ..) => commands.push((command.to_string(), Vec::new())),
            (true, None, Some(more), commands) => {
                let command = &mut commands.last_mut().unwrap().0;
                command.push('\n');
                command.push_str(more);
            }
            (true, None, None, commands) => commands.last_mut().unwrap().1.push(line.to_string()),
            _ => {}
        }
    }
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admins_tour_does_what_it_says() {
    let place = tempfile::tempdir().unwrap();
    let flows = place.path().join("call-flows");
    fs::create_dir(&flows).unwrap();
    for (name, text) in shipped() {
        fs::write(flows.join(name), text).unwrap();
    }
    let house = House::start(&Plan { flows: Some(flows), ..Plan::default() });
    let bin = Path::new(env!("CARGO_BIN_EXE_hotline")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let tour = commands(&fs::read_to_string(root().join("docs/admin-tour.md")).unwrap());
    assert!(tour.len() > 15, "{}", tour.len());
    for (command, wanted) in tour {
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(place.path())
            .env("PATH", &path)
            .env("HOTLINE_CONFIG", house.dir.path().join("config.yaml"))
            .env("HOTLINE_DATA_DIR", house.data())
            .env("HOTLINE_SIP", house.sip.to_string())
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for line in wanted {
            let mut rest = said.as_str();
            for part in line.split('…') {
                let at = rest
                    .find(part.trim())
                    .unwrap_or_else(|| panic!("$ {command}\nexpected {line:?}, got:\n{said}"));
                rest = &rest[at + part.trim().len()..];
            }
        }
    }
}
