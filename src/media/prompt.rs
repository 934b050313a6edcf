//! Prompts: recordings that are read once, encoded once for each codec, and shared by all legs that play them.
//!
//! A [`PromptSet`] never changes; a new set of files is a new `PromptSet`, and legs finish on the clips they began with.
use crate::ids::PromptName;
use crate::media::codec::{Codec, SAMPLE_RATE, SAMPLES_PER_MS};
use crate::media::playout::{Part, Script};
use crate::media::{tone, wav};
use crate::say::{Language, Piece};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is heard where a recording is missing: short and neutral, never silence.
pub(super) const MISSING_TONE: (f64, f64, Duration) = (440.0, -16.0, Duration::from_millis(400));
/// Heard before a recording begins.
const BEEP: (f64, f64, Duration) = (1000.0, -13.0, Duration::from_millis(200));
/// What is heard in a queue that has no music of its own name.
pub const DEFAULT_MUSIC: &str = "default";
/// The end of a music clip melts into its beginning over this many samples (50 ms), so that the loop does not click.
const LOOP_FADE_SAMPLES: usize = 400;
/// A pause in a sentence is at most this long; a longer one is a mistake in a flow.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// One recording, ready to be cut into packets: one byte a sample in each codec.
#[derive(Debug)]
pub struct Clip {
    pcma: Box<[u8]>,
    pcmu: Box<[u8]>,
}

impl Clip {
    pub fn new(samples: &[i16]) -> Clip {
        Clip { pcma: Codec::Pcma.encode_all(samples).into(), pcmu: Codec::Pcmu.encode_all(samples).into() }
    }

    pub fn encoded(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcma => &self.pcma,
            Codec::Pcmu => &self.pcmu,
        }
    }

    pub fn samples(&self) -> usize {
        self.pcma.len()
    }

    pub fn duration(&self) -> Duration {
        Duration::from_millis(self.pcma.len() as u64 / SAMPLES_PER_MS)
    }
}

/// A file that could not be used, in words for the person on duty.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Wav(#[from] wav::WavError),
    #[error("{path}: the folder cannot be read: {source}")]
    Folder { path: std::path::PathBuf, source: std::io::Error },
    #[error("{path}: expected sound, got an empty file")]
    Empty { path: std::path::PathBuf },
}

#[derive(Debug)]
pub struct PromptSet {
    clips: BTreeMap<(Language, PromptName), Arc<Clip>>,
    music: BTreeMap<String, Arc<Clip>>,
    missing_tone: Arc<Clip>,
    beep: Arc<Clip>,
    /// What was asked for and is not there, by name, with how often. Locked on the control side only.
    missing: Mutex<BTreeMap<(Option<Language>, String), u64>>,
}

impl PromptSet {
    /// Reads `<dir>/<language>/<id>.wav` and `<dir>/music/<name>.wav`. A file that cannot be used is a fault, and the
    /// set is made without it.
    pub fn load(dir: &Path) -> (PromptSet, Vec<Fault>) {
        let mut set = PromptSet::empty();
        let mut faults = Vec::new();
        for language in Language::ALL {
            for (name, samples) in folder(&dir.join(language.as_str()), &mut faults) {
                set.insert(language, PromptName::from(name), &samples);
            }
        }
        let music = dir.join("music");
        if music.exists() {
            for (name, samples) in folder(&music, &mut faults) {
                set.insert_music(&name, &samples);
            }
        }
        (set, faults)
    }

    /// No recordings: each prompt is the neutral tone.
    pub fn empty() -> PromptSet {
        let tone =
            |(frequency, level, duration)| Arc::new(Clip::new(&tone::beep(frequency, level, duration)));
        PromptSet {
            clips: BTreeMap::new(),
            music: BTreeMap::new(),
            missing_tone: tone(MISSING_TONE),
            beep: tone(BEEP),
            missing: Mutex::default(),
        }
    }

    pub fn insert(&mut self, language: Language, name: PromptName, samples: &[i16]) {
        self.clips.insert((language, name), Arc::new(Clip::new(samples)));
    }

    pub fn insert_music(&mut self, name: &str, samples: &[i16]) {
        self.music.insert(name.to_string(), Arc::new(Clip::new(&seamless(samples))));
    }

    /// The recording; or the other language's; or a neutral tone. The last two are counted.
    pub fn clip(&self, language: Language, name: &PromptName) -> Arc<Clip> {
        if let Some(clip) = self.clips.get(&(language, name.clone())) {
            return clip.clone();
        }
        self.miss(Some(language), name.as_str());
        self.clips.get(&(language.fallback(), name.clone())).unwrap_or(&self.missing_tone).clone()
    }

    /// The music of this name, which is a queue's, or that of everybody. `None` if there is neither: the leg then hears
    /// silence, and the miss is counted.
    pub fn music(&self, name: &str) -> Option<Arc<Clip>> {
        let named = |name: &str| self.music.get(name).filter(|clip| clip.samples() > 0);
        let clip = named(name).or_else(|| named(DEFAULT_MUSIC)).cloned();
        if clip.is_none() {
            self.miss(None, name);
        }
        clip
    }

