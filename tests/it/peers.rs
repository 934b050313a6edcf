//! Peers that others have written: SIPp plays callers from `tests/sipp/*.xml`, baresip is a caller's and an operator's phone.
//! What they are not told by the server is read from its database after it has drained. A peer that is not installed is
//! skipped aloud; `make tools` installs what may be installed.
mod baresip;
mod sipp;

use crate::house::House;
use hotline::store::{self, CallFilter, CallStory};
use std::process::{Command, Stdio};

/// Whether a program is there; says so when it is not.
fn installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("-h")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let there = found.is_ok();
    if !there {
        crate::skipped(&format!("{program} is not installed"));
    }
    there
}

/// Drains the house, so that all is written, and reads what it kept of its calls, oldest first.
async fn calls_of(mut house: House) -> Vec<CallStory> {
    house.signal("TERM");
    let (code, house) = tokio::task::spawn_blocking(move || (house.wait(), house)).await.unwrap();
    assert!(code.success(), "{}", house.log());
    let store = store::open(&format!("sqlite:{}", house.data().join("hotline.db").display())).await.unwrap();
    let mut stories = Vec::new();
    for record in store.calls(CallFilter::default()).await.unwrap().into_iter().rev() {
        stories.push(store.call(record.id).await.unwrap().unwrap());
    }
    store.close().await;
    stories
}

/// The steps that a call entered, by its story.
fn steps(story: &CallStory) -> Vec<String> {
    let steps = story.events.iter().filter(|event| event.kind == "step");
    steps.filter_map(|event| event.detail.get("step").cloned()).collect()
}

fn count(story: &CallStory, kind: &str) -> usize {
    story.events.iter().filter(|event| event.kind == kind).count()
}
