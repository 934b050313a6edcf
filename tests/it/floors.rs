//! The floors: a module imports from the floors below it, never upward; siblings on floors 1 and 4 do not know each
//! other. And one door per dependency: each library is named in one place only.
use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: &[(u8, &[&str])] = &[
    (0, &["clock", "machine", "ids", "class", "digit", "number", "cause", "role", "say", "phrasebook"]),
    (1, &["flow", "speech", "queue", "media", "sip"]),
    (2, &["call", "office", "report"]),
    (3, &["switchboard"]),
    (4, &["wire", "shard", "store", "recorder", "outbound", "web", "watch", "robot", "sim"]),
    (5, &["cli", "config", "desk", "prompts", "server", "telemetry", "main", "lib"]),
];
/// Floors whose modules must not import each other.
const SEPARATE: &[u8] = &[1, 4];

/// (crate, the files or folders that may name it)
const DOORS: &[(&str, &[&str])] = &[
    ("rtp", &["media/packet.rs"]),
    ("rtcp", &["media/rtcp.rs"]),
    ("hound", &["media/wav.rs"]),
    ("sdp_types", &["media/sdp.rs"]),
    ("rubato", &["media/wav.rs"]),
    ("ebur128", &["media/wav.rs"]),
    ("serde_saphyr", &["flow/yaml.rs"]),
    ("minijinja", &["flow/expression.rs"]),
    ("sqlx", &["store/"]),
    ("axum", &["web/"]),
    ("tokio_rustls", &["web/tls.rs"]),
    ("rcgen", &["web/tls.rs"]),
    ("jiff", &["clock.rs"]),
    ("reqwest", &["outbound/"]),
    ("lettre", &["outbound/mail.rs"]),
    ("hmac", &["outbound/"]),
    ("utoipa", &["web/"]),
    ("libc", &["shard/socket.rs"]),
    ("str0m", &["shard/transport/webrtc.rs"]),
    ("argon2", &["store/", "web/"]),
    ("md5", &["sip/digest.rs"]),
    ("clap", &["cli/", "main.rs"]),
];
/// Floors 0–3 emit events; shells log and count.
const NOT_BELOW_SHELLS: &[&str] = &["tracing", "metrics", "tokio"];

fn floor_of(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, modules)| modules.contains(&module)).map(|(floor, _)| *floor)
}

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every `word::` path in a line of code, outside comments and strings as far as a line shows.
fn paths(line: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let code = line.split("//").next().unwrap_or("");
    code.match_indices("::").map(move |(at, _)| {
        let head = &code[..at];
        let start = head.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        let before = head[..start].strip_suffix("::").map(|h| {
            let s = h.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
            &h[s..]
        });
        (before, &head[start..])
    })
}

fn crate_imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        let mut rest = code;
        while let Some(at) = rest.find("crate::") {
            let preceded = rest[..at].chars().last().is_some_and(|c| c.is_alphanumeric() || c == '_');
            let tail = &rest[at + 7..];
            if !preceded {
                if let Some(list) = tail.strip_prefix('{') {
                    // `use crate::{a::b, c}` on one line: take the first word of each top-level item
                    let mut depth = 0;
                    let mut item = String::new();
                    for c in list.chars() {
                        match c {
                            '{' => depth += 1,
                            '}' if depth == 0 => break,
                            '}' => depth -= 1,
                            ',' if depth == 0 => {
                                found.push((number + 1, std::mem::take(&mut item)));
                                continue;
                            }
                            _ => {}
                        }
                        item.push(c);
                    }
                    found.push((number + 1, item));
                } else {
                    found.push((number + 1, tail.to_string()));
                }
            }
            rest = tail;
        }
    }
    found
        .into_iter()
        .map(|(n, item)| {
            let item = item.trim();
            let end = item.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(item.len());
            (n, item[..end].to_string())
        })
        .filter(|(_, m)| !m.is_empty())
        .collect()
}

#[test]
fn a_module_imports_only_from_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.sort();
    assert!(files.len() > 20, "the sources were not found");
    let mut faults = Vec::new();
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let module = relative.split('/').next().unwrap().trim_end_matches(".rs").to_string();
        let Some(floor) = floor_of(&module) else {
            faults.push(format!(
                "src/{relative}: module `{module}` stands on no floor; add it to the map in lib.rs"
            ));
            continue;
        };
        let text = fs::read_to_string(file).unwrap();
        for (line, target) in crate_imports(&text) {
            let Some(other) = floor_of(&target) else { continue };
            if other > floor {
                faults.push(format!(
                    "src/{relative}:{line}: floor {floor} imports `{target}` of floor {other}"
                ));
            } else if other == floor && target != module && SEPARATE.contains(&floor) {
                faults.push(format!(
                    "src/{relative}:{line}: `{module}` and `{target}` are siblings on floor {floor}"
                ));
            }
        }
        for (number, line) in text.lines().enumerate() {
            for (before, word) in paths(line) {
                if before.is_some() {
                    continue; // `a::word::…` is somebody else's module
                }
                let doors =
                    DOORS.iter().find(|(name, _)| *name == word).map(|(_, doors)| *doors).unwrap_or(&[]);
                if !doors.is_empty() && !doors.iter().any(|door| relative.starts_with(door)) {
                    let at = number + 1;
                    faults
                        .push(format!("src/{relative}:{at}: `{word}` has its door in {}", doors.join(", ")));
                }
                if floor <= 3 && NOT_BELOW_SHELLS.contains(&word) {
                    faults.push(format!("src/{relative}:{}: floor {floor} uses `{word}`", number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
