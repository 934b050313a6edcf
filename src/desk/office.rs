//! The office's side of the desk: lists, papers and people from the store, sounds and texts from the disk, letters by the
//! mail server.
use super::{Desk, away};
use crate::call::{Message, TalkRecord};
use crate::clock::Zone;
use crate::ids::{CallId, PromptName};
use crate::machine::Wall;
use crate::media::durations::Durations;
use crate::number::Number;
use crate::office::{
    AuditQuery, AuditRow, CallCursor, CallQuery, Delivery, LineQuality, Note, NotedCall, PAGE_MAX, Page,
    RecordingQuery, Ticket, TicketEvent, TicketStatus, TokenRow, UserRow, Webhook, WebhookChange,
};
use crate::outbound::{self, MailFailure, Mailer, Outbound};
use crate::prompts::{self, Catalogue};
use crate::role::{Role, Scopes};
use crate::say::Language;
use crate::store::Subscriber;
use crate::store::accounts::{self, AccountError};
use crate::web::office::desk::{Done, Letter, NewUser, Office, PromptFile, PromptRow, Sent, SubscriberRow};
use crate::web::{Answer, Away, Secret};
use std::path::{Path, PathBuf};

/// What the office stands on beside the store. Without it there are no files, no letters and no configuration to show.
#[derive(Clone, Default)]
pub struct Papers {
    /// As it is shown: its secrets hidden.
    pub config: serde_json::Value,
    pub dispositions: Vec<String>,
    pub recordings: PathBuf,
    pub prompts: PathBuf,
    pub mailer: Option<Mailer>,
    /// `{text}`, `{ticket}` and `{topic}` are filled in.
    pub template: String,
    pub outbound: Option<Outbound>,
}

/// What a letter looks like when config.yaml says nothing.
pub fn template(language: Language) -> &'static str {
    match language {
        Language::Ru => {
            "Здравствуйте!\n\n{text}\n\nОбращение № {ticket} ({topic}). Ответьте на это письмо или позвоните нам и назовите номер обращения.\n"
        }
        Language::En => {
            "Good day,\n\n{text}\n\nThis is about case {ticket} ({topic}). Answer this letter, or call us and give the number of the case.\n"
        }
    }
}

impl Office for Desk {
    fn zone(&self) -> &Zone {
        &self.zone
    }

    fn dispositions(&self) -> Vec<String> {
        self.papers.dispositions.clone()
    }

    fn config(&self) -> serde_json::Value {
        self.papers.config.clone()
    }

