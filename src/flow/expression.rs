//! The only door to minijinja: bare expressions (`vars.tries + 1`) and quoted templates (`"… {{ vars.id }}"`).
//!
//! Both are pure and bounded: a fixed amount of fuel, single values as results, undefined names are errors. An error
//! takes the step's failure edge and never ends a call.
use super::event::Facts;
use super::finding::Span;
use super::vars::{TEXT_BYTES_MAX, Var, Vars};
use crate::clock::Civil;
use crate::say::Language;
use minijinja::value::ValueKind;
use minijinja::{UndefinedBehavior, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// Instructions per evaluation; the longest expression of a real flow takes about fifty.
const FUEL: u64 = 5_000;
const SOURCE_BYTES_MAX: usize = 2_000;

static JINJA: LazyLock<minijinja::Environment<'static>> = LazyLock::new(|| {
    let mut env = minijinja::Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(32);
    // Functions that have no use for a telephone call.
    for name in ["range", "debug", "dict", "namespace"] {
        env.remove_global(name);
    }
    // What a value needs inside an address or a JSON body, so that a caller's data cannot change the request.
    env.add_filter("urlencode", |text: String| url_encoded(&text));
    env.add_filter("json", |text: String| serde_json::Value::from(text).to_string());
    env
});

/// Percent-encoding of everything but the unreserved characters (RFC 3986, section 2.3).
fn url_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// Why an evaluation gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: String,
}

/// What a step can read.
#[derive(Clone)]
pub struct Scope<'a> {
    pub vars: &'a Vars,
    pub settings: &'a Vars,
    pub facts: &'a Facts,
    pub language: Language,
    pub now: Civil,
    pub position: i64,
    pub expected_wait_s: i64,
    /// Whether a callback can be offered to this caller.
    pub callback: bool,
}

/// Names below each root; `vars` and `settings` are the flow's own.
pub const ROOTS: &[(&str, &[&str])] = &[
    ("call", &["id", "number", "language"]),
    ("caller", &["number", "verified", "class", "name"]),
    ("now", &["date", "time", "year", "month", "day", "weekday", "hour", "minute"]),
    ("queue", &["position", "wait", "callback"]),
    ("vars", &[]),
    ("settings", &[]),
];

impl Scope<'_> {
    fn context(&self) -> Value {
        let now = self.now;
        let map = |vars: &Vars| -> Value {
            vars.iter().map(|(name, var)| (name.as_str(), value_of(var))).collect::<BTreeMap<_, _>>().into()
        };
        minijinja::context! {
            call => minijinja::context! {
                id => self.facts.call.to_string(),
                number => self.facts.called.as_str(),
                language => self.language.as_str(),
            },
            caller => minijinja::context! {
                number => self.facts.caller.as_str(),
                verified => self.facts.verified,
                class => self.facts.class.as_str(),
                name => self.facts.name.as_deref().unwrap_or(""),
            },
            now => minijinja::context! {
                date => format!("{:04}-{:02}-{:02}", now.year, now.month, now.day),
                time => format!("{:02}:{:02}", now.hour, now.minute),
                year => now.year,
                month => now.month,
                day => now.day,
                weekday => now.weekday,
                hour => now.hour,
                minute => now.minute,
            },
            queue => minijinja::context! {
                position => self.position,
                wait => self.expected_wait_s,
                callback => self.callback,
            },
            vars => map(self.vars),
            settings => map(self.settings),
        }
    }
}

fn value_of(var: &Var) -> Value {
    match var {
        Var::None => Value::from(()),
        Var::Bool(value) => Value::from(*value),
        Var::Int(value) => Value::from(*value),
        Var::Float(value) => Value::from(*value),
        Var::Text(text) | Var::Secret(text) => Value::from(text.as_str()),
    }
}

fn var_of(value: &Value) -> Result<Var, Failure> {
    let refused =
        |what: &str| Err(Failure { reason: format!("the result is {what}; expected a single value") });
    match value.kind() {
        ValueKind::None => Ok(Var::None),
        ValueKind::Undefined => refused("undefined"),
        ValueKind::Bool => Ok(Var::Bool(value.is_true())),
        ValueKind::Number => match value.as_i64() {
            Some(number) if value.is_integer() => Ok(Var::Int(number)),
            _ => match f64::try_from(value.clone()) {
                Ok(number) if number.is_finite() => Ok(Var::Float(number)),
                _ => refused("no finite number"),
            },
        },
        ValueKind::String => bounded(value.as_str().unwrap_or("").to_string()).map(Var::Text),
        ValueKind::Seq | ValueKind::Iterable => refused("a list"),
        _ => refused("not a value"),
    }
}

fn bounded(text: String) -> Result<String, Failure> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Failure { reason: format!("the result is longer than {TEXT_BYTES_MAX} bytes") });
    }
    Ok(text)
}

fn failure(error: &minijinja::Error) -> Failure {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    Failure { reason: format!("{}{detail}", error.kind()) }
}

/// A bare expression that has been read.
#[derive(Clone)]
pub struct Expression {
    source: String,
    compiled: Arc<minijinja::Expression<'static, 'static>>,
    reads: BTreeSet<String>,
    pub at: Span,
}

impl Expression {
    pub fn parse(source: &str, at: Span) -> Result<Expression, Failure> {
        check_length(source)?;
        let compiled = JINJA.compile_expression_owned(source.to_string()).map_err(|error| failure(&error))?;
        let reads = compiled.undeclared_variables(true).into_iter().collect();
        Ok(Expression { source: source.to_string(), compiled: Arc::new(compiled), reads, at })
    }

