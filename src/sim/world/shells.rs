//! What stands in for the shells: it carries out what the Switchboard says, and answers as phones, media, services and the
//! store would.
use super::*;

impl World {
    pub(super) fn carry_out(&mut self, action: Action) {
        match action {
            Action::Sip(command) => self.on_sip(command),
            Action::Leg { command, .. } => self.on_leg(command),
            Action::Ask(ask) => self.on_ask(ask),
            Action::Keep(Keep::Call(record)) => self.note(Heard::Record(record)),
            Action::Keep(Keep::Event(event)) if event.kind == "step" => {
                let of = |key: &str| event.detail.get(key).cloned().unwrap_or_default();
                let (flow, step) = (of("flow"), of("step"));
                self.note(Heard::Step { flow, step });
            }
            Action::Keep(Keep::SeatOpen(seat)) => drop(self.seats.insert(seat.call, *seat)),
            Action::Keep(Keep::SeatClosed { call }) => drop(self.seats.remove(&call)),
            Action::Keep(Keep::Event(event)) => {
                self.note(Heard::Noted { call: event.call, kind: event.kind })
            }
            Action::Alert(alert) => self.note(Heard::Alert(alert)),
            Action::Keep(_) | Action::AdminDone { .. } => {}
            Action::Http { request, ask } => self.on_http(request, ask),
            Action::Notify { to, body } => self.note(Heard::Notified { to, body }),
            Action::Happened(happened) => self.note(Heard::Happened(happened)),
        }
    }

