//! Demo data: enough of everything to try each branch of both shipped lines. Never loaded by a plain `serve`.
use super::accounts::{AccountError, SecretText, random_password};
use super::answer::kopecks;
use super::{Agent, Error, Import, Operator, Payment, PaymentStatus, Secret, Store, Subscriber};
use crate::class::Class;
use crate::clock::{self, Zone};
use crate::ids::OperatorId;
use crate::number::Number;
use crate::queue::OperatorSettings;
use crate::sip::Ha1;

/// The caller with the "Приоритет" package.
pub const PRIORITY_CALLER: &str = "79161234567";

pub struct DemoPayment {
    pub number: &'static str,
    pub terminal: &'static str,
    pub paid_at: &'static str,
    /// Roubles.
    pub amount: &'static str,
    pub status: &'static str,
}

pub const PAYMENTS: [DemoPayment; 3] = [
    DemoPayment {
        number: "1000000001",
        terminal: "7700101",
        paid_at: "2026-11-20T10:15:00+03:00",
        amount: "1500.00",
        status: "done",
    },
    DemoPayment {
        number: "1000000002",
        terminal: "7700101",
        paid_at: "2026-11-22T18:40:00+03:00",
        amount: "300.00",
        status: "processing",
    },
    DemoPayment {
        number: "1000000003",
        terminal: "7700102",
        paid_at: "2026-11-21T12:05:00+03:00",
        amount: "21.50",
        status: "done",
    },
];

pub const AGENTS: [&str; 2] = ["100234", "100235"];

/// Id and queues.
pub const OPERATORS: [(&str, &[&str]); 3] = [
    ("101", &["terminals", "wallet", "security"]),
    ("102", &["terminals", "wallet", "security"]),
    ("201", &["agents"]),
];

/// The first so many operators; past the three, one in four answers agents.
fn crew(size: usize) -> impl Iterator<Item = (String, &'static [&'static str])> {
    const MORE: [(usize, usize); 4] = [(103, 0), (104, 0), (105, 0), (202, 2)];
    let more = (0..).map(|n| {
        let (first, like) = MORE[n % MORE.len()];
        let step = if like == 0 { MORE.len() - 1 } else { 1 };
        ((first + n / MORE.len() * step).to_string(), OPERATORS[like].1)
    });
    OPERATORS.iter().map(|(id, queues)| (id.to_string(), *queues)).chain(more).take(size)
}

