//! `config show` and `config init`: the whole configuration as it is in force, and a commented file to begin with.
use super::Config;
use crate::flow::yaml::{Node, Value};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The file that `config init` writes: every key with its default, commented out.
pub fn init() -> &'static str {
    include_str!("init.yaml")
}

/// What is in force after file, environment and defaults, as a config.yaml. Secrets are `(hidden)`.
pub fn show(config: &Config) -> String {
    let mut text = String::new();
    let mut one = |name: &str, value: &dyn Fn() -> String| text.push_str(&format!("{name}:{}\n", value()));
    one("sip", &|| format!(" {}", line(&config.sip)));
    one("media", &|| format!(" {}", line(&config.media)));
    one("web", &|| format!(" {}", line(&config.web)));
    one("metrics", &|| format!(" {}", line(&config.metrics)));
    one("storage", &|| format!(" {}", line(&storage(config))));
    one("flows", &|| format!(" {}", line(&config.flows)));
    one("prompts", &|| format!(" {}", line(&config.prompts)));
    one("lines", &|| map(&config.lines));
    one("trunks", &|| list(&config.trunks));
    one("outbound", &|| format!(" {}", line(&config.outbound)));
    one("pools", &|| map(&config.pools));
    one("queues", &|| map(&queues(config)));
    one("operators", &|| list(&config.operators));
    one("calendars", &|| map(&calendars(config)));
    one("caller_rules", &|| list(&rules(config)));
    one("caller_limits", &|| format!(" {}", line(&config.caller_limits)));
    one("feature_codes", &|| format!(" {}", line(&config.feature_codes)));
    one("recording", &|| format!(" {}", line(&config.recording)));
    one("retention", &|| format!(" {}", line(&config.retention)));
    one("smtp", &|| config.smtp.as_ref().map_or_else(|| " # none".into(), |smtp| format!(" {}", line(smtp))));
    one("alerts", &|| format!(" {}", line(&config.alerts)));
    one("dispositions", &|| format!(" {}", line(&config.dispositions)));
    one("language", &|| format!(" {}", line(&config.language)));
    one("timezone", &|| format!(" {}", line(&config.timezone)));
    text
}

/// The same for programs: `config show --json`.
pub fn show_json(config: &Config) -> serde_json::Value {
    serde_json::json!({
        "sip": config.sip, "media": config.media, "web": config.web, "metrics": config.metrics,
        "storage": storage(config), "flows": config.flows, "prompts": config.prompts, "lines": config.lines,
        "trunks": config.trunks, "outbound": config.outbound, "pools": config.pools, "queues": queues(config),
        "operators": config.operators, "calendars": calendars(config), "caller_rules": rules(config),
        "caller_limits": config.caller_limits,
        "feature_codes": config.feature_codes, "recording": config.recording, "retention": config.retention, "smtp": config.smtp,
        "alerts": config.alerts, "dispositions": config.dispositions, "language": config.language, "timezone": config.timezone,
    })
}

/// A file's path is no secret, a server's address holds a password.
fn storage(config: &Config) -> BTreeMap<&'static str, String> {
    let url = config.storage.url.reveal();
    let shown = if url.starts_with("sqlite:") { url.to_string() } else { "(hidden)".to_string() };
    BTreeMap::from([("url", shown)])
}

#[derive(Serialize)]
struct QueueShown<'c> {
    pool: &'c str,
    class: &'static str,
    strategy: crate::queue::Strategy,
    ring_timeout: String,
    progressive: Vec<String>,
    wrap_up: String,
    max_wait: String,
    max_len: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_expected_wait: Option<String>,
    all_paused_grace: String,
    announce_every: String,
    credit_within: String,
    callback_reach: String,
    callback_retries: Vec<String>,
    record: bool,
    widen: Vec<WideningShown<'c>>,
}

#[derive(Serialize)]
struct WideningShown<'c> {
    after: String,
    forgo: Vec<&'c str>,
}

