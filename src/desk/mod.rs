//! The web's view of the store: joins [`crate::web::Desk`] and [`crate::store`], which do not know each other.
mod office;

pub use office::{Papers, template};

use crate::class::Class;
use crate::clock::Zone;
use crate::ids::CallId;
use crate::machine::Wall;
use crate::number::Number;
use crate::report::menu::MenuLine;
use crate::report::{Asked, AskedWrongly, Kind, Report};
use crate::store::accounts::AccountError;
use crate::store::{self, Accounts, Audit, Entry, Import, Shared, Subscriber, reporting};
use crate::web;
use crate::web::{Answer, AuditLine, Away, Changed, PasswordChange, Person, Secret, SignIn, Story};

pub struct Desk {
    zone: Zone,
    store: Shared,
    accounts: Accounts,
    papers: Papers,
}

impl Desk {
    /// `zone`: whose days the reports are of.
    pub fn new(store: Shared, zone: Zone) -> Desk {
        Desk { accounts: Accounts::new(store.clone()), store, zone, papers: Papers::default() }
    }

    /// With what the office needs beside the store.
    pub fn with(self, papers: Papers) -> Desk {
        Desk { papers, ..self }
    }
}

impl web::Desk for Desk {
    fn sign_in<'a>(&'a self, user: &'a str, password: &'a str, at: Wall) -> Answer<'a, SignIn> {
        Box::pin(async move {
            let answer = self.accounts.sign_in(user, password, at).await.map_err(away)?;
            Ok(match answer {
                store::SignIn::Welcome { person, token, expires_at } => {
                    SignIn::Welcome { person, session: Secret::new(token.reveal()), expires_at }
                }
                store::SignIn::Refused => SignIn::Refused,
                store::SignIn::Locked { until } => SignIn::Locked { until },
                store::SignIn::Void => SignIn::Void,
            })
        })
    }

    fn sign_out<'a>(&'a self, session: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.accounts.sign_out(session).await.map_err(away) })
    }

    fn change_password<'a>(&'a self, change: PasswordChange<'a>, at: Wall) -> Answer<'a, Changed> {
        Box::pin(async move {
            let done = self.accounts.change_password(change.user, change.old, change.new, at).await;
            match done {
                Ok(()) => Ok(Changed::Done),
                Err(AccountError::WrongPassword | AccountError::NoSuchUser(_)) => Ok(Changed::Refused),
                Err(error @ (AccountError::BadLength(_) | AccountError::SamePassword)) => {
                    Ok(Changed::Unusable(error.to_string()))
                }
                Err(error) => Err(away(error)),
            }
        })
    }

    fn session<'a>(&'a self, session: &'a str, at: Wall) -> Answer<'a, Option<Person>> {
        Box::pin(async move { self.accounts.session(session, at).await.map_err(away) })
    }

    fn token<'a>(&'a self, token: &'a str, at: Wall) -> Answer<'a, Option<Person>> {
        Box::pin(async move { self.accounts.token(token, at).await.map_err(away) })
    }

    fn story(&self, call: CallId) -> Answer<'_, Option<Story>> {
        Box::pin(async move {
            let story = self.store.call(call).await.map_err(away)?;
            Ok(story.map(|story| Story { record: story.record, events: story.events }))
        })
    }

    fn report<'a>(
        &'a self,
        kind: Kind,
        asked: &'a Asked,
        now: Wall,
    ) -> Answer<'a, Result<Report, AskedWrongly>> {
        Box::pin(async move {
            let query = match asked.query(kind, &self.zone, now) {
                Ok(query) => query,
                Err(wrong) => return Ok(Err(wrong)),
            };
            let report = reporting::report(&*self.store, query, &self.zone, now).await;
            report.map(Ok).map_err(away)
        })
    }

    fn menu_report<'a>(
        &'a self,
        asked: &'a Asked,
        now: Wall,
    ) -> Answer<'a, Result<Vec<MenuLine>, AskedWrongly>> {
        Box::pin(async move {
            let query = match asked.query(Kind::Queue, &self.zone, now) {
                Ok(query) => query,
                Err(wrong) => return Ok(Err(wrong)),
            };
            reporting::menu(&*self.store, query, &self.zone).await.map(Ok).map_err(away)
        })
    }

    fn set_class<'a>(&'a self, number: &'a Number, class: Class) -> Answer<'a, ()> {
        Box::pin(async move {
            let known = self.store.subscriber(number).await.map_err(away)?;
            let row = match known {
                Some(subscriber) => Subscriber { class, ..subscriber },
                None => Subscriber { number: number.clone(), class, name: None, email: None },
            };
            self.store.import(Import::Subscribers(vec![row])).await.map(drop).map_err(away)
        })
    }

    fn audit(&self, line: AuditLine) -> Answer<'_, ()> {
        Box::pin(async move {
            let AuditLine { at, who, what, detail } = line;
            let entry = Entry::Audit(Audit { at, who, what: what.to_string(), detail });
            self.store.write(&[entry]).await.map_err(away)
        })
    }
}

/// The reason is for the log; it may name files and statements that are no matter of a browser's.
fn away(error: impl std::fmt::Display) -> Away {
    tracing::error!(%error, "the store did not answer a page");
    Away
}
