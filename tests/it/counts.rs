//! Two hundred real calls, counted five times: by the robots themselves, by the page, by the metrics, by the report of
//! the API and by that of the command line. All five agree exactly.
use crate::house::{House, PRIORITY_CALLER, Plan};
use crate::parties::{OPERATOR_HERTZ, SOON, operator};
use futures_util::future::join_all;
use hotline::robot::mouth::Sound;
use hotline::robot::phone::{Dial, Options, Phone, Policy};
use serde_json::Value;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// On the line at the same time.
const AT_ONCE: usize = 40;
const PROMISE: Duration = Duration::from_secs(10);
/// Nobody's wait may be so near to a threshold that two clocks could differ about it.
const CLEAR: Duration = Duration::from_millis(400);

/// What a robot does on its call.
#[derive(Clone, Copy)]
struct Part {
    line: &'static str,
    priority: bool,
    /// Hangs up after this long without a person.
    patience: Duration,
    test: bool,
}

/// What became of it, as the robot saw it.
struct Seen {
    queue: usize,
    priority: bool,
    test: bool,
    /// From its ACK to the operator's voice, or to its own BYE; `None` when the server ended the call.
    end: Option<(bool, Duration)>,
}

/// Answered at once; answered after 11 s; rung and never answered; nobody there.
const QUEUES: [&str; 4] = ["quick", "slow", "never", "nobody"];

fn house() -> House {
    let flows = tempfile::tempdir().unwrap();
    let (mut queues, mut pools) = (String::from("queues:\n"), String::from("pools:\n"));
    for (n, name) in QUEUES.iter().enumerate() {
        let flow = format!(
            "flow: {name}\nentry: {{number: \"8800100000{n}\", start: q, answer: at_once}}\nlanguage: ru\nsteps:\n  \
             q: {{queue: {{name: {name}, exits: {{max_wait: end, full: end, nobody_signed_in: end, all_paused: end, \
             closed: end}}, answered: end}}}}\n  end: {{hangup: {{}}}}\n"
        );
        std::fs::write(flows.path().join(format!("{name}.yaml")), flow).unwrap();
        let _ = writeln!(queues, "  {name}: {{pool: {name}, wrap_up: 0s, ring_timeout: 60s}}");
        let _ = writeln!(pools, "  {name}: {{}}");
    }
    let mut operators = String::new();
    for (queue, ids) in [("quick", 300..308), ("slow", 400..412), ("never", 500..501)] {
        for id in ids {
            let _ = writeln!(
                operators,
                "  - {{id: \"{id}\", name: Robot, queues: [{queue}], password: secret-{id}}}"
            );
        }
    }
    House::start(&Plan {
        operators,
        extra: format!("{pools}{queues}"),
        flows: Some(flows.path().to_path_buf()),
        ports: Some(700),
        log: Some("warn"),
        ..Plan::default()
    })
}

fn parts() -> Vec<Part> {
    let part = |queue: usize, n: usize, patience_ms: u64| Part {
        line: ["88001000000", "88001000001", "88001000002", "88001000003"][queue],
        priority: n.is_multiple_of(3),
        patience: Duration::from_millis(patience_ms),
        test: false,
    };
    let mut parts = Vec::new();
    parts.extend((0..12).map(|n| part(1, n, 60_000)));
    parts.extend((0..70).map(|n| part(2, n, [1_000, 4_000, 7_000, 12_000][n % 4])));
    parts.extend((0..100).map(|n| part(0, n, 60_000)));
    parts.extend((0..18).map(|n| part(3, n, 60_000)));
    // Counted nowhere.
    parts.extend((0..3).map(|n| Part { test: true, ..part(0, n, 60_000) }));
    parts
}

async fn call(house: &House, phone: &Phone, n: usize, part: Part) -> Seen {
    let number = if part.priority { PRIORITY_CALLER.to_string() } else { format!("7916100{n:04}") };
    let mut dial = Dial::to(format!("sip:{}@127.0.0.1", part.line), house.sip).from(number);
    if part.test {
        dial = dial.header("X-Hotline-Test", "yes");
    }
    let call = phone.call(dial).await.unwrap();
    call.answered(SOON).await.unwrap();
    let begun = call.message(|message| message.sent("ACK"), SOON).await.unwrap().at;
    let end = tokio::select! {
        heard = call.wait_tone(f64::from(OPERATOR_HERTZ), part.patience) => match heard {
            Ok(at) => {
                call.hangup().await;
                Some((true, at.since(begun)))
            }
            Err(_) => {
                call.hangup().await;
                let left = call.message(|message| message.sent("BYE"), SOON).await.unwrap().at;
                Some((false, left.since(begun)))
            }
        },
        _ = call.over(Duration::from_secs(600)) => None,
    };
    let _ = call.over(SOON).await;
    let queue = part.line.bytes().last().map_or(0, |digit| usize::from(digit - b'0'));
    Seen { queue, priority: part.priority, test: part.test, end }
}

/// The same figures, from whatever source: offered, answered, answered within the target of the class, within 10 s,
/// hung up, queue exits.
type Figures = [u64; 6];

fn robots(seen: &[Seen], queue: usize) -> Figures {
    let counted = || seen.iter().filter(|seen| !seen.test && seen.queue == queue);
    let count = |so: &dyn Fn(&Seen) -> bool| counted().filter(|seen| so(seen)).count() as u64;
    let connected = |seen: &Seen, within: Duration| seen.end.is_some_and(|(yes, took)| yes && took <= within);
    [
        count(&|_| true),
        count(&|seen| connected(seen, Duration::MAX)),
        count(&|seen| connected(seen, if seen.priority { PROMISE } else { Duration::from_secs(300) })),
        count(&|seen| connected(seen, PROMISE)),
        count(&|seen| matches!(seen.end, Some((false, _)))),
        count(&|seen| seen.end.is_none()),
    ]
}