fn queues(config: &Config) -> BTreeMap<&str, QueueShown<'_>> {
    let shown = config.queues.iter().map(|(name, queue)| {
        let settings = &queue.settings;
        let queue = QueueShown {
            pool: queue.pool.as_str(),
            class: settings.class.unwrap_or(crate::class::Class::Standard).as_str(),
            strategy: settings.strategy,
            ring_timeout: duration(settings.ring_timeout),
            progressive: settings.progressive.iter().copied().map(duration).collect(),
            wrap_up: duration(settings.wrap_up),
            max_wait: duration(settings.max_wait),
            max_len: settings.max_len,
            max_expected_wait: settings.max_expected_wait.map(duration),
            all_paused_grace: duration(settings.all_paused_grace),
            announce_every: duration(settings.announce_every),
            credit_within: duration(settings.credit_within),
            callback_reach: duration(settings.callback_reach),
            callback_retries: settings.callback_retries.iter().copied().map(duration).collect(),
            record: settings.record,
            widen: settings
                .widen
                .iter()
                .map(|widening| WideningShown {
                    after: duration(widening.after),
                    forgo: widening.forgo.iter().map(|skill| skill.as_str()).collect(),
                })
                .collect(),
        };
        (name.as_str(), queue)
    });
    shown.collect()
}

fn duration(duration: std::time::Duration) -> String {
    crate::flow::yaml::Dur(duration).to_string()
}

#[derive(Serialize)]
struct RuleShown<'c> {
    number: &'c str,
    action: &'c super::RuleAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

fn rules(config: &Config) -> Vec<RuleShown<'_>> {
    let zone = &config.timezone.zone;
    let shown = config.caller_rules.iter().map(|rule| RuleShown {
        number: &rule.number,
        action: &rule.action,
        until: rule.until.map(|until| zone.rfc3339(until)),
    });
    shown.collect()
}

fn calendars(config: &Config) -> BTreeMap<&str, Written<'_>> {
    config.calendar_texts.iter().map(|(name, node)| (name.as_str(), Written(node))).collect()
}

/// A node shows itself as it was written.
struct Written<'n>(&'n Node);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.value {
            Value::Null => serializer.serialize_none(),
            Value::Scalar { text, quoted: false } if text == "true" || text == "false" => {
                serializer.serialize_bool(text == "true")
            }
            Value::Scalar { text, .. } => serializer.serialize_str(text),
            Value::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| seq.serialize_element(&Written(item)))?;
                seq.end()
            }
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key.as_text().unwrap_or(""), &Written(value))?;
                }
                map.end()
            }
        }
    }
}

/// One entry a line below the section's name.
fn map<K: ToString, V: Serialize>(entries: &BTreeMap<K, V>) -> String {
    if entries.is_empty() {
        return " {}".into();
    }
    entries
        .iter()
        .map(|(key, value)| format!("\n  {}: {}", key_text(&key.to_string()), line(value)))
        .collect()
}

fn list<T: Serialize>(items: &[T]) -> String {
    if items.is_empty() {
        return " []".into();
    }
    items.iter().map(|item| format!("\n  - {}", line(item))).collect()
}

/// JSON is YAML; with bare keys and spaces it reads like the files that people write.
fn line<T: Serialize + ?Sized>(value: &T) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, FlowStyle::default());
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) => format!("\"(cannot be shown: {error})\""),
    }
}

/// JSON with spaces, and with bare keys where YAML allows them.
#[derive(Default)]
struct FlowStyle {
    /// The key being written, escaped.
    key: Option<Vec<u8>>,
}

impl Formatter for FlowStyle {
    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.key = Some(Vec::new());
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn end_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        let key = self.key.take().unwrap_or_default();
        writer.write_all(key_text(&String::from_utf8_lossy(&key)).as_bytes())
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.key.is_some() { Ok(()) } else { writer.write_all(b"\"") }
    }

    fn end_string<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.key.is_some() { Ok(()) } else { writer.write_all(b"\"") }
    }

    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        match &mut self.key {
            Some(key) => key.write_all(text.as_bytes()),
            None => writer.write_all(text.as_bytes()),
        }
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match &mut self.key {
            Some(key) => CompactFormatter.write_char_escape(key, escape),
            None => CompactFormatter.write_char_escape(writer, escape),
        }
    }
}

/// Bare if it is one plain word.
fn key_text(escaped: &str) -> String {
    let plain = escaped.starts_with(char::is_alphabetic)
        && escaped.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if plain { escaped.to_string() } else { format!("\"{escaped}\"") }
}