    pub fn beep(&self) -> Arc<Clip> {
        self.beep.clone()
    }

    pub fn contains(&self, language: Language, name: &PromptName) -> bool {
        self.clips.contains_key(&(language, name.clone()))
    }

    /// The clips and pauses of a sentence, ready for a leg's playout.
    pub fn script(&self, language: Language, pieces: &[Piece]) -> Script {
        Script::new(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Prompt(name) => Part::Clip(self.clip(language, name)),
                    Piece::Pause(pause) => {
                        let ms = (*pause).min(PAUSE_MAX).as_millis() as usize;
                        Part::Silence { samples: ms * SAMPLE_RATE as usize / 1000 }
                    }
                })
                .collect(),
        )
    }

    /// What was asked for and not found: language (none for music), name, how often.
    pub fn missing(&self) -> Vec<(Option<Language>, String, u64)> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.iter().map(|((language, name), count)| (*language, name.clone(), *count)).collect()
    }

    pub fn missing_count(&self) -> u64 {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    pub fn len(&self) -> usize {
        self.clips.len()
    }

    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    fn miss(&self, language: Option<Language>, name: &str) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        *missing.entry((language, name.to_string())).or_default() += 1;
    }
}

/// The sounds of a folder by stem, in order.
fn folder(dir: &Path, faults: &mut Vec<Fault>) -> Vec<(String, Vec<i16>)> {
    let mut found = Vec::new();
    for (stem, path) in files(dir, faults) {
        match wav::load_8k_mono(&path) {
            Ok(samples) if samples.is_empty() => faults.push(Fault::Empty { path }),
            Ok(samples) => found.push((stem, samples)),
            Err(error) => faults.push(error.into()),
        }
    }
    found
}

/// The `.wav` files of a folder with their stems, in order.
pub(super) fn files(dir: &Path, faults: &mut Vec<Fault>) -> Vec<(String, PathBuf)> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(source) => {
            faults.push(Fault::Folder { path: dir.into(), source });
            return Vec::new();
        }
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
    paths.sort();
    let stem = |path: &PathBuf| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_string);
    paths.into_iter().filter_map(|path| stem(&path).map(|stem| (stem, path))).collect()
}

/// The clip without its last 50 ms, which are mixed under its first 50 ms.
fn seamless(samples: &[i16]) -> Vec<i16> {
    let fade = LOOP_FADE_SAMPLES.min(samples.len() / 2);
    let (body, tail) = samples.split_at(samples.len() - fade);
    let mut looped = body.to_vec();
    for (i, (head, tail)) in looped.iter_mut().zip(tail).enumerate() {
        let mix = (i32::from(*head) * i as i32 + i32::from(*tail) * (fade - i) as i32) / fade as i32;
        *head = mix as i16;
    }
    looped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_and_music_are_read_by_folder_and_faults_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["ru", "en", "music"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        wav::write_8k_mono(&dir.path().join("ru/welcome.wav"), &[0; 16000]).unwrap();
        wav::write_8k_mono(&dir.path().join("music/calm.wav"), &[0; 8000]).unwrap();
        std::fs::write(dir.path().join("en/broken.wav"), b"not sound").unwrap();
        let (set, faults) = PromptSet::load(dir.path());
        assert_eq!(set.clip(Language::Ru, &"welcome".into()).duration(), Duration::from_secs(2));
        assert!(set.music("calm").is_some());
        assert!(set.music("wallet").is_none());
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().contains("en/broken.wav"), "{}", faults[0]);
    }

    #[test]
    fn a_queue_without_music_of_its_own_has_everybodys() {
        let mut set = PromptSet::empty();
        set.insert_music(DEFAULT_MUSIC, &[1000; 8000]);
        set.insert_music("wallet", &[1000; 16000]);
        let length = |name| set.music(name).map(|clip| clip.duration().as_secs_f64().round());
        assert_eq!((length("wallet"), length("terminals")), (Some(2.0), Some(1.0)));
        assert_eq!(set.missing_count(), 0);
    }

    #[test]
    fn a_missing_prompt_is_the_other_languages_then_a_tone_and_is_counted() {
        let mut set = PromptSet::empty();
        set.insert(Language::Ru, "welcome".into(), &[1000; 800]);
        assert_eq!(set.clip(Language::En, &"welcome".into()).samples(), 800);
        let tone = set.clip(Language::En, &"nowhere".into());
        assert!(tone.samples() > 1600);
        assert_eq!(set.missing_count(), 2);
        assert_eq!(set.missing()[1], (Some(Language::En), "welcome".to_string(), 1));
    }

    #[test]
    fn music_goes_round_without_a_step() {
        // A ramp: its end is far from its beginning, so a plain loop would jump by 30000.
        let ramp: Vec<i16> = (0..8000).map(|i| (i * 4 - 16000) as i16).collect();
        let looped = seamless(&ramp);
        assert_eq!(looped.len(), 8000 - LOOP_FADE_SAMPLES);
        let step = (i32::from(looped[0]) - i32::from(looped[looped.len() - 1])).abs();
        assert!(step < 100, "a step of {step}");
        let largest = looped.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
        assert!(largest < 120, "a step of {largest} inside");
    }
}
