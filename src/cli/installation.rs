//! What an installation is made of, read the same way by every command: configuration, flows, prompts.
use super::{Common, Exit, Failure};
use crate::call::{Outbound, Rules};
use crate::clock::{Clock, Zone};
use crate::config::{self, Anonymous, Auto, Config};
use crate::flow::finding::{Finding, Severity};
use crate::flow::{Environment, FlowSet};
use crate::prompts::{self, Catalogue};
use crate::say::Language;
use crate::server::flows::{self, Opened, Setup};
use crate::sim::Library;
use crate::store::{self, Shared};
use crate::switchboard::{AllowAnonymous, CallerLimits, CallerRule, FeatureCodes, RuleAction, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub struct Installation {
    pub config: Config,
    /// Where it was read from; `None`: the defaults.
    pub config_file: Option<PathBuf>,
    pub data_dir: PathBuf,
}

/// The configuration named on the command line, else `config.yaml` beside us, else the defaults.
pub fn load(common: &Common) -> Result<Installation, Failure> {
    let beside = Path::new(crate::config::FILE_NAME);
    let path = common.config.clone().or_else(|| beside.is_file().then(|| beside.to_path_buf()));
    let config = Config::load(path.as_deref(), &common.data_dir).map_err(|findings| {
        Failure::new(Exit::BadConfiguration, list("the configuration has errors", &findings))
    })?;
    Ok(Installation { config, config_file: path, data_dir: common.data_dir.clone() })
}

impl Installation {
    pub fn zone(&self) -> Zone {
        self.config.zone()
    }

    /// The store as it is: nothing is made where nothing is, and nothing is changed.
    pub async fn existing_store(&self) -> Result<Shared, Failure> {
        let url = self.config.storage_url(&self.data_dir);
        store::existing_current(&url).await.map_err(|error| Failure::new(Exit::CannotConnect, error))
    }

    pub fn catalogue(&self) -> Result<Catalogue, Failure> {
        Catalogue::load(&self.config.prompts.dir).map_err(|findings| {
            Failure::new(Exit::BadConfiguration, list("the prompts have errors", &findings))
        })
    }

    /// The catalogue with the constant texts of flows, which are recorded like prompts.
    pub fn catalogue_with_flows(&self) -> Result<Catalogue, Failure> {
        let catalogue = self.catalogue()?;
        let (flows, _) = FlowSet::load(&self.config.flows.dir, &self.environment());
        let Some(flows) = flows else { return Ok(catalogue) };
        let texts = flows.texts();
        Ok(catalogue.with_texts(texts.iter().map(|(language, text)| (*language, text.as_str()))))
    }

    /// What flows may refer to here.
    pub fn environment(&self) -> Environment {
        environment(&self.config)
    }

    /// The flows to answer calls with: the files, or the last good ones.
    pub fn open_flows(&self) -> Result<Opened, Failure> {
        let (of_environment, of_texts) = (self.config.clone(), self.config.clone());
        let setup = Setup {
            dir: self.config.flows.dir.clone(),
            data_dir: self.data_dir.clone(),
            watch: self.config.flows.watch,
            zone: self.zone(),
            environment: Box::new(move || environment(&of_environment)),
            texts: Box::new(move |language| texts(&of_texts, language)),
        };
        flows::open(setup, Clock::wall()).map_err(|findings| {
            let errors: Vec<_> =
                findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
            Failure::new(Exit::BadConfiguration, list("the call flows have errors", &errors))
        })
    }

    /// The checked flows of this installation, or of other paths.
    pub fn check_flows(&self, paths: &[PathBuf]) -> Result<(Option<FlowSet>, Vec<Finding>), Failure> {
        let environment = self.environment();
        if paths.is_empty() {
            return Ok(FlowSet::load(&self.config.flows.dir, &environment));
        }
        let mut files = Vec::new();
        for path in paths {
            collect(path, &mut files)
                .map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", path.display())))?;
        }
        Ok(FlowSet::parse(files, &environment))
    }

    pub fn check_prompts(&self) -> Vec<Finding> {
        match Catalogue::load(&self.config.prompts.dir) {
            Ok(catalogue) => prompts::check(&self.config.prompts.dir, &catalogue),
            Err(findings) => findings,
        }
    }

    /// Flows to answer calls with: none that has an error.
    pub fn flows(&self, dir: Option<&Path>) -> Result<FlowSet, Failure> {
        let (flows, findings) = FlowSet::load(dir.unwrap_or(&self.config.flows.dir), &self.environment());
        flows.ok_or_else(|| {
            let errors: Vec<_> =
                findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
            Failure::new(Exit::BadConfiguration, list("the call flows have errors", &errors))
        })
    }

    pub fn switchboard_settings(&self) -> Settings {
        let config = &self.config;
        let pools = config.pools();
        let recorded = pools
            .iter()
            .flat_map(|pool| &pool.queues)
            .filter(|(_, queue)| queue.record)
            .map(|(name, _)| name.clone())
            .collect();
        let queue_class = pools
            .iter()
            .flat_map(|pool| pool.queues.iter().map(|(queue, settings)| (queue.clone(), settings.class)))
            .collect();
        let outbound =
            config.outbound_route().map(|(host, address, allow)| Outbound { host, address, allow });
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let shards = match config.media.shards {
            Auto::Is(shards) => shards,
            Auto::Auto => cores.saturating_sub(1).max(1) as u32,
        };
        Settings {
            rules: Rules {
                domain: config.sip.domain.clone(),
                queue_class,
                outbound,
                zone: self.zone(),
                recorded,
                announcement: Vec::new(),
                withdrawn: Default::default(),
            },
            trunks: config.trusted_networks(),
            test_sources: config.test_sources(),
            allow_anonymous: match config.sip.allow_anonymous {
                Anonymous::Local => AllowAnonymous::Local,
                Anonymous::True => AllowAnonymous::Always,
                Anonymous::False => AllowAnonymous::Never,
            },
            caller_rules: config.caller_rules.iter().map(caller_rule).collect(),
            caller_limits: CallerLimits {
                calls_per_source: config.caller_limits.calls_per_source,
                calls_per_hour: config.caller_limits.calls_per_hour,
                recordings_per_hour: config.caller_limits.recordings_per_hour,
                test_sources: config.caller_limits.test_sources,
            },
            pools,
            features: FeatureCodes {
                ready: config.feature_codes.ready.clone(),
                pause: config.feature_codes.pause.clone(),
                end_wrap_up: config.feature_codes.end_wrap_up.clone(),
                sign_out: config.feature_codes.sign_out.clone(),
                state: config.feature_codes.state.clone(),
                reasons: config.feature_codes.reasons.clone(),
                language: config.language,
            },
            calls_max: usize::MAX,
            shards: u16::try_from(shards).unwrap_or(u16::MAX),
        }
    }

    pub fn socket_path(&self) -> PathBuf {
        crate::server::socket_path(&self.data_dir)
    }

    /// What `walk` finds in the store: the demo data, and the caller's class as asked.
    pub fn library(&self, caller: &str, class: &str) -> Result<Library, Failure> {
        let class = crate::class::Class::parse(class).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("--class {class}: expected priority or standard"))
        })?;
        let mut library = Library::default();
        let row = |fields: &[(&str, &str)]| -> BTreeMap<String, String> {
            fields.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
        };
        for payment in crate::store::demo::PAYMENTS {
            let fields =
                row(&[("number", payment.number), ("amount", payment.amount), ("status", payment.status)]);
            library.payments.insert(payment.number.to_string(), fields);
        }
        for id in crate::store::demo::AGENTS {
            library.agents.insert(id.to_string(), row(&[("id", id), ("active", "true")]));
        }
        let number =
            crate::number::Number::parse(caller).map(|number| number.to_string()).unwrap_or_default();
        let fields = row(&[("number", &number), ("class", class.as_str())]);
        library.subscribers.insert(number, fields);
        Ok(library)
    }
}

