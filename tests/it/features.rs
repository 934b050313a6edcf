//! Feature codes: operators sign in, take breaks and go home from their own phones. Over sockets with a real phone, and
//! in virtual time with the Switchboard alone.
use crate::house::{House, Plan};
use crate::parties::{Board, Caller, SOON, operator, take, talk};
use hotline::cli::installation::Installation;
use hotline::config::Config;
use hotline::flow::{Environment, FlowSet};
use hotline::ids::{LegId, OperatorId, PlayId};
use hotline::machine::{Instant, Machine, Now, Wall};
use hotline::media::{LegCommand, LegEvent, Quality};
use hotline::queue::OperatorSettings;
use hotline::robot::phone::{Call, Dial, Over, Phone, Policy};
use hotline::sip::digest::authorize;
use hotline::sip::{self, Command, Hop, Identity, Incoming, Transport};
use hotline::store::{self, CallFilter};
use hotline::switchboard::{Action, Event, Switchboard};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Calls a code, as phones do: once without credentials, and again with those that the challenge asks for.
async fn dial(house: &House, phone: &Phone, code: &str, user: &str, password: &str) -> Call {
    let uri = format!("sip:{code}@hotline.test");
    let first = phone.call(Dial::to(uri.clone(), house.sip)).await.unwrap();
    let refused = first.message(|message| message.answered("INVITE", 401), SOON).await.unwrap().what;
    assert_eq!(first.over(SOON).await.unwrap().what, Over::Failed(401));
    let challenge = refused.header("WWW-Authenticate").unwrap();
    let answer = authorize(challenge, user, password, "INVITE", &uri, 1).unwrap();
    phone.call(Dial::to(uri, house.sip).header("Authorization", answer)).await.unwrap()
}

/// Calls a code, hears a sentence, and is hung up on.
async fn told(house: &House, phone: &Phone, code: &str, user: &str) {
    let call = dial(house, phone, code, user, &format!("secret-{user}")).await;
    call.answered(SOON).await.unwrap_or_else(|_| panic!("{code} was not answered"));
    let speech = call.wait_heard(|ear, now| ear.level_dbm0(Duration::from_millis(200), now) > -35.0, SOON);
    assert!(speech.await.is_ok(), "{code}: nothing was said");
    assert!(matches!(call.over(SOON).await.unwrap().what, Over::Ended(sip::Ended::Bye { .. })), "{code}");
}

