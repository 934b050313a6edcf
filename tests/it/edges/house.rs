//! The whole machine of the edge cases: the shipped lines in a world of virtual time.
use super::*;

pub fn shipped() -> &'static (Installation, Arc<FlowSet>) {
    static SHIPPED: OnceLock<(Installation, Arc<FlowSet>)> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let mut config = Config::load(None, std::path::Path::new("data")).unwrap();
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        config.flows.dir = root.join("call-flows");
        config.prompts.dir = root.join("prompts");
        let installation = Installation { config, data_dir: PathBuf::from("data"), config_file: None };
        let flows = installation.flows(None).unwrap_or_else(|failure| panic!("{}", failure.message));
        (installation, Arc::new(flows))
    })
}

/// The shipped lines with these operators, all of whom serve the public queues.
pub struct House {
    pub world: World,
}

impl House {
    pub fn of(operators: &[&str]) -> House {
        House::with(operators, |_| {})
    }

    pub fn with(operators: &[&str], change: impl Fn(&mut PoolSettings)) -> House {
        House::with_route(operators, None, change)
    }

    /// `outbound`: where callers may be called.
    pub fn with_route(
        operators: &[&str],
        outbound: Option<Outbound>,
        change: impl Fn(&mut PoolSettings),
    ) -> House {
        let (installation, flows) = shipped();
        let mut settings = installation.switchboard_settings();
        settings.rules.outbound = outbound;
        settings.test_sources.push(IpAddr::V4(Ipv4Addr::LOCALHOST).into());
        let pool = settings.pools.iter_mut().find(|pool| pool.name.as_str() == "main").unwrap();
        for id in operators {
            let operator = OperatorSettings {
                queues: pool.queues.keys().cloned().collect(),
                ..OperatorSettings::default()
            };
            pool.operators.insert(OperatorId::from(*id), operator);
        }
        change(pool);
        let switchboard = Switchboard::new(settings, flows.clone(), 1);
        let now = Now { mono: Instant::from_nanos(1), wall: Wall(1_795_000_000_000) };
        let mut world = World::new(switchboard, now);
        world.lasts = Box::new(|_, _| millis(500));
        House { world }
    }

    pub fn signs_in(&mut self, operator: &str, behaviour: Behaviour) {
        self.world.register(operator, behaviour);
        self.run(millis(1));
    }

    pub fn run(&mut self, time: Duration) {
        self.world.run(time);
    }

    pub fn calls(&mut self, number: &str) -> LegId {
        self.world.dial(number, LINE, IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    pub fn press(&mut self, leg: LegId, keys: &str) {
        for key in keys.chars() {
            self.world.press(leg, Digit::from_char(key).unwrap());
            self.run(millis(100));
        }
    }

    /// A caller who has asked for a specialist and stands in the wallet's queue.
    pub fn waits(&mut self, number: &str) -> LegId {
        self.waits_by(number, "0")
    }

    pub fn waits_by(&mut self, number: &str, keys: &str) -> LegId {
        let before = self.happened(|happened| matches!(happened, Happened::Enqueued { .. }));
        let leg = self.calls(number);
        self.run(seconds(2));
        self.press(leg, keys);
        let came = self.world.run_until(seconds(5), |world| {
            count(world, |heard| matches!(heard, Heard::Happened(Happened::Enqueued { .. }))) > before
        });
        assert!(came, "{number} did not reach the queue");
        leg
    }

    pub fn happened(&self, is: impl Fn(&Happened) -> bool) -> usize {
        count(&self.world, |heard| matches!(heard, Heard::Happened(happened) if is(happened)))
    }

    /// What was said to this leg, by the names of the prompts, each sentence by itself.
    pub fn said(&self, leg: LegId) -> Vec<Vec<String>> {
        let names = |pieces: &[Piece]| -> Vec<String> {
            let name = |piece: &Piece| match piece {
                Piece::Prompt(name) => Some(name.to_string()),
                Piece::Pause(_) => None,
            };
            pieces.iter().filter_map(name).collect()
        };
        let said = self.world.log.iter().filter_map(|(_, heard)| match heard {
            Heard::Said { leg: to, pieces, .. } if *to == leg => Some(names(pieces)),
            _ => None,
        });
        said.collect()
    }

    pub fn heard_last(&self, leg: LegId, prompt: &str) -> bool {
        self.said(leg).last().is_some_and(|last| last.iter().any(|name| name == prompt))
    }

    pub fn connected(&self) -> usize {
        self.happened(|happened| matches!(happened, Happened::Connected { .. }))
    }

    pub fn exits(&self) -> Vec<String> {
        let exit = |(_, heard): &(Instant, Heard)| match heard {
            Heard::Happened(Happened::Exited { exit, .. }) => Some(exit.clone()),
            _ => None,
        };
        self.world.log.iter().filter_map(exit).collect()
    }

    /// When each operator's phone was dialled, and its leg.
    pub fn dialled(&self) -> Vec<(Instant, String, LegId)> {
        let dialled = |(at, heard): &(Instant, Heard)| match heard {
            Heard::Dialled { leg, operator: Some(operator), .. } => Some((*at, operator.to_string(), *leg)),
            _ => None,
        };
        self.world.log.iter().filter_map(dialled).collect()
    }

    pub fn hung_up(&self, leg: LegId) -> Option<Instant> {
        let found = self.world.log.iter().find(|(_, heard)| *heard == Heard::HungUp { leg });
        found.map(|(at, _)| *at)
    }

    pub fn state(&self, operator: &str) -> String {
        let view = self.world.switchboard.view(self.world.now);
        view.operators.iter().find(|known| known.id.as_str() == operator).unwrap().state.to_string()
    }

    pub fn calls_of(&self, operator: &str) -> u64 {
        let all = self.world.switchboard.pools().iter().flat_map(|pool| pool.operators(self.world.now));
        all.into_iter().find(|known| known.id.as_str() == operator).unwrap().calls
    }

    pub fn waiting(&self) -> usize {
        let view = self.world.switchboard.view(self.world.now);
        view.queues.iter().flat_map(|queue| queue.waiting.values()).sum()
    }

    pub fn until(&mut self, within: Duration, done: impl FnMut(&World) -> bool) {
        assert!(self.world.run_until(within, done), "it did not happen within {within:?}");
    }

    pub fn until_dialled(&mut self, operator: &str) -> LegId {
        let known = self.dialled().len();
        let mut found = None;
        self.until(seconds(120), |world| {
            found = world
                .log
                .iter()
                .filter_map(|(_, heard)| match heard {
                    Heard::Dialled { leg, operator: Some(id), .. } => Some((id.clone(), *leg)),
                    _ => None,
                })
                .skip(known)
                .find(|(id, _)| id.as_str() == operator);
            found.is_some()
        });
        found.unwrap().1
    }
}

pub fn count(world: &World, is: impl Fn(&Heard) -> bool) -> usize {
    world.log.iter().filter(|(_, heard)| is(heard)).count()
}

pub fn rings_on() -> Behaviour {
    Behaviour { answers_after: None, ..Behaviour::default() }
}

pub fn answers(after: Duration) -> Behaviour {
    Behaviour { answers_after: Some(after), ..Behaviour::default() }
}

pub fn lunch() -> Choice {
    Choice::Paused { reason: "lunch".into() }
}