    fn on_sip(&mut self, command: sip::Command) {
        match command {
            sip::Command::Answer { leg, .. } => {
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.answered = true;
                }
                self.note(Heard::Answered { leg });
                self.soon(NETWORK, Event::Sip(sip::Event::Confirmed { leg, sdp: None }));
            }
            sip::Command::Reject { leg, status, .. } => self.note(Heard::Refused { leg, status }),
            sip::Command::Invite(invite) => self.ring(*invite),
            sip::Command::Hangup { leg, .. } => {
                self.note(Heard::HungUp { leg });
                let event = match self.legs.get(&leg) {
                    Some(state) if state.operator.is_some() && !state.answered => {
                        sip::Event::Failed { leg, status: 487, redirect: Vec::new() }
                    }
                    _ => return,
                };
                // From here on the phone's own answers are the stack's business.
                self.legs.remove(&leg);
                self.soon(NETWORK, Event::Sip(event));
            }
            sip::Command::Ping { request, to } => {
                let alive = match &to {
                    Target::Registered(operator) => {
                        self.phones.get(operator).is_some_and(|phone| phone.rings_after.is_some())
                    }
                    Target::Uri { .. } => false,
                };
                self.soon(NETWORK, Event::Sip(sip::Event::Pong { request, alive }));
            }
            _ => {}
        }
    }

    fn ring(&mut self, invite: sip::Invite) {
        let leg = invite.leg;
        let (operator, uri) = match &invite.to {
            Target::Registered(operator) => (Some(operator.clone()), String::new()),
            Target::Uri { uri, .. } => {
                let user = uri.trim_start_matches("sip:").split('@').next().unwrap_or("");
                (Some(OperatorId::from(user)), uri.clone())
            }
        };
        self.note(Heard::Dialled { leg, operator: operator.clone(), uri });
        if let Some(state) = self.legs.get_mut(&leg) {
            state.operator = operator.clone();
        }
        let phone = operator.and_then(|operator| match &mut self.behave {
            Some(behave) => Some(behave(&operator)),
            None => self.phones.get(&operator).cloned(),
        });
        let Some((phone, rings_after)) =
            phone.and_then(|phone| phone.rings_after.map(|after| (phone.clone(), after)))
        else {
            let failed = sip::Event::Failed { leg, status: 408, redirect: Vec::new() };
            return self.soon(Duration::from_secs(32), Event::Sip(failed));
        };
        if !self.faults.dice.chance(self.faults.answers_lost) {
            self.soon(rings_after, Event::Sip(sip::Event::Progress { leg, status: 180, sdp: None }));
        }
        if let Some(after) = phone.answers_after
            && !self.faults.dice.chance(self.faults.answers_lost)
        {
            let event = match phone.status {
                200 => sip::Event::Answered { leg, sdp: String::new(), user_agent: None },
                status => sip::Event::Failed { leg, status, redirect: Vec::new() },
            };
            let after = after + self.faults.late();
            self.soon(after, Event::Sip(event));
        }
        if let Some(state) = self.legs.get_mut(&leg) {
            state.phone = Some(phone);
        }
    }

    fn on_leg(&mut self, command: LegCommand) {
        match command {
            LegCommand::Open { leg, .. } => {
                self.legs.entry(leg).or_default();
                self.soon(
                    Duration::from_micros(200),
                    Event::Leg(LegEvent::Opened { leg, sdp: String::new() }),
                );
            }
            LegCommand::Answer { leg, .. } => {
                let Some(state) = self.legs.get_mut(&leg) else { return };
                state.answered = true;
                if let Some(phone) = &state.phone {
                    let (speaks, talks) = (phone.speaks, phone.talks);
                    if speaks {
                        self.soon(Duration::from_millis(20), Event::Leg(LegEvent::Flowing { leg }));
                    }
                    if let Some(talks) = talks {
                        let how = sip::Ended::Bye { reason: None };
                        self.soon(talks, Event::Sip(sip::Event::Ended { leg, how }));
                    }
                }
            }
            LegCommand::Play { leg, play, language, pieces, barge_in } => {
                let lasts: Duration = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Prompt(prompt) => (self.lasts)(language, prompt),
                        Piece::Pause(pause) => *pause,
                    })
                    .sum();
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.playing = Some(play);
                    state.barge_in = barge_in;
                }
                self.note(Heard::Said { leg, language, pieces });
                self.soon(lasts, Event::Leg(LegEvent::PlayDone { leg, play }));
            }
            LegCommand::Music { leg, .. } => {
                self.silence(leg);
                self.note(Heard::Music { leg });
            }
            LegCommand::Hush { leg } => self.silence(leg),
            LegCommand::Bridge { a, b } => {
                self.silence(a);
                self.note(Heard::Bridged { a, b });
            }
            LegCommand::Record { leg, name, max, .. } => {
                let (duration, why) = match self.speaks < max {
                    true => (self.speaks, RecordingEnd::Silence),
                    false => (max, RecordingEnd::Max),
                };
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.recording = Some((name.clone(), self.now.mono));
                }
                self.soon(duration, Event::Leg(LegEvent::Recorded { leg, name, duration, why }));
            }
            LegCommand::StopRecording { leg } => {
                let Some((name, since)) = self.legs.get_mut(&leg).and_then(|leg| leg.recording.take()) else {
                    return;
                };
                let (duration, why) = (self.now.mono.since(since), RecordingEnd::Stopped);
                self.soon(Duration::ZERO, Event::Leg(LegEvent::Recorded { leg, name, duration, why }));
            }
            LegCommand::Close { leg } => {
                self.soon(NETWORK, Event::Leg(LegEvent::Closed { leg, quality: Quality::default() }));
                // The leg's last words still count; it is forgotten with them.
                self.legs.entry(leg).or_default();
            }
            _ => {}
        }
    }

    fn on_http(&mut self, request: RequestId, ask: HttpRequest) {
        let within = ask.within();
        let HttpRequest { method, url, body, timeout, .. } = ask;
        let is_it = |service: &&Service| {
            service.method == method
                && match service.url.strip_suffix('…') {
                    Some(start) => url.starts_with(start),
                    None => service.url == url,
                }
        };
        let (after, event) = match self.services.iter().find(is_it) {
            Some(service) if service.after <= timeout => {
                let (status, body) = (service.status, service.body.clone());
                (service.after, Event::HttpReply { request, status, body })
            }
            // Each attempt has its own time.
            Some(_) => (within, Event::HttpFailed { request }),
            None => (STORE, Event::HttpFailed { request }),
        };
        self.note(Heard::Http { method, url, body });
        self.soon(after, event);
    }

    fn silence(&mut self, leg: LegId) {
        if let Some(state) = self.legs.get_mut(&leg) {
            state.playing = None;
        }
    }

    fn on_ask(&mut self, ask: Ask) {
        if self.library.away || self.faults.dice.chance(self.faults.store_lost) {
            return;
        }
        let after = self.faults.dice.between(self.faults.store.0, self.faults.store.1);
        let request = ask.request();
        let row = match ask {
            Ask::Lookup { what: Lookup::Payment { number, .. }, .. } => self.library.payments.get(&number),
            Ask::Lookup { what: Lookup::Agent { id }, .. } => self.library.agents.get(&id),
            Ask::Lookup { what: Lookup::Subscriber { number }, .. } => self.library.subscribers.get(&number),
            Ask::OpenTicket { ticket, .. } => {
                self.tickets += 1;
                let number = format!("{:06}", 100_000 + self.tickets);
                self.note(Heard::Ticket { topic: ticket.topic, fields: ticket.fields });
                return self.soon(after, Event::Store(Answer::TicketOpened { request, number }));
            }
        };
        let answer = match row {
            Some(row) => Answer::Found { request, row: row.clone() },
            None => Answer::NotFound { request },
        };
        self.soon(after, Event::Store(answer));
    }
}
