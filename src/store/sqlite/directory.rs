//! Subscribers, payments, agents, operators and tickets.
use super::{Reading, SqliteStore, json, outbox, signed, tickets, unsigned};
use crate::call::NewTicket;
use crate::class::Class;
use crate::ids::OperatorId;
use crate::number::Number;
use crate::queue::OperatorSettings;
use crate::sip::Ha1;
use crate::store::{
    Agent, Directory, Error, Import, Operator, Payment, PaymentStatus, Reply, Secret, Subscriber, Ticket,
    ticket,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::time::Duration;

const SUBSCRIBER: &str = "SELECT number, class, name, email FROM subscribers WHERE number = ?";
const PUT_SUBSCRIBER: &str =
    "INSERT OR REPLACE INTO subscribers (number, class, name, email) VALUES (?, ?, ?, ?)";
const PAYMENT: &str = "SELECT number, terminal, paid_at, amount, status FROM payments
    WHERE number = ?1 AND (?2 IS NULL OR terminal = ?2) ORDER BY paid_at DESC LIMIT 1";
const PUT_PAYMENT: &str =
    "INSERT OR REPLACE INTO payments (number, terminal, paid_at, amount, status) VALUES (?, ?, ?, ?, ?)";
const AGENT: &str = "SELECT id, name, active FROM agents WHERE id = ?";
const PUT_AGENT: &str = "INSERT OR REPLACE INTO agents (id, name, active) VALUES (?, ?, ?)";
const OPERATORS: &str = "SELECT * FROM operators ORDER BY id";
const PUT_OPERATOR: &str = "INSERT INTO operators (id, name, queues, skills, sign_in, rings_within_ms, auto_answer,
        contact, realm, ha1_md5, ha1_sha256, declared, paused)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, queues = excluded.queues, skills = excluded.skills,
        sign_in = excluded.sign_in, rings_within_ms = excluded.rings_within_ms, auto_answer = excluded.auto_answer,
        contact = excluded.contact, realm = excluded.realm, ha1_md5 = excluded.ha1_md5,
        ha1_sha256 = excluded.ha1_sha256, declared = excluded.declared";
const REMOVE_OPERATOR: &str = "DELETE FROM operators WHERE id = ?";
const REMOVE_UNDECLARED: &str =
    "DELETE FROM operators WHERE declared AND id NOT IN (SELECT value FROM json_each(?))";
const OPEN_TICKET: &str =
    "INSERT INTO tickets (call, at, caller, topic, fields) VALUES (?, ?, ?, ?, ?) RETURNING id";
const NUMBER_TICKET: &str = "UPDATE tickets SET number = ? WHERE id = ?";
const TICKETS: &str = "SELECT * FROM tickets ORDER BY id DESC LIMIT ?";

impl Directory for SqliteStore {
    fn subscriber<'a>(&'a self, number: &'a Number) -> Reply<'a, Option<Subscriber>> {
        Box::pin(async move {
            let row = sqlx::query(SUBSCRIBER).bind(number.as_str()).fetch_optional(&self.reader).await?;
            row.as_ref().map(subscriber).transpose()
        })
    }