fn house() -> House {
    let operators = "  - {id: \"101\", name: Anna, queues: [wallet], password: secret-101}\n  \
                     - {id: \"102\", name: Boris, queues: [wallet], password: secret-102}\n";
    let extra = "queues: {wallet: {wrap_up: 60s}}\n";
    House::start(&Plan { operators: operators.into(), extra: extra.into(), ..Plan::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_goes_through_his_day_from_his_phone() {
    let house = house();
    let board = Board::of(&house);
    let phone = operator(&house, "101", Policy::Manual).await;
    board.until_state("101", "ready").await;
    told(&house, &phone, "*111", "101").await;
    board.until_state("101", "paused").await;
    let token = house.token("viewer");
    assert_eq!(house.json("/api/v1/operators/101", &token)["reason"], "lunch");
    told(&house, &phone, "*10", "101").await;
    board.until_state("101", "ready").await;
    told(&house, &phone, "*14", "101").await;
    board.until_state("101", "ready").await;

    // After a call: the wrap-up ends at a code.
    let caller = Caller::waiting(&house, "79150000301").await;
    let call = take(&phone).await;
    talk(&caller.call, &call).await;
    caller.hangup().await;
    board.until_state("101", "wrap_up").await;
    told(&house, &phone, "*12", "101").await;
    board.until_state("101", "ready").await;

    // Home: the phone is registered still, and not called.
    told(&house, &phone, "*13", "101").await;
    board.until_state("101", "offline").await;
    phone.register(house.sip).await.unwrap();
    board.until_state("101", "offline").await;
    told(&house, &phone, "*10", "101").await;
    board.until_state("101", "ready").await;

    // None of it was a call of the hotline's.
    let calls = house.records().await;
    assert_eq!(calls.iter().map(|call| call.caller.as_str()).collect::<Vec<_>>(), ["79150000301"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_from_opens_nothing_and_neither_does_anothers_password() {
    let house = house();
    let board = Board::of(&house);
    let anna = operator(&house, "101", Policy::Manual).await;
    let _boris = operator(&house, "102", Policy::Manual).await;
    board.until_state("102", "ready").await;
    // A stranger who says that he is 102.
    let stranger = Phone::bind(Default::default()).await.unwrap();
    let as_102 = Dial::to("sip:*11@hotline.test", house.sip).from("102");
    let call = stranger.call(as_102).await.unwrap();
    assert_eq!(call.over(SOON).await.unwrap().what, Over::Failed(401));
    // 101, with her own good password, says that she is 102.
    let uri = "sip:*11@hotline.test";
    let first = anna.call(Dial::to(uri, house.sip)).await.unwrap();
    let challenge = first.message(|message| message.answered("INVITE", 401), SOON).await.unwrap().what;
    let challenge = challenge.header("WWW-Authenticate").unwrap().to_string();
    let answer = authorize(&challenge, "101", "secret-101", "INVITE", uri, 1).unwrap();
    let dial_as_102 = Dial::to(uri, house.sip).from("102").header("Authorization", answer);
    let call = anna.call(dial_as_102).await.unwrap();
    assert_eq!(call.over(SOON).await.unwrap().what, Over::Failed(403));
    let wrong = dial(&house, &anna, "*11", "101", "secret-102").await;
    assert_eq!(wrong.over(SOON).await.unwrap().what, Over::Failed(401));
    let no_such_reason = dial(&house, &anna, "*119", "101", "secret-101").await;
    assert_eq!(no_such_reason.over(SOON).await.unwrap().what, Over::Failed(404));
    assert_eq!((board.state("101"), board.state("102")), ("ready".into(), "ready".into()));
    let url = format!("sqlite:{}", house.data().join("hotline.db").display());
    let store = store::connect(&url).await.unwrap();
    assert!(store.calls(CallFilter::default()).await.unwrap().is_empty());
    store.close().await;
}

// In virtual time.

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 10.0.0.11\r\ns=-\r\nc=IN IP4 10.0.0.11\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
const LEG: LegId = LegId(2);

struct Desk {
    switchboard: Switchboard,
    now: Now,
}

impl Desk {
    fn new() -> Desk {
        let config = Config::load(None, Path::new("data")).unwrap();
        let installation = Installation { config, config_file: None, data_dir: PathBuf::from("data") };
        let mut settings = installation.switchboard_settings();
        let pool = settings.pools.iter_mut().find(|pool| pool.name.as_str() == "main").unwrap();
        let operator =
            OperatorSettings { queues: pool.queues.keys().cloned().collect(), ..OperatorSettings::default() };
        pool.operators = [(OperatorId::from("101"), operator)].into();
        let flow = "flow: x\nentry: {number: \"88001000000\", start: end, answer: at_once}\nlanguage: ru\nsteps:\n  end: {hangup: {}}\n";
        let files = vec![(PathBuf::from("x.yaml"), flow.to_string())];
        let (flows, findings) = FlowSet::parse(files, &Environment::default());
        let flows = flows.unwrap_or_else(|| panic!("{findings:?}"));
        let now = Now { mono: Instant::from_nanos(1), wall: Wall(1_795_000_000_000) };
        let mut desk = Desk { switchboard: Switchboard::new(settings, Arc::new(flows), 1), now };
        desk.tell(Event::Sip(sip::Event::Registered {
            user: "101".into(),
            contact: "sip:101@10.0.0.11".into(),
            hop: hop(),
            expires: Duration::from_secs(60),
            user_agent: None,
        }));
        desk
    }

    fn tell(&mut self, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        self.switchboard.handle(event, self.now, &mut out);
        out
    }

    fn leg(&mut self, event: LegEvent) -> Vec<Action> {
        self.tell(Event::Leg(event))
    }

    fn dial(&mut self, code: &str, user: Option<&str>) -> Vec<Action> {
        let who = |user: &str| Identity { user: user.into(), ..Identity::default() };
        self.tell(Event::Sip(sip::Event::Incoming(Box::new(Incoming {
            leg: LEG,
            called: code.into(),
            from: who("101"),
            asserted: None,
            anonymous: false,
            call_id: "feature".into(),
            user_agent: None,
            test: false,
            user: user.map(OperatorId::from),
            offer: Some(SDP.into()),
            hop: hop(),
        }))))
    }

    fn state(&self) -> &'static str {
        self.switchboard.view(self.now).operators[0].state
    }

    /// Through answer and ACK to the sentence; its play.
    fn until_said(&mut self, code: &str) -> PlayId {
        let opened = self.dial(code, Some("101"));
        assert!(
            opened.iter().any(|action| matches!(
                action,
                Action::Leg { command: LegCommand::Open { leg: LEG, .. }, .. }
            ))
        );
        let answered = self.leg(LegEvent::Opened { leg: LEG, sdp: "ours".into() });
        assert!(matches!(&answered[..], [Action::Sip(Command::Answer { leg: LEG, .. })]));
        let said = self.tell(Event::Sip(sip::Event::Confirmed { leg: LEG, sdp: None }));
        let play = said.iter().find_map(|action| match action {
            Action::Leg { command: LegCommand::Play { play, pieces, .. }, .. } if !pieces.is_empty() => {
                Some(*play)
            }
            _ => None,
        });
        play.unwrap_or_else(|| panic!("nothing was said: {said:?}"))
    }
}

fn hop() -> Hop {
    let address = |text: &str| text.parse().unwrap();
    Hop { transport: Transport::Udp, local: address("10.0.0.1:5060"), peer: address("10.0.0.11:5060") }
}

fn hangs_up(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Sip(Command::Hangup { leg: LEG, .. })))
}

#[test]
fn a_code_takes_effect_at_once_and_the_call_ends_by_itself() {
    let mut desk = Desk::new();
    assert_eq!(desk.state(), "ready");
    let play = desk.until_said("*11");
    assert_eq!(desk.state(), "paused");
    let ended = desk.leg(LegEvent::PlayDone { leg: LEG, play });
    assert!(hangs_up(&ended), "{ended:?}");
    desk.leg(LegEvent::Closed { leg: LEG, quality: Quality::default() });
    assert_eq!(desk.switchboard.next_timeout(), None, "nothing is left behind");
    assert_eq!(desk.switchboard.calls(), 0);
}

#[test]
fn who_listens_is_not_called_and_is_ready_when_he_has_heard() {
    let mut desk = Desk::new();
    desk.until_said("*14");
    assert_eq!(desk.state(), "talking", "his phone is in use");
    desk.tell(Event::Sip(sip::Event::Ended { leg: LEG, how: sip::Ended::Bye { reason: None } }));
    assert_eq!(desk.state(), "ready");
}

#[test]
fn a_phone_that_never_sends_its_ack_is_let_go() {
    let mut desk = Desk::new();
    desk.dial("*10", Some("101"));
    desk.leg(LegEvent::Opened { leg: LEG, sdp: "ours".into() });
    let until = desk.switchboard.next_timeout().unwrap();
    desk.now = desk.now.later(until.since(desk.now.mono));
    let mut out = Vec::new();
    desk.switchboard.handle_timeout(desk.now, &mut out);
    assert!(hangs_up(&out), "{out:?}");
    assert_eq!(desk.state(), "ready");
    // Even if the media thread never says that the leg is closed.
    let until = desk.switchboard.next_timeout().unwrap();
    desk.now = desk.now.later(until.since(desk.now.mono));
    desk.switchboard.handle_timeout(desk.now, &mut out);
    assert_eq!(desk.switchboard.next_timeout(), None);
}

#[test]
fn without_proof_a_code_is_an_unknown_number() {
    let mut desk = Desk::new();
    let refused = desk.dial("*11", None);
    let not_found = |action: &Action| matches!(action, Action::Sip(Command::Reject { status: 404, .. }));
    assert!(refused.iter().any(not_found), "{refused:?}");
    assert_eq!(desk.state(), "ready");
}
