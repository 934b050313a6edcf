//! Who takes part in a call to a house: callers, operators, and what the house has written about the call.
use crate::house::House;
use hotline::digit::Digit;
use hotline::machine::Instant;
use hotline::number::Number;
use hotline::robot::ear::Ear;
use hotline::robot::mouth::{Method, Sound};
use hotline::robot::phone::{Call, CallEvent, Dial, Options, Phone, PhoneEvent, Policy, TimedOut};
use hotline::store::{self, CallFilter, CallStory};
use std::future::Future;
use std::time::Duration;

/// Nothing that a test waits for takes longer on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);
/// The server writes behind the calls, and the board is asked: how often a test looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The tones of the two sides of a talk.
pub const CALLER_HERTZ: u32 = 440;
pub const OPERATOR_HERTZ: u32 = 620;

/// A phone with one call to the house. Dropped, it hangs up.
pub struct Caller {
    /// Lives as long as the call.
    _phone: Phone,
    pub call: Call,
    pub number: String,
}

impl Caller {
    /// A call to a line, answered.
    pub async fn dial(house: &House, number: &str, line: &str) -> Caller {
        Caller::dial_with(house, number, line, Options::default()).await
    }

    pub async fn dial_with(house: &House, number: &str, line: &str, options: Options) -> Caller {
        let sound = Sound::Tone(CALLER_HERTZ);
        let phone = Phone::bind(Options { user: number.into(), sound, ..options }).await.unwrap();
        let call = phone.call(Dial::to(format!("sip:{line}@127.0.0.1"), house.sip)).await.unwrap();
        call.answered(SOON).await.unwrap();
        Caller { _phone: phone, call, number: number.into() }
    }

    /// A caller of the wallet's line who asked for a specialist.
    pub async fn waiting(house: &House, number: &str) -> Caller {
        let caller = Caller::dial(house, number, crate::house::WALLET_LINE).await;
        caller.press("0");
        caller.story(house, |story| has(story, "enqueued")).await;
        caller
    }

    /// Presses keys one after the other, without waiting for them.
    pub fn press(&self, keys: &str) {
        self.press_by(keys, Method::Rfc4733);
    }

    pub fn press_by(&self, keys: &str, method: Method) {
        for key in keys.chars() {
            assert!(self.call.press(Digit::from_char(key).unwrap(), method), "{key} could not be pressed");
        }
    }

    /// Hangs up; when the BYE left.
    pub async fn hangup(&self) -> Instant {
        self.call.hangup().await;
        self.call.message(|message| message.sent("BYE"), SOON).await.unwrap().at
    }

    /// What the house has written about the caller's newest call, as soon as it is so.
    pub async fn story(&self, house: &House, so: impl Fn(&CallStory) -> bool) -> CallStory {
        let url = format!("sqlite:{}/hotline.db", house.data().display());
        let store = store::connect(&url).await.unwrap();
        let mut last = None;
        let looking = async {
            let mut looks = tokio::time::interval(LOOK_EVERY);
            loop {
                looks.tick().await;
                let filter = CallFilter { caller: Number::parse(&self.number), ..CallFilter::default() };
                let calls = store.calls(filter).await.unwrap();
                let Some(newest) = calls.first() else { continue };
                let story = store.call(newest.id).await.unwrap().unwrap();
                if so(&story) {
                    return story;
                }
                last = Some(story);
            }
        };
        let story = tokio::time::timeout(SOON, looking).await;
        story.unwrap_or_else(|_| panic!("{}: the call's story never came to it: {last:#?}", self.number))
    }

    /// The story up to a step of the flow.
    pub async fn at_step(&self, house: &House, step: &str) -> CallStory {
        self.story(house, |story| steps(story).contains(&step)).await
    }

    /// The story of a call that is over, with its record complete.
    pub async fn ended(&self, house: &House) -> CallStory {
        self.story(house, |story| story.record.ended_at.is_some()).await
    }
}

/// The steps of a call, in the order of entering.
pub fn steps(story: &CallStory) -> Vec<&str> {
    let entered = story.events.iter().filter(|event| event.kind == "step");
    entered.filter_map(|event| event.detail.get("step")).map(String::as_str).collect()
}