    fn call_history(&self, query: CallQuery) -> Answer<'_, Page<NotedCall, CallCursor>> {
        Box::pin(async move { self.store.call_history(query).await.map_err(away) })
    }

    fn line_quality(&self, from: Wall, to: Wall) -> Answer<'_, Vec<LineQuality>> {
        Box::pin(async move { self.store.line_quality(from, to).await.map_err(away) })
    }

    fn note(&self, call: CallId) -> Answer<'_, Option<Note>> {
        Box::pin(async move { self.store.note(call).await.map_err(away) })
    }

    fn put_note(&self, call: CallId, note: Note) -> Answer<'_, ()> {
        Box::pin(async move { self.store.put_note(call, note).await.map_err(away) })
    }

    fn audit_page(&self, query: AuditQuery) -> Answer<'_, Page<AuditRow, u64>> {
        Box::pin(async move { self.store.audit_page(query).await.map_err(away) })
    }

    fn subscriber<'a>(&'a self, number: &'a Number) -> Answer<'a, Option<SubscriberRow>> {
        Box::pin(async move { Ok(self.store.subscriber(number).await.map_err(away)?.map(row)) })
    }

    fn subscribers(
        &self,
        prefix: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<SubscriberRow, String>> {
        Box::pin(async move {
            let Page { rows, next } = self.store.subscribers(prefix, after, limit).await.map_err(away)?;
            Ok(Page { rows: rows.into_iter().map(row).collect(), next })
        })
    }

    fn remove_subscriber<'a>(&'a self, number: &'a Number) -> Answer<'a, bool> {
        Box::pin(async move { self.store.remove_subscriber(number).await.map_err(away) })
    }

    fn message_page(&self, after: Option<String>, limit: usize) -> Answer<'_, Page<Message, String>> {
        Box::pin(async move { self.store.message_page(after, limit).await.map_err(away) })
    }

    fn message_file<'a>(&'a self, name: &'a str) -> Answer<'a, Option<PathBuf>> {
        Box::pin(async move {
            // The name is the store's and not the asker's: no path leads out of the folder.
            let known = self.store.message(name).await.map_err(away)?;
            Ok(known.map(|message| self.papers.recordings.join(format!("{}.wav", message.name))))
        })
    }

    fn recordings(&self, query: RecordingQuery) -> Answer<'_, Page<TalkRecord, String>> {
        Box::pin(async move { self.store.recordings(query).await.map_err(away) })
    }

    fn recording_file<'a>(&'a self, name: &'a str) -> Answer<'a, Option<PathBuf>> {
        Box::pin(async move {
            let known = self.store.recording(name).await.map_err(away)?;
            Ok(known.map(|talk| self.papers.recordings.join(format!("{}.wav", talk.name))))
        })
    }

    fn remove_recordings<'a>(&'a self, number: &'a Number) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut removed = 0;
            loop {
                let number = Some(number.to_string());
                let query = RecordingQuery { number, limit: PAGE_MAX, ..RecordingQuery::default() };
                let talks = self.store.recordings(query).await.map_err(away)?.rows;
                if talks.is_empty() {
                    return Ok(removed);
                }
                for talk in talks {
                    // The file first: a row without a file is found again, a file without a row is not.
                    let file = self.papers.recordings.join(format!("{}.wav", talk.name));
                    match tokio::fs::remove_file(&file).await {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(away(error));
                        }
                        _ => self.store.remove_recording(&talk.name).await.map_err(away)?,
                    }
                    removed += 1;
                }
            }
        })
    }

    fn ticket_page(
        &self,
        status: Option<TicketStatus>,
        caller: Option<String>,
        after: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Page<Ticket, u64>> {
        Box::pin(async move { self.store.ticket_page(status, caller, after, limit).await.map_err(away) })
    }

    fn ticket<'a>(&'a self, number: &'a str) -> Answer<'a, Option<(Ticket, Vec<TicketEvent>)>> {
        Box::pin(async move { self.store.ticket(number).await.map_err(away) })
    }

    fn change_ticket<'a>(
        &'a self,
        number: &'a str,
        status: Option<TicketStatus>,
        events: Vec<TicketEvent>,
        at: Wall,
    ) -> Answer<'a, bool> {
        Box::pin(async move { self.store.change_ticket(number, status, events, at).await.map_err(away) })
    }

    fn send_letter(&self, letter: Letter) -> Answer<'_, Sent> {
        Box::pin(async move {
            let Some(mailer) = &self.papers.mailer else { return Ok(Sent::NoServer) };
            let text = filled(&self.papers.template, &letter);
            let subject = format!("{} [{}]", letter.subject, letter.ticket);
            Ok(match mailer.send(&letter.to, &subject, &text).await {
                Ok(()) => Sent::Done,
                Err(why @ (MailFailure::Address(_) | MailFailure::Letter(_))) => {
                    Sent::Unusable(why.to_string())
                }
                Err(why) => {
                    tracing::warn!(ticket = letter.ticket, %why, "a letter was not sent");
                    Sent::Refused("the mail server did not take the letter; the log says why".to_string())
                }
            })
        })
    }

    fn users(&self) -> Answer<'_, Vec<UserRow>> {
        Box::pin(async move { self.accounts.users().await.map_err(away) })
    }

    fn add_user<'a>(&'a self, user: NewUser<'a>, at: Wall) -> Answer<'a, Done<Option<Secret>>> {
        Box::pin(async move {
            let made = match user.password {
                Some(_) => None,
                None => Some(accounts::random_password().map_err(away)?),
            };
            let password = user.password.or(made.as_ref().map(|made| made.reveal())).unwrap_or("");
            let added = self.accounts.add_user(user.name, user.role, password, true, at).await;
            settled(added.map(|()| made.as_ref().map(|made| Secret::new(made.reveal()))))
        })
    }

    fn set_role<'a>(&'a self, name: &'a str, role: Role) -> Answer<'a, Done<()>> {
        Box::pin(async move { settled(self.accounts.set_role(name, role).await) })
    }

    fn reset_password<'a>(&'a self, name: &'a str) -> Answer<'a, Done<Secret>> {
        Box::pin(async move {
            let password = accounts::random_password().map_err(away)?;
            let set = self.accounts.set_password(name, password.reveal(), true).await;
            settled(set.map(|()| Secret::new(password.reveal())))
        })
    }

    fn unlock<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.accounts.unlock(name).await.map_err(away) })
    }

    fn remove_user<'a>(&'a self, name: &'a str) -> Answer<'a, Done<()>> {
        Box::pin(async move { settled(self.accounts.remove_user(name).await) })
    }

    fn tokens(&self) -> Answer<'_, Vec<TokenRow>> {
        Box::pin(async move { self.accounts.tokens().await.map_err(away) })
    }

    fn add_token<'a>(
        &'a self,
        name: &'a str,
        role: Role,
        scopes: Scopes,
        at: Wall,
    ) -> Answer<'a, Done<(Secret, TokenRow)>> {
        Box::pin(async move {
            let added = self.accounts.add_narrow_token(name, role, scopes, at).await;
            settled(added.map(|(token, row)| (Secret::new(token.reveal()), row)))
        })
    }

    fn remove_token<'a>(&'a self, id: &'a str) -> Answer<'a, Option<TokenRow>> {
        Box::pin(async move { self.accounts.remove_token(id).await.map_err(away) })
    }

    fn prompts(&self) -> Answer<'_, Vec<PromptRow>> {
        let dir = self.papers.prompts.clone();
        Box::pin(async move { on_disk(move || prompt_rows(&dir)).await })
    }

    fn prompt_file(&self, language: Language, name: PromptName) -> Answer<'_, Option<PathBuf>> {
        let dir = self.papers.prompts.clone();
        Box::pin(async move {
            on_disk(move || {
                // The catalogue's names are plain words: no path leads out of the folder.
                let known = catalogue(&dir)?.contains(name.as_str());
                Ok(Some(prompts::recording(&dir, language, &name)).filter(|file| known && file.is_file()))
            })
            .await
        })
    }

    fn webhooks(&self) -> Answer<'_, Vec<Webhook>> {
        Box::pin(async move { self.store.webhooks().await.map_err(away) })
    }

    fn add_webhook(&self, url: String, events: Vec<String>, at: Wall) -> Answer<'_, Done<(u64, Secret)>> {
        Box::pin(async move {
            if let Err(why) = self.may_tell(&url) {
                return Ok(Done::Unusable(why));
            }
            let secret = outbound::new_secret().map_err(away)?;
            let id = self.store.add_webhook(url, events, secret.clone(), at).await.map_err(away)?;
            Ok(Done::Done((id, Secret::new(secret))))
        })
    }

    fn change_webhook(&self, id: u64, change: WebhookChange) -> Answer<'_, Done<()>> {
        Box::pin(async move {
            if let Some(Err(why)) = change.url.as_deref().map(|url| self.may_tell(url)) {
                return Ok(Done::Unusable(why));
            }
            match self.store.change_webhook(id, change).await.map_err(away)? {
                true => Ok(Done::Done(())),
                false => Ok(Done::NotFound),
            }
        })
    }

    fn remove_webhook(&self, id: u64) -> Answer<'_, bool> {
        Box::pin(async move { self.store.remove_webhook(id).await.map_err(away) })
    }

    fn deliveries(&self, webhook: u64, after: Option<u64>, limit: usize) -> Answer<'_, Page<Delivery, u64>> {
        Box::pin(async move { self.store.deliveries(webhook, after, limit).await.map_err(away) })
    }
}

