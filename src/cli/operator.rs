//! `hotline operator add|list|set|remove`: operators that live in the store. Those that config.yaml declares are changed
//! there. A running server reads them at its next start.
use super::audit::local_audit;
use crate::config::Config;
use crate::ids::{OperatorId, PoolName, QueueName, Skill};
use crate::queue::{OperatorSettings, SignIn};
use crate::sip::Ha1;
use crate::store::accounts::{AccountError, PASSWORD_CHARS_MIN, SecretText, random_password};
use crate::store::{Error, Operator, Secret, Store};
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("an operator's id has letters, digits, `.`, `-`, `_`, like 101; got `{0}`")]
    BadId(String),
    #[error("operator {0} exists already; to change him: operator set {0} …")]
    Exists(OperatorId),
    #[error("there is no operator {0}; to see all: hotline operator list")]
    NoSuchOperator(OperatorId),
    #[error("operator {0} is declared in config.yaml; change him there")]
    Declared(OperatorId),
    #[error("queue `{queue}` is not defined; known are {known}")]
    NoSuchQueue { queue: QueueName, known: String },
    #[error(
        "queue {second} is in pool {second_pool}, but {first} is in pool {first_pool}; an operator's queues share one pool"
    )]
    TwoPools { first: QueueName, first_pool: PoolName, second: QueueName, second_pool: PoolName },
    #[error("an operator serves at least one queue: --queues wallet,terminals")]
    NoQueue,
    #[error("expected a SIP address like sip:102@10.0.0.12:5060, got `{0}`")]
    BadContact(String),
    #[error("a password has {PASSWORD_CHARS_MIN} characters at least; got {0}")]
    ShortPassword(usize),
    #[error(transparent)]
    Password(#[from] AccountError),
    #[error(transparent)]
    Store(#[from] Error),
}

/// What to set; `None` leaves a value as it is (`set`) or at its default (`add`).
#[derive(Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub queues: Option<Vec<QueueName>>,
    pub skills: Option<Vec<Skill>>,
    pub password: Password,
    pub sign_in: Option<SignIn>,
    pub rings_within: Option<Duration>,
    pub auto_answer: Option<bool>,
    /// Empty: the phone registers.
    pub contact: Option<String>,
}

#[derive(Clone, Default)]
pub enum Password {
    #[default]
    Keep,
    /// A random one, which the answer shows.
    Random,
    Is(String),
}

/// Adds an operator. The answer is the random password, to be shown once, unless one was given.
pub async fn add(
    store: &dyn Store,
    config: &Config,
    id: &str,
    change: Change,
) -> Result<Option<SecretText>, OperatorError> {
    let fits = !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !fits {
        return Err(OperatorError::BadId(id.to_string()));
    }
    let id = OperatorId::from(id);
    if store.operators().await?.iter().any(|operator| operator.id == id) {
        return Err(OperatorError::Exists(id));
    }
    if change.queues.as_ref().is_none_or(Vec::is_empty) {
        return Err(OperatorError::NoQueue);
    }
    let password = match change.password {
        Password::Keep => Password::Random,
        given => given,
    };
    let settings = OperatorSettings { name: id.to_string(), ..OperatorSettings::default() };
    let operator = Operator { id, settings, secret: None, declared: false, paused: None };
    put(store, config, "operator.add", operator, Change { password, ..change }).await
}

/// Changes an operator of the store.
pub async fn set(
    store: &dyn Store,
    config: &Config,
    id: &str,
    change: Change,
) -> Result<Option<SecretText>, OperatorError> {
    let operator = find(store, id).await?;
    put(store, config, "operator.set", operator, change).await
}

pub async fn remove(store: &dyn Store, id: &str) -> Result<(), OperatorError> {
    let operator = find(store, id).await?;
    store.remove_operator(&operator.id).await?;
    local_audit(store, "operator.remove", [("operator", operator.id.to_string())]).await?;
    Ok(())
}

