//! What the Switchboard needs to know of the installation.
use super::feature::FeatureCodes;
use super::rules::{CallerLimits, CallerRule};
use crate::call::Rules;
use crate::queue::PoolSettings;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// From where calls without a trunk are let in (`sip.allow_anonymous`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowAnonymous {
    /// Loopback and private ranges, to the lines' numbers only.
    #[default]
    Local,
    Always,
    Never,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub rules: Rules,
    /// Peers whose numbers are believed: P-Asserted-Identity, else From (queue rules, Q14).
    pub trunks: Vec<IpNet>,
    /// Local sources whose numbers are believed too, for tests and demonstrations.
    pub test_sources: Vec<IpNet>,
    pub allow_anonymous: AllowAnonymous,
    /// Rule Q14.
    pub caller_rules: Vec<CallerRule>,
    pub caller_limits: CallerLimits,
    pub pools: Vec<PoolSettings>,
    pub features: FeatureCodes,
    /// Calls at once; more are refused with 503 and Retry-After.
    pub calls_max: usize,
    pub shards: u16,
}

/// What is thought of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// May call, and its numbers are believed.
    Verified,
    /// May call; its numbers are shown and not believed.
    Anonymous,
    Stranger,
}

impl Settings {
    /// Whether a peer may mark its calls as tests, which are counted nowhere (Q12).
    pub fn is_test_source(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.test_sources.iter().any(|net| net.contains(&peer))
    }

    pub fn trust(&self, peer: IpAddr) -> Trust {
        let peer = peer.to_canonical();
        if self.trunks.iter().chain(&self.test_sources).any(|net| net.contains(&peer)) {
            return Trust::Verified;
        }
        match self.allow_anonymous {
            AllowAnonymous::Always => Trust::Anonymous,
            AllowAnonymous::Local if is_local(peer) => Trust::Anonymous,
            _ => Trust::Stranger,
        }
    }
}

/// Loopback, link-local and the private ranges of RFC 1918 and RFC 4193.
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Zone;

    fn settings() -> Settings {
        Settings {
            rules: Rules {
                domain: "hotline.local".into(),
                queue_class: Default::default(),
                outbound: None,
                zone: Zone::utc(),
                announcement: Vec::new(),
                recorded: Default::default(),
                withdrawn: Default::default(),
            },
            trunks: vec!["203.0.113.0/24".parse().unwrap()],
            test_sources: vec!["127.0.0.1/32".parse().unwrap()],
            allow_anonymous: AllowAnonymous::Local,
            caller_rules: Vec::new(),
            caller_limits: CallerLimits::default(),
            pools: Vec::new(),
            features: FeatureCodes::default(),
            calls_max: 10,
            shards: 1,
        }
    }

    #[test]
    fn only_a_trunk_or_a_test_source_is_believed() {
        let settings = settings();
        let trust = |ip: &str| settings.trust(ip.parse().unwrap());
        assert_eq!(trust("203.0.113.7"), Trust::Verified);
        assert_eq!(trust("127.0.0.1"), Trust::Verified);
        assert_eq!(trust("::ffff:127.0.0.1"), Trust::Verified);
        assert_eq!(trust("10.1.2.3"), Trust::Anonymous);
        assert_eq!(trust("127.0.0.2"), Trust::Anonymous);
        assert_eq!(trust("198.51.100.1"), Trust::Stranger);
    }
}
