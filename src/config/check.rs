//! What one key's type cannot say: names that must exist elsewhere, values that must fit each other, files with secrets.
use super::sections::*;
use super::values::{Peer, Secret};
use super::written::*;
use super::{Config, Queue, in_data_dir};
use crate::class::Class;
use crate::clock;
use crate::flow::Calendar;
use crate::flow::finding::{Finding, Span, suggest};
use crate::flow::yaml::{self, Node, Spanned, Value};
use crate::ids::{PoolName, QueueName};
use crate::number::Number;
use crate::queue::settings::Widening;
use crate::queue::{OperatorSettings, QueueSettings};
use crate::say::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The queues of the two shipped lines, and their pools. They are there unless they are switched off.
const SHIPPED: [(&str, &str, Option<Class>); 4] = [
    ("terminals", "main", None),
    ("wallet", "main", None),
    ("security", "main", Some(Class::Security)),
    ("agents", "agents", Some(Class::AgentLine)),
];
const DEFAULT_POOL: &str = "main";
/// Names end up in paths, URLs, headers and metrics.
const NAME_CHARS_MAX: usize = 64;
/// Secrets are short; a longer file is the wrong one.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// `queues: {terminals: off}` takes a shipped queue out. Done on the tree, where `off` is not yet a queue's settings.
pub(super) fn take_out_queues(root: &mut Node) -> BTreeSet<String> {
    let mut off = BTreeSet::new();
    let Value::Map(sections) = &mut root.value else { return off };
    let queues = sections.iter_mut().find(|(name, _)| name.as_text() == Some("queues"));
    if let Some((_, Node { value: Value::Map(queues), .. })) = queues {
        queues.retain(|(name, queue)| {
            let out = queue.as_text() == Some("off");
            if out && let Some(name) = name.as_text() {
                off.insert(name.to_string());
            }
            !out
        });
    }
    off
}

pub(super) fn check(
    file: &Path,
    data_dir: &Path,
    written: Written,
    off: &BTreeSet<String>,
) -> Result<Config, Vec<Finding>> {
    let mut check = Check { file, data_dir, findings: Vec::new() };
    let pools: BTreeMap<PoolName, PoolSection> =
        written.pools.into_iter().map(|(name, pool)| (PoolName::from(name), pool)).collect();
    let queues = check.queues(written.queues, off, &pools);
    let operators = check.operators(written.operators, &queues);
    let trunks = check.trunks(written.trunks);
    let (calendars, calendar_texts) = check.calendars(written.calendars);
    let smtp = check.smtp(written.smtp);
    check.sip(&written.sip);
    check.web(&written.web);
    let config = Config {
        sip: written.sip.value,
        media: written.media,
        web: written.web.value,
        metrics: written.metrics,
        storage: check.storage(written.storage),
        flows: written.flows,
        prompts: written.prompts,
        lines: written.lines.into_iter().map(line).collect(),
        outbound: check.outbound(written.outbound, &trunks),
        trunks,
        pools,
        queues,
        operators,
        calendars,
        caller_limits: written.caller_limits,
        caller_rules: check.caller_rules(written.caller_rules, &written.timezone),
        feature_codes: check.feature_codes(written.feature_codes),
        recording: written.recording,
        retention: written.retention,
        alerts: check.alerts(written.alerts, smtp.is_some()),
        smtp,
        dispositions: check.dispositions(written.dispositions, written.language.unwrap_or(Language::Ru)),
        language: written.language.unwrap_or(Language::Ru),
        timezone: written.timezone,
        calendar_texts,
    };
    if check.findings.is_empty() { Ok(config) } else { Err(check.findings) }
}

fn line((flow, line): (String, LineText)) -> (String, LineSection) {
    let settings = line.settings.into_iter().map(|(name, value)| (name, value.text)).collect();
    (flow, LineSection { settings })
}