/// One line each: id, name, queues, where from.
pub fn list(operators: &[Operator], config: &Config) -> String {
    let mut text = String::new();
    for operator in operators {
        let settings = &operator.settings;
        let queues: Vec<&str> = settings.queues.iter().map(QueueName::as_str).collect();
        let mut notes = Vec::new();
        if operator.declared {
            notes.push("declared in config.yaml".to_string());
        }
        match (&operator.secret, &settings.contact) {
            (_, Some(contact)) => notes.push(format!("at {contact}")),
            (None, None) => notes.push("no password: cannot register".to_string()),
            (Some(secret), None) if secret.realm != config.sip.domain => {
                notes.push(format!("password was made for {}: set a new one", secret.realm));
            }
            (Some(_), None) => {}
        }
        if let Some(reason) = &operator.paused {
            notes.push(format!("paused: {reason}"));
        }
        let (id, name) = (&operator.id, &settings.name);
        text.push_str(&format!("{id}\t{name}\t{}\t{}\n", queues.join(","), notes.join("; ")));
    }
    text
}

/// The same for programs. Holds no secret.
pub fn list_json(operators: &[Operator]) -> serde_json::Value {
    let rows = operators.iter().map(|operator| {
        let settings = &operator.settings;
        serde_json::json!({
            "id": operator.id, "name": settings.name, "queues": settings.queues, "skills": settings.skills,
            "sign_in": settings.sign_in, "rings_within_ms": settings.rings_within.as_millis() as u64,
            "auto_answer": settings.auto_answer, "contact": settings.contact, "declared": operator.declared,
            "has_password": operator.secret.is_some(), "paused": operator.paused,
        })
    });
    rows.collect()
}

async fn find(store: &dyn Store, id: &str) -> Result<Operator, OperatorError> {
    let found = store.operators().await?.into_iter().find(|operator| operator.id.as_str() == id);
    match found {
        None => Err(OperatorError::NoSuchOperator(id.into())),
        Some(operator) if operator.declared => Err(OperatorError::Declared(operator.id)),
        Some(operator) => Ok(operator),
    }
}

async fn put(
    store: &dyn Store,
    config: &Config,
    what: &str,
    mut operator: Operator,
    change: Change,
) -> Result<Option<SecretText>, OperatorError> {
    let settings = &mut operator.settings;
    if let Some(queues) = change.queues {
        check_queues(config, &queues)?;
        settings.queues = queues;
    }
    if let Some(contact) = change.contact {
        if !contact.is_empty() && !contact.starts_with("sip:") && !contact.starts_with("sips:") {
            return Err(OperatorError::BadContact(contact));
        }
        settings.contact = (!contact.is_empty()).then_some(contact);
    }
    settings.name = change.name.unwrap_or_else(|| settings.name.clone());
    settings.skills =
        change.skills.map_or_else(|| settings.skills.clone(), |skills| skills.into_iter().collect());
    settings.sign_in = change.sign_in.unwrap_or(settings.sign_in);
    settings.rings_within = change.rings_within.unwrap_or(settings.rings_within);
    settings.auto_answer = change.auto_answer.unwrap_or(settings.auto_answer);
    let realm = &config.sip.domain;
    let mut secret = |password: &str| {
        let ha1 = Ha1::new(operator.id.as_str(), realm, password);
        operator.secret = Some(Secret { realm: realm.clone(), ha1 });
    };
    let shown = match change.password {
        Password::Keep => None,
        Password::Random => {
            let password = random_password()?;
            secret(password.reveal());
            Some(password)
        }
        Password::Is(password) => {
            let chars = password.chars().count();
            if chars < PASSWORD_CHARS_MIN {
                return Err(OperatorError::ShortPassword(chars));
            }
            secret(&password);
            None
        }
    };
    let id = operator.id.to_string();
    store.put_operator(operator).await?;
    local_audit(store, what, [("operator", id)]).await?;
    Ok(shown)
}

