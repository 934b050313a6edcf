//! Each broken file begins with `# expect: LINE:COLUMN CODE` and must get that finding, with its line and a way out.
use super::*;
use hotline::flow::Finding;
use hotline::flow::finding::explain;

/// `fragments/*.yaml` are sub-flows that broken files may refer to; they are without fault themselves.
fn findings_of(path: &Path) -> Vec<Finding> {
    let text = fs::read_to_string(path).unwrap();
    let mut files = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap().join("fragments")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        files.push((path, text));
    }
    files.push((path.to_path_buf(), text));
    let known = ["welcome", "menu", "bye", "sorry", "enter", "wait"];
    let prompts: BTreeSet<PromptName> =
        known.iter().chain(prompt::ALL).map(|name| PromptName::from(*name)).collect();
    let mut env = environment();
    env.outbound = false;
    env.prompts = Some(Language::ALL.into_iter().map(|language| (language, prompts.clone())).collect());
    env.settings.insert(
        FlowName::from("setting-of-another-type"),
        BTreeMap::from([("tries_max".to_string(), "many".to_string())]),
    );
    FlowSet::parse(files, &env).1
}

fn broken_files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows/broken");
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

#[test]
fn every_broken_file_is_refused_at_its_place_with_a_way_out() {
    let files = broken_files();
    assert!(files.len() >= 25, "only {} broken files", files.len());
    let mut faults = Vec::new();
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy();
        let text = fs::read_to_string(path).unwrap();
        // An empty file has no room for its expectation.
        let expected = match text.lines().next().unwrap_or("").strip_prefix("# expect: ") {
            Some(expected) => expected.trim(),
            None => "1:1 HF008",
        };
        let findings = findings_of(path);
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let hit = findings.iter().find(|f| format!("{}:{} {}", f.line, f.column, f.code) == expected);
        match hit {
            None => faults.push(format!("{name}: expected {expected}, got:\n{}", shown.join("\n"))),
            Some(finding) => {
                assert_eq!(&finding.file, path);
                assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{name}: no way out");
                let text = finding.to_string();
                assert!(text.contains("= help: "), "{name}: {text}");
                assert!(finding.excerpt.is_some() || text.lines().count() == 2, "{name}: no line shown");
                if finding.excerpt.as_deref().is_some_and(|line| !line.is_empty()) {
                    assert!(text.contains('^'), "{name}: {text}");
                }
                let explained = Language::ALL.map(|language| explain(finding.code, language));
                assert!(explained.iter().all(Option::is_some), "{name}: {}", finding.code);
            }
        }
        // One fault, one finding: consequences of a fault are no news.
        let others: Vec<&String> = shown.iter().filter(|text| !text.contains("fragments")).collect();
        if others.len() > 2 {
            faults.push(format!("{name}: {} findings for one fault:\n{}", others.len(), shown.join("\n")));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn all_faults_of_all_files_are_found_in_one_run() {
    let first = "flow: a\nentry: {number: \"8-800-1\", start: x}\nsteps:\n  x:\n    play: {say: [w], nxt: y, next: y}\n  y:\n    hangup: {cause: nomral}\n";
    let second = "flow: b\nsteps:\n  x:\n    play: {say: [w], next: z}\n  q:\n    queue: {name: walet}\n";
    let files =
        vec![(PathBuf::from("a.yaml"), first.to_string()), (PathBuf::from("b.yaml"), second.to_string())];
    let (set, findings) = FlowSet::parse(files, &environment());
    assert!(set.is_none());
    let found: Vec<String> =
        findings.iter().map(|f| format!("{}:{}:{} {}", f.file.display(), f.line, f.column, f.code)).collect();
    assert_eq!(found, ["a.yaml:5:22 HF009", "a.yaml:7:21 HF011", "b.yaml:4:28 HF022", "b.yaml:6:19 HF050"]);
}

#[test]
fn a_yaml_bomb_is_refused_in_milliseconds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows/broken/yaml-bomb.yaml");
    let clock = hotline::clock::Clock::start();
    let findings = findings_of(&path);
    let took = clock.mono().as_millis();
    assert_eq!(findings.iter().filter(|f| f.file == path).map(|f| f.code).collect::<Vec<_>>(), ["HF007"]);
    assert!(took < 1000, "{took} ms in a debug build");
}

#[test]
fn an_error_keeps_the_whole_set_back_and_a_missing_folder_is_one() {
    let (set, findings) = FlowSet::load(Path::new("/nonexistent/call-flows"), &environment());
    assert!(set.is_none());
    assert_eq!(findings[0].code, "HF000");
}

/// The reference stays complete: every kind of step has its section, and its example is a flow without fault.
#[test]
fn the_reference_knows_every_kind_and_its_example_loads() {
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/call-flows.md")).unwrap();
    let unknown = "flow: f\nsteps:\n  a: {}\n";
    let (_, findings) = FlowSet::parse(vec![(PathBuf::from("f.yaml"), unknown.to_string())], &environment());
    let kinds = findings[0].help.split(": ").last().unwrap().to_string();
    let mut counted = 0;
    for kind in kinds.split(", ").filter(|kind| !kind.starts_with("and ")) {
        let has_section = docs.lines().any(|line| line.starts_with("### ") && line.contains(kind));
        assert!(has_section, "no section for `{kind}`");
        counted += 1;
    }
    assert!(counted > 10, "{kinds}");
    let example = docs.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    flow(example);
}
