//! A `split` whose arms are not as good as each other: in virtual time on the production Switchboard.
use hotline::call::order::Order;
use hotline::cli::installation::Installation;
use hotline::config::Config;
use hotline::digit::Digit;
use hotline::flow::{Arm, FlowSet};
use hotline::ids::LegId;
use hotline::machine::{Instant, Now, Wall};
use hotline::sim::world::World;
use hotline::switchboard::view::ArmView;
use hotline::switchboard::{Admin, Adopted, Switchboard};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const START: Now = Now { mono: Instant::from_nanos(1_000_000_000), wall: Wall(1_795_370_000_000) };
const NUMBER: &str = "88000000001";
/// Far more than it takes.
const CALLERS_MAX: u32 = 3_000;

const LINE: &str = r#"
flow: line
entry: {number: "8-800-000-00-01", start: choose}
steps:
  choose: {split: {arms: {a: {share: 40, go: first}, b: {share: 30, go: second}, c: {share: 30, go: third}}}}
  first: {menu: {say: [main_menu_short], keys: {"1": end}, invalid: repeat, timeout: repeat, exhausted: end}}
  second: {menu: {say: [main_menu], keys: {"1": end}, invalid: repeat, timeout: repeat, exhausted: end}}
  third: {menu: {say: [wallet_menu], keys: {"1": end}, invalid: repeat, timeout: repeat, exhausted: end}}
  end: {hangup: {}}
"#;
const OTHER: &str = r#"
flow: other
entry: {number: "8-800-000-00-02", start: end}
steps:
  end: {hangup: {}}
"#;

fn installation(line: &str, other: &str) -> (Installation, Arc<FlowSet>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("line.yaml"), line).unwrap();
    std::fs::write(dir.path().join("other.yaml"), other).unwrap();
    let data = Path::new("data");
    let mut config = Config::load(None, data).unwrap();
    config.flows.dir = dir.path().to_path_buf();
    config.prompts.dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let installation = Installation { config, data_dir: data.to_path_buf(), config_file: None };
    let flows = installation.flows(None).unwrap_or_else(|failure| panic!("{}", failure.message));
    (installation, Arc::new(flows))
}

struct House {
    world: World,
    /// The arm of every caller at his last call.
    arms: BTreeMap<u32, String>,
}

impl House {
    fn new() -> House {
        House::started(LINE, Vec::new())
    }

    fn started(line: &str, orders: Vec<Order>) -> House {
        let (installation, flows) = installation(line, OTHER);
        let mut switchboard = Switchboard::new(installation.switchboard_settings(), flows, 7);
        switchboard.restore_orders(orders, START);
        House { world: World::new(switchboard, START), arms: BTreeMap::new() }
    }

    fn pass(&mut self, time: Duration) {
        self.world.run(time);
    }

    /// A call up to its menu, and the arm that it took.
    fn dial(&mut self, caller: u32) -> (LegId, String) {
        let number = format!("7916{caller:07}");
        let leg = self.world.dial(&number, NUMBER, IpAddr::V4(Ipv4Addr::LOCALHOST));
        self.pass(Duration::from_millis(500));
        let view = self.world.switchboard.view(self.world.now);
        let step = view.calls.first().map(|call| call.step.clone()).unwrap_or_default();
        let arm = match step.as_str() {
            "first" => "a",
            "second" => "b",
            "third" => "c",
            other => panic!("caller {caller} is at `{other}`"),
        };
        (leg, arm.to_string())
    }

    /// He chooses something, and the call comes to its end.
    fn is_served(&mut self, caller: u32) -> String {
        let (leg, arm) = self.dial(caller);
        self.world.press(leg, Digit::from_char('1').unwrap());
        self.pass(Duration::from_secs(1));
        self.arms.insert(caller, arm.clone());
        arm
    }

    fn gives_up(&mut self, caller: u32) {
        let (leg, arm) = self.dial(caller);
        self.world.hang_up(leg);
        self.pass(Duration::from_secs(1));
        self.arms.insert(caller, arm);
    }

    fn shown(&self) -> Vec<ArmView> {
        self.world.switchboard.view(self.world.now).arms
    }

    fn withdrawn(&self) -> Vec<String> {
        let arms = self.shown().into_iter().filter(|arm| arm.withdrawn.is_some());
        arms.map(|arm| format!("{}/{}/{}", arm.flow, arm.step, arm.arm)).collect()
    }

    /// Callers come until an arm is withdrawn: of those of `bad` two in five hang up at once, of the others one in ten.
    fn until_withdrawn(&mut self, bad: &str) -> u32 {
        let mut of_each: BTreeMap<String, u32> = BTreeMap::new();
        for caller in 0..CALLERS_MAX {
            // The same caller falls on the same arm: a first look tells which it is.
            let (leg, arm) = self.dial(caller);
            self.arms.insert(caller, arm.clone());
            let n = of_each.entry(arm.clone()).or_default();
            *n += 1;
            let hangs_up = if arm == bad { *n % 5 < 2 } else { n.is_multiple_of(10) };
            match hangs_up {
                true => self.world.hang_up(leg),
                false => self.world.press(leg, Digit::from_char('1').unwrap()),
            }
            self.pass(Duration::from_secs(1));
            if !self.withdrawn().is_empty() {
                return caller;
            }
        }
        panic!("no arm was withdrawn: {:?}", self.shown());
    }

