//! From the text of one flow file to resolved steps. Everything wrong is added to the findings and replaced by
//! something harmless, so that the rest of the file is still looked at.
use super::environment::Environment;
use super::expression::{Expression, Template};
use super::finding::{Finding, Span, suggest};
use super::model::{ArgType, FlowIx, Goto, StepIx, Target};
use super::vars::{Var, Vars};
use super::yaml::{Range, Scalar, Spanned};
use crate::ids::PromptName;
use crate::say::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What other files must know of a flow.
#[derive(Clone, Debug)]
pub struct Header {
    pub ix: FlowIx,
    pub args: BTreeMap<String, ArgType>,
    pub is_line: bool,
    /// Whether a queue uses it as `while_waiting`.
    pub waits: bool,
}

pub struct Cx<'a> {
    pub file: &'a Path,
    pub text: &'a str,
    pub env: &'a Environment,
    pub headers: &'a BTreeMap<String, Header>,
    /// This flow's own steps.
    pub steps: BTreeMap<String, StepIx>,
    pub settings: Vars,
    pub header: Header,
    pub findings: Vec<Finding>,
}

impl Cx<'_> {
    pub fn error(
        &mut self,
        code: &'static str,
        at: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding::error(code, self.file, at, message, help).with_excerpt(self.text));
    }

    pub fn target(&mut self, name: &Spanned<String>) -> Goto {
        let at = name.at;
        let to = match name.as_str() {
            "repeat" => Target::Repeat,
            "stay" => {
                if !self.header.waits {
                    let help = "name a step; `stay` is for flows that a queue runs as `while_waiting`";
                    self.error("HF028", at, "`stay` has no meaning here: nobody waits in this flow", help);
                }
                Target::Stay
            }
            "return" => {
                if self.header.is_line {
                    let help = "end a line with a `hangup` step; `return` is for sub-flows";
                    self.error("HF027", at, "`return` has no meaning in a line", help);
                }
                Target::Return
            }
            step => match self.steps.get(step) {
                Some(ix) => Target::Step(*ix),
                None => {
                    let known: Vec<&str> = self.steps.keys().map(String::as_str).collect();
                    let help = suggest(step, known.iter().copied());
                    self.error("HF022", at, format!("no step `{step}` in this flow"), help);
                    Target::Return
                }
            },
        };
        Goto { to, at }
    }

    /// A target that must be there: `key` is its name, `code` the finding if it is missing.
    pub fn required(
        &mut self,
        name: Option<&Spanned<String>>,
        code: &'static str,
        key: &str,
        at: Span,
    ) -> Goto {
        match name {
            Some(name) => self.target(name),
            None => {
                let message = format!("`{key}` is missing: where does the call go then?");
                self.error(code, at, message, format!("add `{key}: <step>`"));
                Goto { to: Target::Return, at }
            }
        }
    }

    pub fn expression(&mut self, text: &Spanned<Scalar>) -> Expression {
        let at = text.at;
        let source = text.text.trim();
        let parsed = if source.contains("{{") {
            let help = "write the bare expression without braces: vars.name";
            self.error("HF043", at, "a template stands where a bare expression is due", help);
            None
        } else {
            match Expression::parse(source, at) {
                Ok(expression) => Some(expression),
                Err(failure) => {
                    let help = "write it like vars.amount, vars.tries + 1 or caller.class == \"priority\"";
                    self.error(
                        "HF042",
                        at,
                        format!("the expression cannot be read: {}", failure.reason),
                        help,
                    );
                    None
                }
            }
        };
        parsed.unwrap_or_else(|| Expression::none(at))
    }

    pub fn template(&mut self, text: &Spanned<String>) -> Template {
        let at = text.at;
        let bare = text.split_once('.').is_some_and(|(root, rest)| {
            matches!(root, "vars" | "settings" | "caller" | "call" | "queue" | "now")
                && rest.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
        if bare {
            let help = format!("write it in quotes and braces: \"{{{{ {} }}}}\"", text.value);
            self.error("HF043", at, "a bare expression stands where a template is due", help);
            return Template::empty(at);
        }
        match Template::parse(text, at) {
            Ok(template) => template,
            Err(failure) => {
                let help = "write it like \"https://host/{{ vars.id }}\"";
                self.error("HF042", at, format!("the template cannot be read: {}", failure.reason), help);
                Template::empty(at)
            }
        }
    }

    /// A plain name: no expression, no template.
    pub fn name(&mut self, name: &Spanned<String>, what: &str) {
        let ok = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if !ok {
            let message = format!("expected {what}, got `{}`", name.value);
            self.error(
                "HF043",
                name.at,
                message,
                "names have letters, digits, `_` and `-` only; no expressions",
            );
        }
    }

    /// The name of a variable that a step sets.
    pub fn variable(&mut self, name: &Spanned<String>) -> String {
        let mut chars = name.chars();
        let ok = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !ok {
            let message = format!("expected the name of a variable, got `{}`", name.value);
            let help = "write it without `vars.`: lower-case letters, digits and `_`, as in `payment`";
            self.error("HF043", name.at, message, help);
        }
        name.value.clone()
    }

    pub fn prompt(&mut self, name: &Spanned<String>) -> PromptName {
        self.name(name, "the name of a prompt");
        let id = PromptName::from(name.as_str());
        if let Some(prompts) = &self.env.prompts {
            let missing: Vec<&str> = prompts
                .iter()
                .filter(|(_, known)| !known.contains(&id))
                .map(|(language, _)| language.as_str())
                .collect();
            if !missing.is_empty() {
                let known: BTreeSet<&str> = prompts.values().flatten().map(PromptName::as_str).collect();
                let help = match super::finding::did_you_mean(
                    name,
                    known.into_iter().filter(|k| *k != name.as_str()),
                ) {
                    Some(close) => format!("did you mean `{close}`? Else add it to prompts.yaml"),
                    None => "add its text to prompts.yaml and run `hotline prompts build`".to_string(),
                };
                let message = format!("no prompt `{}` in {}", name.value, missing.join(", "));
                self.error("HF055", name.at, message, help);
            }
        }
        id
    }

    /// `4..20`, `8`, or a setting that is one of those.
    pub fn digits(&mut self, text: &Spanned<Scalar>) -> Range {
        let fallback = Range { min: 1, max: 1 };
        let source = text.text.trim();
        let (shown, is_setting) = match source.strip_prefix("settings.") {
            Some(key) => match self.settings.get(key) {
                Some(value) => (value.text(), true),
                None => {
                    self.unknown_setting(key, text.at);
                    return fallback;
                }
            },
            None => (source.to_string(), false),
        };
        Range::parse(&shown).unwrap_or_else(|| {
            let message = match is_setting {
                true => format!("expected a number of digits, but {source} is `{shown}`"),
                false => format!("expected a number of digits, got `{shown}`"),
            };
            self.error(
                "HF013",
                text.at,
                message,
                "write 8, or 4..20 with the smaller number first, at most 32",
            );
            fallback
        })
    }

    pub fn unknown_setting(&mut self, key: &str, at: Span) {
        let known: Vec<&str> = self.settings.keys().map(String::as_str).collect();
        let help = suggest(key, known.iter().copied());
        self.error("HF041", at, format!("no setting `{key}` in this file"), help);
    }

    /// The roots and members that an expression reads; `vars` are followed through the graph later.
    pub fn check_names(&mut self, reads: &BTreeSet<String>, at: Span) {
        for path in reads {
            let (root, rest) = path.split_once('.').unwrap_or((path, ""));
            let member = rest.split('.').next().unwrap_or("");
            let Some((_, members)) = super::expression::ROOTS.iter().find(|(known, _)| *known == root) else {
                let help = if self.text.contains(&format!("{root}:")) || member.is_empty() {
                    format!(
                        "write vars.{root} for a variable, settings.{root} for a setting, or '{root}' in quotes for a text"
                    )
                } else {
                    suggest(root, super::expression::ROOTS.iter().map(|(root, _)| *root))
                };
                self.error("HF046", at, format!("`{path}` is not a variable"), help);
                continue;
            };
            match (root, member) {
                (_, "") => {
                    let help = format!("name one of them: {root}.<name>");
                    self.error("HF046", at, format!("`{root}` alone is not a value"), help);
                }
                ("vars", _) => {}
                ("settings", key) => {
                    if !self.settings.contains_key(key) {
                        self.unknown_setting(key, at);
                    }
                }
                (_, member) => {
                    if !members.contains(&member) {
                        let help = suggest(member, members.iter().copied());
                        self.error("HF046", at, format!("`{root}` has no `{member}`"), help);
                    }
                }
            }
        }
    }

    pub fn language(&mut self, text: &Spanned<String>) -> Language {
        Language::parse(text).unwrap_or_else(|| {
            let message = format!("expected a language, got `{}`", text.value);
            let known: Vec<&str> = Language::ALL.iter().map(|language| language.as_str()).collect();
            self.error("HF011", text.at, message, suggest(text, known.iter().copied()));
            self.env.language
        })
    }

    /// The header of a flow that this one runs.
    pub fn flow(&mut self, name: &Spanned<String>) -> Option<Header> {
        let headers = self.headers;
        match headers.get(name.as_str()) {
            None => {
                let help =
                    suggest(name, headers.iter().filter(|(_, h)| !h.is_line).map(|(name, _)| name.as_str()));
                self.error("HF053", name.at, format!("no flow `{}` in any file", name.value), help);
                None
            }
            Some(header) if header.is_line => {
                let message = format!("`{}` is a line, not a sub-flow", name.value);
                self.error(
                    "HF057",
                    name.at,
                    message,
                    "run a flow without `entry`; move shared steps into one",
                );
                None
            }
            Some(header) => Some(header.clone()),
        }
    }
}

/// A setting's value by the spelling of its default: `true`, `5`, a duration in seconds, else a text.
pub fn setting(scalar: &Scalar) -> Var {
    if scalar.quoted {
        return Var::Text(scalar.text.clone());
    }
    match scalar.text.as_str() {
        "true" => Var::Bool(true),
        "false" => Var::Bool(false),
        text => match text.parse::<i64>() {
            // A leading zero belongs to a text: a code, a number.
            Ok(number) if number.to_string() == text => Var::Int(number),
            _ => Var::Text(text.to_string()),
        },
    }
}