/// What flows may refer to in an installation of this configuration.
fn environment(config: &Config) -> Environment {
    let mut environment = config.environment();
    if let Ok(catalogue) = Catalogue::load(&config.prompts.dir) {
        let mut names: BTreeMap<Language, _> = BTreeMap::new();
        for language in Language::ALL {
            let of = catalogue.entries().filter(|(_, entry)| entry.texts.contains_key(&language));
            names.insert(language, of.map(|(name, _)| name.clone()).collect());
        }
        environment.prompts = Some(names);
    }
    environment
}

/// The prompts' texts in a language, by name.
pub fn texts(config: &Config, language: Language) -> BTreeMap<String, String> {
    let Ok(catalogue) = Catalogue::load(&config.prompts.dir) else { return BTreeMap::new() };
    let text = |name: &crate::ids::PromptName| catalogue.text(language, name.as_str()).map(str::to_string);
    catalogue.entries().filter_map(|(name, _)| Some((name.to_string(), text(name)?))).collect()
}

fn caller_rule(rule: &config::CallerRule) -> CallerRule {
    let action = match &rule.action {
        config::RuleAction::Reject => RuleAction::Reject,
        config::RuleAction::Standard => RuleAction::Standard,
        config::RuleAction::Flow(flow) => RuleAction::Flow(flow.as_str().into()),
    };
    CallerRule { number: rule.number.clone(), action, until: rule.until }
}

pub fn list(what: &str, findings: &[Finding]) -> String {
    let language = super::flows::of_terminal();
    let texts: Vec<String> = findings.iter().map(|finding| finding.text(language)).collect();
    format!("{what}:\n\n{}", texts.join("\n\n"))
}

/// A flow file, or all flow files of a folder; tests are no flows.
fn collect(path: &Path, into: &mut Vec<(PathBuf, String)>) -> std::io::Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        entries.sort();
        for entry in entries {
            let name = entry.file_name().map(|name| name.to_string_lossy().to_string()).unwrap_or_default();
            let is_flow = name.ends_with(".yaml") || name.ends_with(".yml");
            if entry.is_file() && is_flow && !name.ends_with(".test.yaml") {
                collect(&entry, into)?;
            }
        }
    } else {
        into.push((path.to_path_buf(), std::fs::read_to_string(path)?));
    }
    Ok(())
}