    fn admin(&mut self, what: Admin) {
        self.world.admin(what);
        self.pass(Duration::from_millis(10));
    }

    fn set_arm(&mut self, withdrawn: bool) {
        let arm = Arm { flow: "line".into(), step: "choose".into(), arm: "b".into() };
        self.admin(Admin::SetArm { arm, withdrawn, reason: "as a test".into(), by: "anna".into() });
    }

    fn adopt(&mut self, line: &str, other: &str) {
        let (_, flows) = installation(line, other);
        self.admin(Admin::Adopt { flows: Adopted(flows) });
    }

    fn someone_on(&self, arm: &str) -> u32 {
        *self.arms.iter().find(|(_, of)| *of == arm).unwrap().0
    }
}

#[test]
fn an_arm_from_which_callers_hang_up_is_withdrawn_and_the_callers_of_the_others_stay() {
    let mut house = House::new();
    let needed = house.until_withdrawn("b");
    println!("withdrawn after {needed} calls: {:?}", house.shown());
    assert_eq!(house.withdrawn(), ["line/choose/b"]);
    let shown = house.shown().into_iter().find(|arm| arm.arm == "b").unwrap();
    let withdrawn = shown.withdrawn.unwrap();
    assert_eq!(withdrawn.by, "hotline");
    assert!(withdrawn.reason.contains("gave up"), "{}", withdrawn.reason);
    assert!(shown.calls >= 100 && shown.gave_up.is_some_and(|share| share > 0.3), "{}", shown.calls);

    let before = house.arms.clone();
    let mut moved = BTreeSet::new();
    for (caller, arm) in &before {
        let now = house.is_served(*caller);
        match arm.as_str() {
            "b" => {
                assert_ne!(now, "b", "caller {caller}");
                assert_eq!(house.is_served(*caller), now, "and he stays there");
                moved.insert(now);
            }
            arm => assert_eq!(now, arm, "caller {caller} stays where he was"),
        }
    }
    assert_eq!(moved.len(), 2, "they are shared out among the others");
    assert_eq!(house.withdrawn(), ["line/choose/b"], "the others are as good as each other");
}

#[test]
fn an_admin_puts_an_arm_back_and_it_is_counted_anew() {
    let mut house = House::new();
    house.until_withdrawn("b");
    let caller = house.someone_on("b");
    house.set_arm(false);
    assert!(house.shown().is_empty(), "{:?}", house.shown());
    assert_eq!(house.is_served(caller), "b");
    assert_eq!(house.shown()[0].calls, 1);
    house.set_arm(true);
    assert_ne!(house.is_served(caller), "b");
    assert_eq!(
        house.shown().iter().find(|arm| arm.arm == "b").unwrap().withdrawn.as_ref().unwrap().by,
        "anna"
    );
}

#[test]
fn a_withdrawal_ends_with_the_flows_next_version_and_not_with_that_of_another_flow() {
    let mut house = House::new();
    house.until_withdrawn("b");
    let caller = house.someone_on("b");
    house.adopt(LINE, &OTHER.replace("8-800-000-00-02", "8-800-000-00-03"));
    assert_ne!(house.is_served(caller), "b");
    house.adopt(&format!("{LINE}# better now\n"), OTHER);
    assert!(house.shown().is_empty(), "{:?}", house.shown());
    assert_eq!(house.is_served(caller), "b");
}

#[test]
fn a_withdrawal_outlives_a_restart_over_the_same_file_and_a_snapshot_holds_it() {
    let mut house = House::new();
    house.until_withdrawn("b");
    let caller = house.someone_on("b");
    let orders: Vec<Order> = house.world.switchboard.orders().map(|(_, order)| order.clone()).collect();
    assert_eq!(orders.len(), 1);

    let text = serde_json::to_string(&house.world.switchboard).unwrap();
    let again: Switchboard = serde_json::from_str(&text).unwrap();
    assert_eq!(again.view(house.world.now).arms, house.shown());

    let mut same = House::started(LINE, orders.clone());
    assert_ne!(same.is_served(caller), "b");
    assert_eq!(same.withdrawn(), ["line/choose/b"]);
    let mut changed = House::started(&format!("{LINE}# better now\n"), orders);
    assert_eq!(changed.is_served(caller), "b");
    assert_eq!(changed.world.switchboard.orders().count(), 0, "its order has ended");
}

#[test]
fn a_few_callers_who_hang_up_prove_nothing_and_the_last_arm_stays() {
    let mut house = House::new();
    for caller in 0..90 {
        house.gives_up(caller);
    }
    assert_eq!(house.withdrawn(), Vec::<String>::new());
    let two = LINE.replace("share: 30, go: third", "share: 0, go: third").replace("share: 40", "share: 70");
    house.adopt(&two, OTHER);
    house.until_withdrawn("b");
    for caller in 0..400 {
        house.gives_up(caller);
    }
    assert_eq!(house.withdrawn(), ["line/choose/b"]);
}
