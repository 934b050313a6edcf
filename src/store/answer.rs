//! Questions of calls: each is answered, and in time.
use super::{Error, Payment, Store};
use crate::call::{Answer, Ask, NewTicket};
use crate::clock::Zone;
use crate::flow::Lookup;
use crate::ids::RequestId;
use crate::number::Number;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most that a lookup may take whatever the step says; the class at the INVITE has 300 ms of its own.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(2);

type Row = BTreeMap<String, String>;

/// Answers at the latest after `within`: a slow or broken store is `Failed`, never a caller held.
pub async fn answer(store: &dyn Store, ask: Ask, within: Duration) -> Answer {
    let (request, reply) = match ask {
        Ask::Lookup { request, what } => {
            (request, tokio::time::timeout(within, look_up(store, request, what)).await)
        }
        Ask::OpenTicket { request, ticket } => {
            (request, tokio::time::timeout(within, open_ticket(store, request, ticket)).await)
        }
    };
    match reply {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::warn!(%error, "a question of a call failed");
            Answer::Failed { request }
        }
        Err(_) => {
            tracing::warn!(within_ms = within.as_millis() as u64, "a question of a call took too long");
            Answer::Failed { request }
        }
    }
}

async fn look_up(store: &dyn Store, request: RequestId, what: Lookup) -> Result<Answer, Error> {
    let row = match what {
        Lookup::Payment { number, terminal } => {
            store.payment(&number, terminal.as_deref()).await?.map(payment_row)
        }
        Lookup::Agent { id } => store.agent(&id).await?.map(|agent| {
            row([("id", Some(agent.id)), ("name", agent.name), ("active", Some(agent.active.to_string()))])
        }),
        Lookup::Subscriber { number } => match Number::parse(&number) {
            Some(number) => store.subscriber(&number).await?.map(|subscriber| {
                row([
                    ("number", Some(subscriber.number.to_string())),
                    ("class", Some(subscriber.class.to_string())),
                    ("name", subscriber.name),
                    ("email", subscriber.email),
                ])
            }),
            None => None,
        },
    };
    Ok(match row {
        Some(row) => Answer::Found { request, row },
        None => Answer::NotFound { request },
    })
}

async fn open_ticket(store: &dyn Store, request: RequestId, ticket: NewTicket) -> Result<Answer, Error> {
    Ok(Answer::TicketOpened { request, number: store.open_ticket(ticket).await? })
}

/// Every column is there, so that a flow's expression never meets an undefined name: an absent one is empty.
fn row<const N: usize>(columns: [(&str, Option<String>); N]) -> Row {
    columns.into_iter().map(|(name, value)| (name.to_string(), value.unwrap_or_default())).collect()
}

fn payment_row(payment: Payment) -> Row {
    row([
        ("number", Some(payment.number)),
        ("terminal", Some(payment.terminal)),
        ("paid_at", Some(Zone::utc().rfc3339(payment.paid_at))),
        ("amount", Some(roubles(payment.kopecks))),
        ("status", Some(payment.status.as_str().to_string())),
    ])
}

/// `1500.00`
pub fn roubles(kopecks: i64) -> String {
    let sign = if kopecks < 0 { "-" } else { "" };
    let kopecks = kopecks.unsigned_abs();
    format!("{sign}{}.{:02}", kopecks / 100, kopecks % 100)
}

/// Reads `1500.00`, `1500.5`, `1500` exactly; a comma does for the point. At most 12 digits of roubles.
pub fn kopecks(text: &str) -> Option<i64> {
    const ROUBLE_DIGITS_MAX: usize = 12;
    let (roubles, fraction) = match text.split_once(['.', ',']) {
        Some((roubles, fraction)) => (roubles, Some(fraction)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(roubles) || roubles.len() > ROUBLE_DIGITS_MAX {
        return None;
    }
    let fraction = match fraction {
        None => 0,
        Some(fraction) if digits(fraction) && fraction.len() <= 2 => {
            let value: i64 = fraction.parse().ok()?;
            if fraction.len() == 1 { value * 10 } else { value }
        }
        Some(_) => return None,
    };
    Some(roubles.parse::<i64>().ok()? * 100 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact() {
        for (text, expected) in
            [("1500.00", 150_000), ("1500", 150_000), ("0.1", 10), ("21,50", 2_150), ("0.07", 7)]
        {
            assert_eq!(kopecks(text), Some(expected), "{text}");
        }
        for text in ["", ".5", "5.", "1.005", "-1", "1e3", "1 500", "1234567890123", "٣"] {
            assert_eq!(kopecks(text), None, "{text}");
        }
        assert_eq!(roubles(2_150), "21.50");
        assert_eq!(roubles(-7), "-0.07");
    }
}