pub fn has(story: &CallStory, kind: &str) -> bool {
    story.events.iter().any(|event| event.kind == kind)
}

/// The phone of an operator, registered.
pub async fn operator(house: &House, id: &str, policy: Policy) -> Phone {
    let phone = Phone::bind(Options {
        user: id.into(),
        domain: "hotline.test".into(),
        password: format!("secret-{id}"),
        sound: Sound::Tone(OPERATOR_HERTZ),
        policy,
        ..Options::default()
    });
    let phone = phone.await.unwrap();
    phone.register(house.sip).await.unwrap();
    phone
}

/// The next call at an operator's phone, taken.
pub async fn take(phone: &Phone) -> Call {
    let call = phone.incoming(SOON).await.unwrap();
    call.ring().await;
    call.answer().await;
    call.answered(SOON).await.unwrap();
    call
}

/// The number of the caller for whom a phone rings.
pub fn caller_of(call: &Call) -> String {
    call.invite().unwrap().header("X-Hotline-Caller").unwrap().to_string()
}

/// Calls that ever came to a phone.
pub fn rings(phone: &Phone) -> usize {
    phone.events().iter().filter(|event| matches!(event.what, PhoneEvent::Incoming(_))).count()
}

/// What is heard of the other side is judged over so long, all of it.
const TONE_HEARD: Duration = Duration::from_millis(200);
/// Nine of the ten packets of that time.
const TONE_SAMPLES_MIN: usize = 9 * 160;

/// The two hear each other's tones, and nothing else, for a while.
pub async fn talk(caller: &Call, operator: &Call) {
    let heard =
        tokio::join!(hears_only(caller, OPERATOR_HERTZ, SOON), hears_only(operator, CALLER_HERTZ, SOON));
    heard.0.unwrap();
    heard.1.unwrap();
}

async fn hears_only(call: &Call, hertz: u32, within: Duration) -> Result<Instant, TimedOut> {
    let only = |ear: &Ear, now| {
        let (tone, all) = (ear.tone_dbm0(f64::from(hertz), TONE_HEARD, now), ear.level_dbm0(TONE_HEARD, now));
        ear.samples(TONE_HEARD, now).len() >= TONE_SAMPLES_MIN && all > -20.0 && tone > all - 1.0
    };
    call.wait_heard(only, within).await
}

/// Until a question to the house is answered as wanted.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(SOON, asking).await.unwrap_or_else(|_| panic!("never came: {what}"))
}

/// The board as a program sees it.
pub struct Board<'h> {
    house: &'h House,
    token: String,
}

impl<'h> Board<'h> {
    pub fn of(house: &'h House) -> Board<'h> {
        Board { house, token: house.token("api") }
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        self.house.get(path, &self.token)
    }

    /// The state of an operator.
    pub fn state(&self, id: &str) -> String {
        let (status, body) = self.house.get("/api/v1/operators", &self.token);
        assert_eq!(status, 200, "{body}");
        let operators: serde_json::Value = serde_json::from_str(&body).unwrap();
        let operator = operators.as_array().unwrap().iter().find(|operator| operator["id"] == id);
        operator.unwrap()["state"].as_str().unwrap().to_string()
    }

    pub async fn until_state(&self, id: &str, wanted: &str) {
        until(&format!("operator {id} in state {wanted}"), async || (self.state(id) == wanted).then_some(()))
            .await;
    }

    /// A value of `/metrics`, by its name and labels as written there.
    pub fn metric(&self, name: &str) -> f64 {
        let (status, body) = self.house.get("/metrics", &self.token);
        assert_eq!(status, 200, "{body}");
        let value = body.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or_else(|| panic!("no metric {name} in\n{body}"))
    }
}

pub fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.since(from).as_secs_f64() * 1000.0
}

/// Whether a message of the peer's ended the call.
pub async fn got_bye(call: &Call) -> Instant {
    call.message(|message| message.received("BYE"), SOON).await.unwrap().at
}

/// When a call's first sound came.
pub async fn first_sound(call: &Call) -> Instant {
    call.wait_for(|event| matches!(event, CallEvent::FirstAudible), SOON).await.unwrap().at
}