struct Check<'s> {
    file: &'s Path,
    data_dir: &'s Path,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn wrong(&mut self, at: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Finding::error("HF015", self.file, at, message, help));
    }

    fn unknown(&mut self, at: Span, what: &str, name: &str, known: &BTreeSet<&str>) {
        let message = format!("{what} `{name}` is not defined");
        self.findings.push(Finding::error(
            "HF011",
            self.file,
            at,
            message,
            suggest(name, known.iter().copied()),
        ));
    }

    /// A star and digits, and none the beginning of another: what is dialled means one thing.
    fn feature_codes(&mut self, written: Spanned<FeatureCodesSection>) -> FeatureCodesSection {
        let Spanned { value: section, at: span, .. } = written;
        let FeatureCodesSection { ready, pause, end_wrap_up, sign_out, state, reasons } = &section;
        let codes: Vec<&String> = [ready, pause, end_wrap_up, sign_out, state]
            .into_iter()
            .filter(|code| !code.is_empty())
            .collect();
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        for (index, code) in codes.iter().enumerate() {
            if !code.strip_prefix('*').is_some_and(digits) {
                let message = format!("expected a star and digits, got `{code}`");
                self.wrong(span, message, "write it like *10, or \"\" to switch it off");
            }
            if let Some(other) = codes
                .iter()
                .enumerate()
                .find(|(other, text)| *other != index && text.starts_with(code.as_str()))
            {
                let message = format!("code `{code}` is how `{}` begins", other.1);
                self.wrong(span, message, "give each its own, none the beginning of another");
                break;
            }
        }
        if let Some(wrong) = reasons.keys().find(|text| !digits(text)) {
            let message = format!("feature_codes.reasons: expected digits, got `{wrong}`");
            self.wrong(span, message, "write the digits dialled after the code: {\"1\": lunch}");
        }
        section
    }

    fn queues(
        &mut self,
        written: BTreeMap<String, QueueText>,
        off: &BTreeSet<String>,
        pools: &BTreeMap<PoolName, PoolSection>,
    ) -> BTreeMap<QueueName, Queue> {
        let shipped_pools = SHIPPED.iter().map(|(_, pool, _)| *pool);
        let pools: BTreeSet<&str> = pools.keys().map(PoolName::as_str).chain(shipped_pools).collect();
        let mut queues: BTreeMap<QueueName, Queue> = SHIPPED
            .into_iter()
            .filter(|(name, ..)| !off.contains(*name))
            .map(|(name, pool, class)| {
                let settings = QueueSettings { class, ..QueueSettings::default() };
                (QueueName::from(name), Queue { pool: PoolName::from(pool), settings })
            })
            .collect();
        for (name, text) in written {
            let name = QueueName::from(name);
            let pool = match &text.pool {
                Some(pool) if !pools.contains(pool.as_str()) => {
                    self.unknown(pool.at, "pool", pool.as_str(), &pools);
                    pool.value.clone()
                }
                Some(pool) => pool.value.clone(),
                None => {
                    queues.get(&name).map_or_else(|| PoolName::from(DEFAULT_POOL), |queue| queue.pool.clone())
                }
            };
            let base = queues.get(&name).map(|queue| queue.settings.clone()).unwrap_or_default();
            let settings = self.queue(text, base);
            queues.insert(name, Queue { pool, settings });
        }
        queues
    }

    fn queue(&mut self, text: QueueText, base: QueueSettings) -> QueueSettings {
        if let Some(class) = text.class.as_ref().filter(|class| class.value == Class::Priority) {
            let help = "a queue's class is security, agent_line or standard";
            self.wrong(class.at, "`priority` belongs to the caller, not to a queue", help);
        }
        if let Some(ring) = text.ring_timeout.as_ref().filter(|ring| ring.value.0 < Duration::from_secs(1)) {
            self.wrong(ring.at, "expected at least 1s of ringing", "write it like 15s");
        }
        if let Some(steps) = &text.progressive
            && !steps.value.is_sorted_by(|a, b| a.0 < b.0)
        {
            self.wrong(
                steps.at,
                "expected rising times",
                "write it like [4s, 6s]: when the next phone is added",
            );
        }
        if let Some(len) = text.max_len.as_ref().filter(|len| len.value == 0) {
            self.wrong(len.at, "expected room for at least one caller", "write a number from 1 on");
        }
        let mut widen: Vec<Widening> = text.widen.map_or(base.widen, |widen| {
            widen
                .into_iter()
                .map(|w| Widening { after: w.after.0, forgo: w.forgo.into_iter().collect() })
                .collect()
        });
        widen.sort_by_key(|widening| widening.after);
        QueueSettings {
            class: text
                .class
                .map_or(base.class, |class| (class.value != Class::Standard).then_some(class.value)),
            strategy: text.strategy.unwrap_or(base.strategy),
            ring_timeout: text.ring_timeout.map_or(base.ring_timeout, |dur| dur.value.0),
            progressive: text
                .progressive
                .map_or(base.progressive, |steps| steps.value.into_iter().map(|dur| dur.0).collect()),
            wrap_up: text.wrap_up.map_or(base.wrap_up, |dur| dur.0),
            max_wait: text.max_wait.map_or(base.max_wait, |dur| dur.0),
            max_len: text.max_len.map_or(base.max_len, |len| len.value as usize),
            max_expected_wait: text.max_expected_wait.map_or(base.max_expected_wait, |dur| Some(dur.0)),
            all_paused_grace: text.all_paused_grace.map_or(base.all_paused_grace, |dur| dur.0),
            announce_every: text.announce_every.map_or(base.announce_every, |dur| dur.0),
            credit_within: text.credit_within.map_or(base.credit_within, |dur| dur.0),
            callback_reach: text.callback_reach.map_or(base.callback_reach, |dur| dur.0),
            callback_retries: text
                .callback_retries
                .map_or(base.callback_retries, |tries| tries.into_iter().map(|dur| dur.0).collect()),
            record: text.record.unwrap_or(base.record),
            widen,
        }
    }

    fn operators(
        &mut self,
        written: Vec<OperatorText>,
        queues: &BTreeMap<QueueName, Queue>,
    ) -> Vec<DeclaredOperator> {
        let known: BTreeSet<&str> = queues.keys().map(QueueName::as_str).collect();
        let mut ids: BTreeMap<String, u32> = BTreeMap::new();
        let mut operators = Vec::new();
        for text in written {
            if !is_name(&text.id) {
                let help =
                    "an id is the user part of the SIP address: letters, digits, `.`, `-`, `_`, like \"101\"";
                self.wrong(text.id.at, format!("`{}` cannot be an operator's id", text.id.value), help);
            }
            if let Some(first) = ids.get(&text.id.value) {
                let message =
                    format!("operator `{}` is declared twice; first at line {first}", text.id.value);
                self.wrong(text.id.at, message, "give each operator an id of his own");
            }
            ids.entry(text.id.value.clone()).or_insert(text.id.at.line);
            self.operators_queues(&text.queues, queues, &known);
            if let Some(contact) = text
                .contact
                .as_ref()
                .filter(|contact| !contact.starts_with("sip:") && !contact.starts_with("sips:"))
            {
                let message = format!("expected a SIP address, got `{}`", contact.value);
                self.wrong(contact.at, message, "write it like \"sip:102@10.0.0.12:5060\"");
            }
            let defaults = OperatorSettings::default();
            operators.push(DeclaredOperator {
                name: text.name.unwrap_or_else(|| text.id.value.clone()),
                queues: text.queues.value.into_iter().map(|queue| queue.value).collect(),
                skills: text.skills,
                password: self.secret(text.password, text.password_file),
                sign_in: text.sign_in.unwrap_or(defaults.sign_in),
                rings_within: text.rings_within.map_or(defaults.rings_within, |dur| dur.0),
                auto_answer: text.auto_answer,
                contact: text.contact.map(|contact| contact.value),
                id: text.id.value,
            });
        }
        operators
    }

    /// All exist and lie in one pool: one dispatcher owns an operator (queue rules, "Pool").
    fn operators_queues(
        &mut self,
        list: &Spanned<Vec<Spanned<QueueName>>>,
        queues: &BTreeMap<QueueName, Queue>,
        known: &BTreeSet<&str>,
    ) {
        if list.value.is_empty() {
            self.wrong(list.at, "an operator without a queue is never rung", "name at least one queue");
        }
        let mut first: Option<(&QueueName, &PoolName)> = None;
        for queue in &list.value {
            match (queues.get(&queue.value), first) {
                (None, _) => self.unknown(queue.at, "queue", queue.as_str(), known),
                (Some(found), None) => first = Some((&queue.value, &found.pool)),
                (Some(found), Some((other, pool))) if found.pool != *pool => {
                    let message = format!(
                        "queue `{}` is in pool `{}`, but `{other}` is in pool `{pool}`",
                        queue.value, found.pool
                    );
                    self.wrong(queue.at, message, "an operator's queues share one pool");
                }
                (Some(_), Some(_)) => {}
            }
        }
    }

    fn trunks(&mut self, written: Vec<TrunkText>) -> Vec<Trunk> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut trunks = Vec::new();
        for text in written {
            if !is_name(&text.name) || text.name.value == "none" {
                let help = "a name has letters, digits, `.`, `-`, `_`, and is not `none`";
                self.wrong(text.name.at, format!("`{}` cannot be a trunk's name", text.name.value), help);
            } else if !names.insert(text.name.value.clone()) {
                let message = format!("trunk `{}` is defined twice", text.name.value);
                self.wrong(text.name.at, message, "give each trunk a name of its own");
            }
            if text.peers.is_empty() && text.register.is_none() {
                let message = format!("trunk `{}` has neither `peers` nor `register`", text.name.value);
                self.wrong(text.name.at, message, "name the networks or hosts that its calls come from");
            }
            let open = |peer: &&Peer| matches!(peer, Peer::Net(net) if net.prefix_len() == 0);
            if text.peers.iter().any(|peer| open(&peer)) {
                let message = format!("trunk `{}` trusts the whole Internet", text.name.value);
                let help = "name the provider's networks; to take calls from anybody set sip.allow_anonymous";
                self.wrong(text.name.at, message, help);
            }
            let register = text.register.map(|text| {
                if !text.server.starts_with("sip:") && !text.server.starts_with("sips:") {
                    let message = format!("expected a SIP address, got `{}`", text.server.value);
                    self.wrong(text.server.at, message, "write it like \"sip:provider.example\"");
                }
                Register {
                    server: text.server.value,
                    user: text.user,
                    password: self.secret(text.password, text.password_file),
                    expires: text.expires.map_or(Duration::from_secs(300), |dur| dur.0),
                }
            });
            trunks.push(Trunk { name: text.name.value, peers: text.peers, proxy: text.proxy, register });
        }
        trunks
    }

    fn outbound(&mut self, written: OutboundText, trunks: &[Trunk]) -> OutboundSection {
        let known: BTreeSet<&str> = trunks.iter().map(|trunk| trunk.name.as_str()).collect();
        let trunk = written.trunk.filter(|trunk| trunk.value != "none");
        if let Some(trunk) = trunk.as_ref().filter(|trunk| !known.contains(trunk.as_str())) {
            self.unknown(trunk.at, "trunk", trunk, &known);
        }
        for pattern in &written.allow {
            self.number_pattern(pattern);
        }
        OutboundSection {
            trunk: trunk.map(|trunk| trunk.value),
            allow: written.allow.into_iter().map(|pattern| pattern.value).collect(),
            networks: written.networks,
        }
    }

    fn number_pattern(&mut self, pattern: &Spanned<String>) {
        let fits = match pattern.strip_suffix('*') {
            Some(prefix) => prefix.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit()),
            None => Number::parse(pattern).is_some(),
        };
        if !fits {
            let message = format!("expected a number or a prefix, got `{}`", pattern.value);
            self.wrong(pattern.at, message, "write it like \"74951234567\" or \"7495*\"");
        }
    }

    fn caller_rules(&mut self, written: Vec<CallerRuleText>, zone: &super::ZoneName) -> Vec<CallerRule> {
        let mut rules = Vec::new();
        for text in written {
            self.number_pattern(&text.number);
            let until = text.until.as_ref().and_then(|until| {
                let at = clock::parse(until, &zone.zone);
                if at.is_none() {
                    let message = format!("expected a date, got `{}`", until.value);
                    self.wrong(until.at, message, "write it like 2027-01-01 or \"2027-01-01 09:00\"");
                }
                at
            });
            rules.push(CallerRule { number: text.number.value, action: text.action, until });
        }
        rules
    }

    fn calendars(
        &mut self,
        written: BTreeMap<String, Node>,
    ) -> (BTreeMap<String, Calendar>, BTreeMap<String, Node>) {
        let mut calendars = BTreeMap::new();
        for (name, node) in &written {
            match yaml::decode_node::<Calendar>(self.file, "", &mut node.clone()) {
                Ok(calendar) => {
                    calendars.insert(name.clone(), calendar);
                }
                Err(findings) => self.findings.extend(findings),
            }
        }
        (calendars, written)
    }

    fn sip(&mut self, sip: &Spanned<SipSection>) {
        if sip.udp.is_empty() && sip.tcp.is_empty() && sip.tls.is_empty() && sip.ws.is_empty() {
            self.wrong(sip.at, "no listener is left: nobody can call", "set sip.udp, tcp, tls or ws");
        }
        let files = !sip.tls_cert.as_os_str().is_empty() && !sip.tls_key.as_os_str().is_empty();
        if !sip.tls.is_empty() && !files {
            self.wrong(sip.at, "sip.tls needs a certificate", "set sip.tls_cert and sip.tls_key");
        }
        let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if sip.domain.is_empty() || !sip.domain.chars().all(host) {
            let message = format!("sip.domain: expected a domain, got `{}`", sip.domain);
            self.wrong(sip.at, message, "write it like hotline.example.org");
        }
    }

    fn web(&mut self, web: &Spanned<WebSection>) {
        for origin in &web.origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
                let message = format!("web.origins: expected scheme and host, got `{origin}`");
                self.wrong(web.at, message, "write it like https://board.example, without a path");
            }
        }
    }

    fn storage(&mut self, written: StorageText) -> StorageSection {
        let place = written.url.as_ref().map(|url| url.at);
        let at = place.or(written.url_file.as_ref().map(|file| file.at)).unwrap_or_default();
        let url = self.secret(written.url.map(|url| Secret::new(url.value)), written.url_file);
        let url = url.map_or_else(|| "sqlite:DATA/hotline.db".to_string(), |url| url.reveal().to_string());
        let url = match url.strip_prefix("sqlite:") {
            Some(path) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() {
                    self.wrong(at, "expected a path after `sqlite:`", "write it like sqlite:DATA/hotline.db");
                }
                format!("sqlite:{path}")
            }
            None => {
                if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
                    let help = "write sqlite:DATA/hotline.db or postgres://user@host/database";
                    self.wrong(at, "expected an address of SQLite or PostgreSQL", help);
                }
                url
            }
        };
        StorageSection { url: Secret::new(url) }
    }

    fn dispositions(&mut self, written: Option<Spanned<Vec<String>>>, language: Language) -> Vec<String> {
        let Some(written) = written else {
            return super::DISPOSITIONS[usize::from(language == Language::En)].map(String::from).to_vec();
        };
        let fits = |word: &String| {
            let count = word.chars().count();
            (1..=super::DISPOSITION_CHARS_MAX).contains(&count) && !word.chars().any(char::is_control)
        };
        let all_different = written.iter().collect::<BTreeSet<_>>().len() == written.len();
        if written.len() > super::DISPOSITIONS_MAX || !written.iter().all(fits) || !all_different {
            let (most, chars) = (super::DISPOSITIONS_MAX, super::DISPOSITION_CHARS_MAX);
            let message = format!("expected at most {most} different words of 1 to {chars} characters");
            self.wrong(written.at, message, "an operator chooses one of them in his wrap-up");
        }
        written.value
    }

    fn smtp(&mut self, written: Option<SmtpText>) -> Option<SmtpSection> {
        let text = written?;
        self.mail_address(&text.from);
        let port = text.port.unwrap_or(match text.tls {
            SmtpTls::Implicit => 465,
            SmtpTls::Starttls => 587,
            SmtpTls::Off => 25,
        });
        if let Some(template) = text.template.as_ref().filter(|template| !template.contains("{text}")) {
            self.wrong(
                template.at,
                "the template does not say where the letter's text goes",
                "write {text} into it; {ticket} and {topic} may stand there too",
            );
        }
        Some(SmtpSection {
            host: text.host,
            port,
            tls: text.tls,
            user: text.user,
            password: self.secret(text.password, text.password_file),
            from: text.from.value,
            template: text.template.map(|template| template.value),
        })
    }

    fn alerts(&mut self, written: AlertsText, can_mail: bool) -> AlertsSection {
        let empty = |text: &Spanned<String>| text.value.is_empty();
        let email = written.email.filter(|email| !empty(email));
        if let Some(email) = &email {
            self.mail_address(email);
            if !can_mail {
                self.wrong(
                    email.at,
                    "alerts by e-mail need a mail server",
                    "add a section smtp: {host, from}",
                );
            }
        }
        let webhook = written.webhook.filter(|webhook| !empty(webhook));
        if let Some(webhook) =
            webhook.as_ref().filter(|url| !url.starts_with("https://") && !url.starts_with("http://"))
        {
            self.wrong(
                webhook.at,
                "expected an http or https address",
                "write it like https://chat.example/hook",
            );
        }
        let webhook = self.secret(webhook.map(|webhook| Secret::new(webhook.value)), written.webhook_file);
        AlertsSection { webhook, email: email.map(|email| email.value) }
    }

    fn mail_address(&mut self, address: &Spanned<String>) {
        let fits = address.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        if !fits || address.contains(char::is_whitespace) {
            let message = format!("expected a mail address, got `{}`", address.value);
            self.wrong(address.at, message, "write it like duty@example.org");
        }
    }

    /// A secret stands here, or in a file beside config.yaml; not in both.
    fn secret(&mut self, here: Option<Secret>, in_file: Option<Spanned<PathBuf>>) -> Option<Secret> {
        let Some(path) = in_file else { return here };
        if here.is_some() {
            self.wrong(path.at, "the secret is given twice, here and in a file", "keep one of the two");
        }
        let beside = self.file.parent().unwrap_or(Path::new(""));
        let full = beside.join(in_data_dir(&path.value, self.data_dir));
        match read_secret(&full) {
            Ok(text) if text.is_empty() => {
                self.wrong(
                    path.at,
                    format!("{} is empty", full.display()),
                    "write the secret on its first line",
                );
                None
            }
            Ok(text) => Some(Secret::new(text)),
            Err(error) => {
                let message = format!("cannot read {}: {error}", full.display());
                self.wrong(path.at, message, "check the path and who may read it");
                None
            }
        }
    }
}

fn read_secret(path: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(path)?.len();
    if size > SECRET_BYTES_MAX {
        return Err(std::io::Error::other(format!("it has {size} bytes, that is no secret")));
    }
    Ok(std::fs::read_to_string(path)?.trim_end_matches(['\r', '\n']).to_string())
}

fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}