impl Desk {
    fn may_tell(&self, url: &str) -> Result<(), String> {
        match &self.papers.outbound {
            Some(outbound) => outbound.may_tell(url).map_err(|why| format!("`url`: {why}")),
            None => Ok(()),
        }
    }
}

fn filled(template: &str, letter: &Letter) -> String {
    // In one pass: what an operator wrote is not looked through for placeholders.
    let mut out = String::with_capacity(template.len() + letter.text.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("{text}", &letter.text), ("{ticket}", &letter.ticket), ("{topic}", &letter.topic)];
        match known.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn row(subscriber: Subscriber) -> SubscriberRow {
    let Subscriber { number, class, name, email } = subscriber;
    SubscriberRow { number, class, name, email }
}

/// What the one who asked can mend is an answer; the rest is the store's trouble.
fn settled<T>(result: Result<T, AccountError>) -> Result<Done<T>, Away> {
    match result {
        Ok(value) => Ok(Done::Done(value)),
        Err(AccountError::NoSuchUser(_)) => Ok(Done::NotFound),
        Err(why @ (AccountError::Exists(_) | AccountError::LastAdmin(_))) => {
            Ok(Done::Conflict(why.to_string()))
        }
        Err(why @ (AccountError::BadName(_) | AccountError::BadLength(_))) => {
            Ok(Done::Unusable(why.to_string()))
        }
        Err(error) => Err(away(error)),
    }
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Away> + Send + 'static,
) -> Result<T, Away> {
    tokio::task::spawn_blocking(work).await.map_err(away)?
}

fn catalogue(dir: &Path) -> Result<Catalogue, Away> {
    Catalogue::load(dir).map_err(|findings| {
        away(findings.first().map(ToString::to_string).unwrap_or_else(|| "prompts.yaml".to_string()))
    })
}

fn prompt_rows(dir: &Path) -> Result<Vec<PromptRow>, Away> {
    let catalogue = catalogue(dir)?;
    let durations = Durations::load(dir);
    let states = prompts::states(dir, &catalogue).map_err(away)?;
    let rows = catalogue.entries().map(|(name, entry)| {
        let files = entry.texts.keys().map(|language| {
            let duration = durations.own(*language, name);
            let state = states.get(&(*language, name.clone())).map_or("missing", |state| state.as_str());
            (*language, PromptFile { duration_ms: duration.map(|lasts| lasts.as_millis() as u64), state })
        });
        PromptRow { id: name.clone(), texts: entry.texts.clone(), files: files.collect() }
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_writes_is_not_taken_for_a_placeholder() {
        let letter = Letter {
            to: "a@b".into(),
            ticket: "611111".into(),
            topic: "terminal".into(),
            subject: "x".into(),
            text: "{ticket} {topic} {".into(),
        };
        assert_eq!(
            filled("{text}|{ticket}|{topic}|{other}", &letter),
            "{ticket} {topic} {|611111|terminal|{other}"
        );
        for language in Language::ALL {
            assert!(template(language).contains("{text}"));
        }
    }
}