/// What was loaded, for printing: the passwords are random and nowhere else.
#[derive(Debug)]
pub struct Loaded {
    pub operators: Vec<(OperatorId, SecretText)>,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Store(#[from] Error),
    #[error(transparent)]
    Password(#[from] AccountError),
}

/// Loads the demo data over whatever is there. Each time the operators get new passwords; an operator that config.yaml
/// declares keeps his. There are `operators` of them, three at least.
pub async fn load(store: &dyn Store, domain: &str, operators: usize) -> Result<Loaded, LoadError> {
    store.import(Import::Subscribers(subscribers())).await?;
    store.import(Import::Payments(payments())).await?;
    store.import(Import::Agents(agents())).await?;
    let declared: Vec<OperatorId> =
        store.operators().await?.into_iter().filter(|operator| operator.declared).map(|o| o.id).collect();
    let mut loaded = Vec::new();
    for (id, queues) in crew(operators.max(OPERATORS.len())) {
        let id = OperatorId::from(id.as_str());
        if declared.contains(&id) {
            continue;
        }
        let password = random_password()?;
        let operator = Operator {
            settings: OperatorSettings {
                name: format!("Оператор {id}"),
                queues: queues.iter().map(|queue| (*queue).into()).collect(),
                ..OperatorSettings::default()
            },
            secret: Some(Secret {
                realm: domain.to_string(),
                ha1: Ha1::new(id.as_str(), domain, password.reveal()),
            }),
            declared: false,
            paused: None,
            id: id.clone(),
        };
        store.put_operator(operator).await?;
        loaded.push((id, password));
    }
    Ok(Loaded { operators: loaded })
}

fn subscribers() -> Vec<Subscriber> {
    let number = Number::parse(PRIORITY_CALLER);
    number
        .map(|number| Subscriber { number, class: Class::Priority, name: None, email: None })
        .into_iter()
        .collect()
}

fn payments() -> Vec<Payment> {
    let zone = Zone::utc();
    let row = |payment: &DemoPayment| {
        Some(Payment {
            number: payment.number.into(),
            terminal: payment.terminal.into(),
            paid_at: clock::parse(payment.paid_at, &zone)?,
            kopecks: kopecks(payment.amount)?,
            status: PaymentStatus::parse(payment.status)?,
        })
    };
    PAYMENTS.iter().filter_map(row).collect()
}

fn agents() -> Vec<Agent> {
    AGENTS.iter().map(|id| Agent { id: (*id).into(), name: None, active: true }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Answer, Ask};
    use crate::flow::Lookup;
    use crate::ids::RequestId;
    use crate::store::answer::{ANSWER_WITHIN, answer};
    use crate::store::{Shared, open};

    async fn loaded() -> (Shared, Loaded, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&format!("sqlite:{}/hotline.db", dir.path().display())).await.unwrap();
        let loaded = load(&*store, "hotline.local", 0).await.unwrap();
        (store, loaded, dir)
    }

    async fn ask(store: &Shared, what: Lookup) -> Answer {
        answer(&**store, Ask::Lookup { request: RequestId(7), what }, ANSWER_WITHIN).await
    }

    #[tokio::test]
    async fn every_documented_row_is_found_by_a_call() {
        let (store, _, _dir) = loaded().await;
        for (number, status, amount) in [
            ("1000000001", "done", "1500.00"),
            ("1000000002", "processing", "300.00"),
            ("1000000003", "done", "21.50"),
        ] {
            let what = Lookup::Payment { number: number.into(), terminal: None };
            let Answer::Found { row, request } = ask(&store, what).await else { panic!("{number}") };
            assert_eq!((row["status"].as_str(), row["amount"].as_str()), (status, amount));
            assert_eq!(request, RequestId(7));
        }
        for id in AGENTS {
            let Answer::Found { row, .. } = ask(&store, Lookup::Agent { id: id.into() }).await else {
                panic!()
            };
            assert_eq!((row["id"].as_str(), row["active"].as_str(), row["name"].as_str()), (id, "true", ""));
        }
        let caller = Lookup::Subscriber { number: "8 916 123-45-67".into() };
        let Answer::Found { row, .. } = ask(&store, caller).await else { panic!() };
        assert_eq!(row["class"], "priority");
        let stranger = Lookup::Subscriber { number: "anonymous".into() };
        assert_eq!(ask(&store, stranger).await, Answer::NotFound { request: RequestId(7) });
    }

    #[tokio::test]
    async fn operators_get_passwords_that_open_their_registration() {
        let (store, loaded, _dir) = loaded().await;
        let operators = store.operators().await.unwrap();
        assert_eq!(operators.len(), 3);
        for (operator, (id, password)) in operators.iter().zip(&loaded.operators) {
            let secret = operator.secret.as_ref().unwrap();
            assert_eq!(secret.ha1, Ha1::new(id.as_str(), "hotline.local", password.reveal()));
        }
        store.declare_operators(operators[..1].to_vec()).await.unwrap();
        let again = load(&*store, "hotline.local", 0).await.unwrap();
        let ids: Vec<_> = again.operators.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["102", "201"], "a declared operator keeps his password");
    }

    #[tokio::test]
    async fn a_larger_crew_has_people_for_both_lines() {
        let crew: Vec<_> = crew(8).map(|(id, queues)| (id, queues.len())).collect();
        let ids: Vec<_> = crew.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["101", "102", "201", "103", "104", "105", "202", "106"]);
        assert_eq!(crew.iter().filter(|(_, queues)| *queues == 1).count(), 2);
    }

    #[tokio::test]
    async fn a_store_that_is_away_answers_failed_in_time() {
        let (store, _, _dir) = loaded().await;
        store.close().await;
        let what = Lookup::Agent { id: "100234".into() };
        assert_eq!(ask(&store, what).await, Answer::Failed { request: RequestId(7) });
    }
}