    fn payment<'a>(&'a self, number: &'a str, terminal: Option<&'a str>) -> Reply<'a, Option<Payment>> {
        Box::pin(async move {
            let row = sqlx::query(PAYMENT).bind(number).bind(terminal).fetch_optional(&self.reader).await?;
            row.as_ref().map(payment).transpose()
        })
    }

    fn agent<'a>(&'a self, id: &'a str) -> Reply<'a, Option<Agent>> {
        Box::pin(async move {
            let row = sqlx::query(AGENT).bind(id).fetch_optional(&self.reader).await?;
            row.as_ref().map(agent).transpose()
        })
    }

    fn import(&self, rows: Import) -> Reply<'_, u64> {
        Box::pin(async move {
            let count = rows.len() as u64;
            let mut tx = self.begin().await?;
            match rows {
                Import::Subscribers(rows) => {
                    for row in rows {
                        let query = sqlx::query(PUT_SUBSCRIBER)
                            .bind(row.number.as_str().to_string())
                            .bind(row.class.as_str())
                            .bind(row.name)
                            .bind(row.email);
                        query.execute(&mut *tx).await?;
                    }
                }
                Import::Payments(rows) => {
                    for row in rows {
                        let query = sqlx::query(PUT_PAYMENT)
                            .bind(row.number)
                            .bind(row.terminal)
                            .bind(row.paid_at.0)
                            .bind(row.kopecks)
                            .bind(row.status.as_str());
                        query.execute(&mut *tx).await?;
                    }
                }
                Import::Agents(rows) => {
                    for row in rows {
                        let query = sqlx::query(PUT_AGENT).bind(row.id).bind(row.name).bind(row.active);
                        query.execute(&mut *tx).await?;
                    }
                }
            }
            tx.commit().await?;
            Ok(count)
        })
    }

    fn operators(&self) -> Reply<'_, Vec<Operator>> {
        Box::pin(async move {
            let rows = sqlx::query(OPERATORS).fetch_all(&self.reader).await?;
            rows.iter().map(operator).collect()
        })
    }

    fn put_operator(&self, operator: Operator) -> Reply<'_, ()> {
        Box::pin(async move {
            let mut tx = self.begin().await?;
            put_operator(&mut tx, &operator).await?;
            Ok(tx.commit().await?)
        })
    }

    fn remove_operator<'a>(&'a self, id: &'a OperatorId) -> Reply<'a, bool> {
        Box::pin(async move {
            let done = sqlx::query(REMOVE_OPERATOR).bind(id.as_str()).execute(&self.writer).await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn declare_operators(&self, operators: Vec<Operator>) -> Reply<'_, ()> {
        Box::pin(async move {
            let ids: Vec<&str> = operators.iter().map(|operator| operator.id.as_str()).collect();
            let mut tx = self.begin().await?;
            sqlx::query(REMOVE_UNDECLARED).bind(json(&ids)?).execute(&mut *tx).await?;
            for operator in &operators {
                let declared = Operator { declared: true, ..operator.clone() };
                put_operator(&mut tx, &declared).await?;
            }
            Ok(tx.commit().await?)
        })
    }

    fn open_ticket(&self, ticket: NewTicket) -> Reply<'_, String> {
        Box::pin(async move {
            let topic = ticket.topic;
            let mut tx = self.begin().await?;
            let id: i64 = sqlx::query_scalar(OPEN_TICKET)
                .bind(ticket.call.to_string())
                .bind(ticket.at.0)
                .bind(ticket.caller)
                .bind(&topic)
                .bind(json(&ticket.fields)?)
                .fetch_one(&mut *tx)
                .await?;
            let number = ticket::number(unsigned(id));
            sqlx::query(NUMBER_TICKET).bind(&number).bind(id).execute(&mut *tx).await?;
            let data = serde_json::json!({ "ticket": number, "call": ticket.call, "topic": topic });
            outbox::tell(&mut tx, "ticket.created", &format!("ticket.created.{number}"), data, ticket.at)
                .await?;
            tx.commit().await?;
            Ok(number)
        })
    }

    fn tickets(&self, limit: usize) -> Reply<'_, Vec<Ticket>> {
        Box::pin(async move {
            let rows = sqlx::query(TICKETS).bind(signed(limit as u64)).fetch_all(&self.reader).await?;
            rows.iter().map(tickets::ticket).collect()
        })
    }
}

async fn put_operator(connection: &mut SqliteConnection, operator: &Operator) -> Result<(), Error> {
    let settings = &operator.settings;
    let secret = operator.secret.as_ref();
    sqlx::query(PUT_OPERATOR)
        .bind(operator.id.as_str())
        .bind(&settings.name)
        .bind(json(&settings.queues)?)
        .bind(json(&settings.skills)?)
        .bind(json(&settings.sign_in)?)
        .bind(signed(settings.rings_within.as_millis() as u64))
        .bind(settings.auto_answer)
        .bind(&settings.contact)
        .bind(secret.map(|secret| secret.realm.as_str()))
        .bind(secret.map(|secret| secret.ha1.md5.as_str()))
        .bind(secret.map(|secret| secret.ha1.sha256.as_str()))
        .bind(operator.declared)
        .bind(&operator.paused)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn subscriber(row: &SqliteRow) -> Result<Subscriber, Error> {
    let row = Reading::of("subscribers", "number", row)?;
    Ok(Subscriber {
        number: row.word("number", Number::parse)?,
        class: row.word("class", Class::parse)?,
        name: row.get("name")?,
        email: row.get("email")?,
    })
}

fn payment(row: &SqliteRow) -> Result<Payment, Error> {
    let row = Reading::of("payments", "number", row)?;
    Ok(Payment {
        number: row.get("number")?,
        terminal: row.get("terminal")?,
        paid_at: row.at("paid_at")?,
        kopecks: row.get("amount")?,
        status: row.word("status", PaymentStatus::parse)?,
    })
}

fn agent(row: &SqliteRow) -> Result<Agent, Error> {
    let row = Reading::of("agents", "id", row)?;
    Ok(Agent { id: row.get("id")?, name: row.get("name")?, active: row.get("active")? })
}

fn operator(row: &SqliteRow) -> Result<Operator, Error> {
    let row = Reading::of("operators", "id", row)?;
    let ha1 = row.get::<Option<String>>("ha1_md5")?.zip(row.get("ha1_sha256")?);
    let secret = row.get::<Option<String>>("realm")?.zip(ha1);
    Ok(Operator {
        id: OperatorId::from(row.get::<String>("id")?),
        settings: OperatorSettings {
            name: row.get("name")?,
            queues: row.json("queues")?,
            skills: row.json("skills")?,
            sign_in: row.json("sign_in")?,
            rings_within: Duration::from_millis(unsigned(row.get("rings_within_ms")?)),
            auto_answer: row.get("auto_answer")?,
            contact: row.get("contact")?,
        },
        secret: secret.map(|(realm, (md5, sha256))| Secret { realm, ha1: Ha1 { md5, sha256 } }),
        declared: row.get("declared")?,
        paused: row.get("paused")?,
    })
}