    /// Stands in for an expression that could not be read, while the rest of its file is looked at.
    pub fn none(at: Span) -> Expression {
        static NONE: LazyLock<Expression> = LazyLock::new(|| {
            Expression::parse("none", Span::default()).unwrap_or_else(|failure| unreachable!("{failure:?}"))
        });
        Expression { at, ..NONE.clone() }
    }

    pub fn eval(&self, scope: &Scope<'_>) -> Result<Var, Failure> {
        var_of(&self.compiled.eval(scope.context()).map_err(|error| failure(&error))?)
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Dotted names: `vars.amount`, `caller.class`.
    pub fn reads(&self) -> &BTreeSet<String> {
        &self.reads
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.source)
    }
}

/// A quoted template that has been read.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    reads: BTreeSet<String>,
    pub at: Span,
}

impl Template {
    pub fn parse(source: &str, at: Span) -> Result<Template, Failure> {
        check_length(source)?;
        let template = JINJA.template_from_str(source).map_err(|error| failure(&error))?;
        let reads = template.undeclared_variables(true).into_iter().collect();
        Ok(Template { source: source.to_string(), reads, at })
    }

    /// Stands in for a template that could not be read.
    pub fn empty(at: Span) -> Template {
        Template { source: String::new(), reads: BTreeSet::new(), at }
    }

    pub fn render(&self, scope: &Scope<'_>) -> Result<String, Failure> {
        if self.is_constant() {
            return Ok(self.source.clone());
        }
        bounded(JINJA.render_str(&self.source, scope.context()).map_err(|error| failure(&error))?)
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn is_constant(&self) -> bool {
        !self.source.contains("{{") && !self.source.contains("{%") && !self.source.contains("{#")
    }

    pub fn reads(&self) -> &BTreeSet<String> {
        &self.reads
    }
}

fn check_length(source: &str) -> Result<(), Failure> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Failure { reason: format!("longer than {SOURCE_BYTES_MAX} bytes") });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Class;
    use crate::clock::Zone;
    use crate::ids::CallId;
    use crate::machine::Wall;

    fn with_scope<T>(use_it: impl FnOnce(&Scope<'_>) -> T) -> T {
        let vars: Vars = [
            ("tries".to_string(), Var::Int(2)),
            ("amount".to_string(), Var::Text("1500.00".into())),
            ("pin".to_string(), Var::Secret("4711".into())),
        ]
        .into();
        let settings: Vars = [("office".to_string(), Var::Text(String::new()))].into();
        let facts = Facts {
            call: CallId(1),
            caller: "79161234567".into(),
            verified: true,
            class: Class::Priority,
            name: None,
            called: "78007077759".into(),
        };
        use_it(&Scope {
            vars: &vars,
            settings: &settings,
            facts: &facts,
            language: Language::Ru,
            now: Zone::utc().civil(Wall(1_795_370_000_000)),
            position: 3,
            expected_wait_s: 120,
            callback: true,
        })
    }

    fn eval(source: &str) -> Result<Var, Failure> {
        let expression = Expression::parse(source, Span::default())?;
        with_scope(|scope| expression.eval(scope))
    }

    #[test]
    fn expressions_read_the_call() {
        assert_eq!(eval("vars.tries + 1"), Ok(Var::Int(3)));
        assert_eq!(eval("caller.class == \"priority\""), Ok(Var::Bool(true)));
        assert_eq!(eval("settings.office != \"\""), Ok(Var::Bool(false)));
        assert_eq!(eval("queue.position"), Ok(Var::Int(3)));
        assert_eq!(eval("vars.amount"), Ok(Var::Text("1500.00".into())));
        assert_eq!(eval("vars.pin == '4711'"), Ok(Var::Bool(true)));
        assert_eq!(eval("'yes'"), Ok(Var::Text("yes".into())));
        assert_eq!(eval("now.hour"), Ok(Var::Int(17)));
    }

    #[test]
    fn what_is_wrong_is_an_error_and_not_an_empty_text() {
        for source in
            ["vars.nothing", "nothing", "vars.tries +", "vars.amount + 1", "vars", "[1, 2]", "1 / 0", ""]
        {
            assert!(eval(source).is_err(), "{source}");
        }
    }

    #[test]
    fn fuel_and_length_bound_the_work() {
        assert!(
            Template::parse("{% for x in 'abc' * 100000 %}{{ x }}{% endfor %}", Span::default())
                .map(|template| with_scope(|scope| template.render(scope)))
                .unwrap()
                .is_err()
        );
        assert!(eval("'a' * 5000").is_err());
        assert!(eval(&"1+".repeat(5000)).is_err());
    }

    #[test]
    fn templates_render_and_constants_stay_as_they_are() {
        let template = Template::parse("https://crm.example/{{ vars.amount }}", Span::default()).unwrap();
        assert_eq!(with_scope(|scope| template.render(scope)).unwrap(), "https://crm.example/1500.00");
        assert!(template.reads().contains("vars.amount"));
        let safe = Template::parse("{{ 'a b&я' | urlencode }} {{ 'x\ny' | json }}", Span::default()).unwrap();
        assert_eq!(with_scope(|scope| safe.render(scope)).unwrap(), r#"a%20b%26%D1%8F "x\ny""#);
        let constant = Template::parse("plain % text", Span::default()).unwrap();
        assert_eq!(with_scope(|scope| constant.render(scope)).unwrap(), "plain % text");
    }
}
