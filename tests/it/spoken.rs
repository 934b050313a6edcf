//! Twenty sentences of sums, dates, numbers and places in a queue, put together from the shipped recordings as a leg puts them,
//! written to WAV and listened to by measures: no piece missing, no gap, no clipping, no click at a join.
use hotline::ids::PromptName;
use hotline::media::wav;
use hotline::say::{Case, Gender, Item, Language, Noun, Piece};
use hotline::speech;
use std::path::Path;
use std::time::Duration;

const SAMPLES_PER_MS: usize = 8;
/// The step of a click is far above this; speech at 8 kHz has larger steps inside a syllable than at its ends.
const STEP_AT_JOIN_MAX: i32 = 4_000;
/// Quieter than this is silence to a caller.
const SILENT: i16 = 60;
const GAP_MAX_MS: usize = 600;

fn prompt(name: &str) -> Item {
    Item::Prompt(PromptName::from(name))
}

fn sentences() -> Vec<Vec<Item>> {
    let money = |kopecks| vec![prompt("status_done"), Item::Money { kopecks }];
    let place = |value| {
        vec![prompt("you_are"), Item::Ordinal { value, gender: Gender::Masculine }, prompt("in_the_queue")]
    };
    let wait = |from, to| vec![prompt("expected_wait"), Item::Range { from, to, noun: Noun::Minute }];
    vec![
        money(150_000),
        money(2_150),
        money(100),
        money(12_345_678),
        money(7),
        place(1),
        place(3),
        place(12),
        place(21),
        wait(2, 3),
        wait(5, 6),
        vec![Item::Count { value: 1, noun: Noun::Minute }],
        vec![Item::Count { value: 22, noun: Noun::Person }],
        vec![Item::Count { value: 115, noun: Noun::Second }],
        vec![Item::Date { year: 2026, month: 11, day: 22 }],
        vec![Item::Date { year: 2027, month: 1, day: 3 }],
        vec![Item::Time { hour: 21, minute: 5 }],
        vec![Item::Duration(Duration::from_secs(6 * 60 + 20))],
        vec![prompt("ticket_opened"), Item::Digits("100001".into())],
        vec![Item::Number { value: 1_000_000, gender: Gender::Feminine, case: Case::Nominative }],
    ]
}

#[test]
fn twenty_spoken_sentences_have_no_gap_no_clipping_and_no_click() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let into = std::env::var_os("HOTLINE_SAMPLES").map(std::path::PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let into = into.as_deref().unwrap_or(temporary.path());
    let sentences = sentences();
    assert_eq!(sentences.len(), 20);
    for language in Language::ALL {
        for (number, items) in sentences.iter().enumerate() {
            let mut sound: Vec<i16> = Vec::new();
            let mut joins = Vec::new();
            let mut longest_pause = 0;
            for piece in speech::render(language, items) {
                match piece {
                    Piece::Pause(pause) => {
                        let ms = pause.as_millis() as usize;
                        longest_pause = longest_pause.max(ms);
                        sound.resize(sound.len() + ms * SAMPLES_PER_MS, 0);
                    }
                    Piece::Prompt(name) => {
                        let file = root.join("prompts").join(language.as_str()).join(format!("{name}.wav"));
                        let samples = wav::load_8k_mono(&file).unwrap_or_else(|error| panic!("{error}"));
                        joins.push(sound.len());
                        sound.extend(samples);
                    }
                }
            }
            let file = into.join(format!("{}-{number:02}.wav", language.as_str()));
            wav::write_8k_mono(&file, &sound).unwrap();
            let sound = wav::load_8k_mono(&file).unwrap();
            let what = format!("{language:?} {}", speech::words(language, items));
            let full = |sample: &i16| *sample == i16::MAX || *sample <= -i16::MAX;
            assert!(!sound.windows(3).any(|run| run.iter().all(full)), "{what}: clipped");
            for join in joins.into_iter().filter(|join| *join > 0) {
                let step = (i32::from(sound[join]) - i32::from(sound[join - 1])).abs();
                assert!(step < STEP_AT_JOIN_MAX, "{what}: a click of {step}");
            }
            let gap = sound.split(|sample| sample.abs() > SILENT).map(<[i16]>::len).max().unwrap_or(0);
            assert!(gap < (GAP_MAX_MS + longest_pause) * SAMPLES_PER_MS, "{what}: a gap of {} ms", gap / 8);
            assert!(sound.len() > 200 * SAMPLES_PER_MS, "{what}: too short");
        }
    }
}