fn page(queues: &Value, name: &str) -> Figures {
    let queue = queues.as_array().unwrap().iter().find(|queue| queue["name"] == name).unwrap();
    ["offered", "answered", "within_target", "within_10s", "abandoned", "exited"]
        .map(|key| queue["counts"][key].as_u64().unwrap())
}

fn metrics(text: &str, name: &str) -> Figures {
    let sum = |family: &str, label: &str| -> u64 {
        let of_queue = format!("queue=\"{name}\"");
        let samples = text.lines().filter(|line| {
            line.starts_with(&format!("{family}{{")) && line.contains(&of_queue) && line.contains(label)
        });
        samples.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    let wait = "hotline_queue_wait_seconds";
    [
        sum("hotline_queue_offered_total", ""),
        sum("hotline_queue_answered_total", ""),
        sum("hotline_queue_answered_total", "within_target=\"true\""),
        sum(&format!("{wait}_bucket"), "outcome=\"connected\",le=\"10\""),
        sum("hotline_queue_abandoned_total", ""),
        sum(&format!("{wait}_count"), "outcome=\"exit\""),
    ]
}

fn line<'r>(report: &'r Value, queue: Option<&str>, class: Option<&str>) -> &'r Value {
    let lines = report["lines"].as_array().unwrap();
    let wanted = |line: &&Value| line["queue"].as_str() == queue && line["class"].as_str() == class;
    lines.iter().find(wanted).unwrap_or_else(|| panic!("no line of {queue:?} {class:?}: {report:#}"))
}

fn reported(line: &Value) -> Figures {
    ["offered", "connected", "connected_within_target", "connected_within_10s", "hung_up", "exited"]
        .map(|key| line[key].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_page_metrics_and_report_agree_about_two_hundred_calls() {
    let house = house();
    let token = house.token("api");
    let phones = (300..308)
        .map(|id| (id, Policy::Answer { after: Duration::from_millis(100) }))
        .chain((400..412).map(|id| (id, Policy::Answer { after: Duration::from_secs(11) })))
        .chain([(500, Policy::Manual)])
        .map(async |(id, policy)| operator(&house, &id.to_string(), policy).await);
    let _operators = join_all(phones).await;
    let phone = Phone::bind(Options { sound: Sound::Silence, ..Options::default() }).await.unwrap();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let calls = parts().into_iter().enumerate().map(|(n, part)| {
        let (room, house, phone) = (room.clone(), &house, &phone);
        async move {
            let _place = room.acquire().await.unwrap();
            call(house, phone, n, part).await
        }
    });
    let seen = join_all(calls).await;
    for (queue, took) in seen.iter().filter_map(|seen| seen.end.map(|(_, took)| (seen.queue, took))) {
        let near = [3_u64, 5, 10].into_iter().any(|s| took.abs_diff(Duration::from_secs(s)) < CLEAR);
        assert!(!near, "{}: a wait of {took:?} is too near to a threshold to be told apart", QUEUES[queue]);
    }

    // Written behind the calls; the page shows the last seat's end within a quarter of a second.
    let settled = house.until("all two hundred are counted", &token, || {
        let report = house.json("/api/v1/reports/queue", &token);
        let total = line(&report, None, None);
        let page = house.json("/api/v1/queues", &token);
        let shown: u64 = QUEUES.iter().map(|name| self::page(&page, name)[0]).sum();
        (total["offered"] == 200 && total["open"] == 0 && shown == 200).then_some((report, page))
    });
    let (report, queues) = settled;
    let (status, text) = house.get("/metrics", "");
    assert_eq!(status, 200);
    let (code, printed, said) = house.hotline(&["report", "queue", "--json"]);
    assert_eq!(code, 0, "{said}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed, report, "the command line's is the API's");
    let mut total = [0; 6];
    for (n, name) in QUEUES.iter().enumerate() {
        let robots = robots(&seen, n);
        println!("{name}: offered, answered, within target, within 10 s, hung up, exits: {robots:?}");
        assert_eq!(page(&queues, name), robots, "page: {name}");
        assert_eq!(metrics(&text, name), robots, "metrics: {name}");
        assert_eq!(reported(line(&report, Some(name), None)), robots, "report: {name}");
        total.iter_mut().zip(robots).for_each(|(total, robots)| *total += robots);
        let queue = queues.as_array().unwrap().iter().find(|queue| queue["name"] == *name).unwrap();
        let priority = line(&report, Some(name), Some("priority"));
        assert_eq!(queue["p10"], priority["p10"], "{name}: to the last bit");
        assert_eq!(queue["service_level"], line(&report, Some(name), None)["service_level"], "{name}");
    }
    assert_eq!(reported(line(&report, None, None)), total);
    assert_eq!((total[0], total[1], total[4], total[5]), (200, 112, 70, 18));
    // Those who hung up, by how soon, as they measured it themselves.
    let all = line(&report, None, None);
    let hung_up = |from: u64, to: u64| {
        let within = |took: Duration| Duration::from_secs(from) < took && took <= Duration::from_secs(to);
        seen.iter().filter(|seen| seen.end.is_some_and(|(yes, took)| !yes && within(took))).count()
    };
    assert_eq!(all["hung_up_0_3s"], hung_up(0, 3));
    assert_eq!(all["hung_up_3_10s"], hung_up(3, 10));
    assert_eq!(all["hung_up_later"], hung_up(10, 1_000_000));
    assert_eq!(all["hung_up_short"], hung_up(0, 5));
}
