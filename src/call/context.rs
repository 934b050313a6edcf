//! What a call is handed at every step: the time, its flows, the house's rules, fresh ids and a place for its actions.
use super::Action;
use crate::class::Class;
use crate::clock::Zone;
use crate::flow::{Arm, FlowSet};
use crate::ids::{LegId, PlayId, PromptName, QueueName, RequestId, SeatId};
use crate::machine::Now;
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Counters for everything that the control plane names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ids {
    legs: u64,
    pub seats: SeatId,
    pub plays: PlayId,
    pub requests: RequestId,
}

impl Ids {
    pub fn outgoing_leg(&mut self) -> LegId {
        self.legs += 1;
        LegId::outgoing(self.legs)
    }
}

/// Where calls may be dialled out to; absent, nothing is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outbound {
    /// Host and port of the trunk, as written into request URIs.
    pub host: String,
    pub address: SocketAddr,
    /// Whole numbers, or prefixes ending in `*`.
    pub allow: Vec<String>,
}

impl Outbound {
    /// The request URI for a number, if the allow-list has it.
    pub fn uri(&self, number: &Number) -> Option<String> {
        let allowed = self.allow.iter().any(|pattern| number.matches(pattern));
        allowed.then(|| format!("sip:{}@{}", number, self.host))
    }

    pub fn peer(&self) -> IpAddr {
        self.address.ip()
    }
}

/// What calls need to know of the installation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rules {
    /// The host part of our own SIP addresses.
    pub domain: String,
    /// Queues with a class of their own (`security`, `agent_line`).
    pub queue_class: BTreeMap<QueueName, Option<Class>>,
    pub outbound: Option<Outbound>,
    pub zone: Zone,
    /// Heard before a line's first step; empty: none is ordered.
    #[serde(default)]
    pub announcement: Vec<PromptName>,
    /// Queues whose talks are recorded, where the caller has heard the notice.
    #[serde(default)]
    pub recorded: BTreeSet<QueueName>,
    /// Arms of `split`s that take nobody at present.
    #[serde(default)]
    pub withdrawn: BTreeSet<Arm>,
}

impl Rules {
    /// Whether a callback can be offered to this caller: there is a route, and it takes his number, or he will be asked for
    /// one.
    pub fn may_call_back(&self, caller: Option<&Number>) -> bool {
        self.outbound.as_ref().is_some_and(|outbound| match caller {
            Some(number) => outbound.uri(number).is_some(),
            None => !outbound.allow.is_empty(),
        })
    }

    /// Priority belongs to the caller, in any queue; the other classes belong to the queue.
    pub fn seat_class(&self, queue: &QueueName, asked: Class) -> Class {
        match asked {
            Class::Priority => Class::Priority,
            asked => self.queue_class.get(queue).copied().flatten().unwrap_or(asked),
        }
    }
}

/// A caller's class is asked for when the INVITE arrives; a later answer still upgrades the call.
pub const CLASS_LOOKUP: Duration = Duration::from_millis(300);
/// A shard that does not open a leg within this time is not there.
pub const LEG_OPENS_WITHIN: Duration = Duration::from_millis(50);
/// The same for the caller's own leg, where patience costs nobody else anything.
pub const CALLER_OPENS_WITHIN: Duration = Duration::from_millis(500);
/// How long a call that has ended waits for its legs' quality before its record is written without.
pub const QUALITY_WITHIN: Duration = Duration::from_millis(500);
/// A person who is called back has this long to pick up.
pub const CALLED_RINGS: Duration = Duration::from_secs(30);
/// Rule Q8: "no announcement starts while an offer is under 3 s old or predicted within 3 s".
pub const OFFER_IS_FRESH: Duration = Duration::from_secs(3);
/// A ticket is opened within this time, or the flow takes its `on_error`.
pub const TICKET_WITHIN: Duration = Duration::from_secs(2);
/// A whisper to an operator is a word or two; the caller waits meanwhile.
pub const WHISPER_MAX: Duration = Duration::from_secs(10);
/// Steps kept in a record's path; the oldest go first.
pub const PATH_MAX: usize = 200;

pub struct Context<'a> {
    pub now: Now,
    pub flows: &'a FlowSet,
    pub rules: &'a Rules,
    pub ids: &'a mut Ids,
    pub out: &'a mut Vec<Action>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_dialled_that_is_not_on_the_list() {
        let outbound = Outbound {
            host: "trunk.example".into(),
            address: "192.0.2.1:5060".parse().unwrap(),
            allow: vec!["7495*".into(), "79161112233".into()],
        };
        let number = |text: &str| Number::parse(text).unwrap();
        assert_eq!(outbound.uri(&number("84951234567")).as_deref(), Some("sip:74951234567@trunk.example"));
        assert!(outbound.uri(&number("89161112233")).is_some());
        assert_eq!(outbound.uri(&number("88095551234")), None);
    }

    #[test]
    fn a_priority_caller_stays_priority_in_any_queue() {
        let rules = Rules {
            domain: "hotline.local".into(),
            queue_class: BTreeMap::from([(QueueName::from("security"), Some(Class::Security))]),
            outbound: None,
            zone: Zone::utc(),
            announcement: Vec::new(),
            recorded: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
        };
        assert_eq!(rules.seat_class(&"security".into(), Class::Standard), Class::Security);
        assert_eq!(rules.seat_class(&"security".into(), Class::Priority), Class::Priority);
        assert_eq!(rules.seat_class(&"wallet".into(), Class::Standard), Class::Standard);
    }
}