fn check_queues(config: &Config, queues: &[QueueName]) -> Result<(), OperatorError> {
    let mut first: Option<(&QueueName, &PoolName)> = None;
    for name in queues {
        let Some(queue) = config.queues.get(name) else {
            let known: Vec<&str> = config.queues.keys().map(QueueName::as_str).collect();
            return Err(OperatorError::NoSuchQueue { queue: name.clone(), known: known.join(", ") });
        };
        match first {
            Some((other, pool)) if *pool != queue.pool => {
                return Err(OperatorError::TwoPools {
                    first: other.clone(),
                    first_pool: pool.clone(),
                    second: name.clone(),
                    second_pool: queue.pool.clone(),
                });
            }
            Some(_) => {}
            None => first = Some((name, &queue.pool)),
        }
    }
    if first.is_none() { Err(OperatorError::NoQueue) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;
    use crate::store::{Shared, open};
    use std::path::Path;

    async fn place() -> (Shared, Config, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        let config = Config::parse(Path::new("config.yaml"), "", dir.path(), &Variables::new()).unwrap();
        (store, config, dir)
    }

    fn queues(names: &[&str]) -> Change {
        Change { queues: Some(names.iter().map(|name| (*name).into()).collect()), ..Change::default() }
    }

    #[tokio::test]
    async fn an_operator_is_added_changed_and_removed() {
        let (store, config, _dir) = place().await;
        let password = add(&*store, &config, "103", queues(&["wallet"])).await.unwrap().unwrap();
        let operator = store.operators().await.unwrap().remove(0);
        let secret = operator.secret.unwrap();
        assert_eq!(secret.ha1, Ha1::new("103", "hotline.local", password.reveal()));

        let change = Change {
            name: Some("Анна".into()),
            password: Password::Is("long enough".into()),
            ..Change::default()
        };
        assert_eq!(set(&*store, &config, "103", change).await.unwrap(), None);
        let operator = store.operators().await.unwrap().remove(0);
        assert_eq!(operator.settings.name, "Анна");
        assert_eq!(operator.settings.queues, ["wallet".into()]);
        assert_ne!(operator.secret.as_ref(), Some(&secret));
        assert_eq!(list(std::slice::from_ref(&operator), &config), "103\tАнна\twallet\t\n");
        assert!(!list_json(&[operator]).to_string().contains("ha1"));

        remove(&*store, "103").await.unwrap();
        assert_eq!(store.operators().await.unwrap(), []);
        let audit: Vec<_> = store.audit(9).await.unwrap().into_iter().map(|line| line.what).collect();
        assert_eq!(audit, ["operator.remove", "operator.set", "operator.add"]);
    }

    #[tokio::test]
    async fn what_cannot_be_is_said_with_the_way_out() {
        let (store, config, _dir) = place().await;
        let declared = Operator {
            id: "101".into(),
            settings: OperatorSettings::default(),
            secret: None,
            declared: true,
            paused: None,
        };
        store.declare_operators(vec![declared]).await.unwrap();
        let add = |id, change| add(&*store, &config, id, change);
        let said = |result: Result<Option<SecretText>, OperatorError>| result.unwrap_err().to_string();
        assert!(said(add("1 2", queues(&["wallet"])).await).contains("got `1 2`"));
        assert!(said(add("101", queues(&["wallet"])).await).contains("exists already"));
        assert!(said(add("103", Change::default()).await).contains("--queues"));
        assert!(
            said(add("103", queues(&["walet"])).await)
                .contains("known are agents, security, terminals, wallet")
        );
        assert!(said(add("103", queues(&["wallet", "agents"])).await).contains("share one pool"));
        let contact = Change { contact: Some("102@x".into()), ..queues(&["wallet"]) };
        assert!(said(add("103", contact).await).contains("got `102@x`"));
        let short = Change { password: Password::Is("short".into()), ..queues(&["wallet"]) };
        assert!(said(add("103", short).await).contains("got 5"));
        assert!(
            said(set(&*store, &config, "101", Change::default()).await).contains("declared in config.yaml")
        );
        assert!(said(set(&*store, &config, "103", Change::default()).await).contains("no operator 103"));
    }
}
