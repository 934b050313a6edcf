//! WAV files (RIFF, Microsoft "Multimedia Programming Interface" 1991) and what is done to a prompt before it becomes
//! one: resampling, loudness (EBU R 128), trimming. The only door to `hound`, `rubato` and `ebur128`.
use crate::media::codec::SAMPLE_RATE;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Prompts are levelled to this loudness (call-flows.md, "Prompts"), in LUFS.
pub const PROMPT_LUFS: f64 = -20.0;
/// And their true peak stays under this, in dBTP.
pub const PROMPT_PEAK_DBTP: f64 = -3.0;
/// Integrated loudness is gated in blocks of 400 ms; shorter clips are repeated until they fill this many.
const LOUDNESS_SECONDS_MIN: f64 = 1.2;
/// Quieter than this is silence at a prompt's ends: −45 dB under full scale.
const TRIM_LEVEL: f32 = 0.0056;
/// Kept on both sides of what is not silent, so that soft consonants are not cut.
const TRIM_KEEP_MS: usize = 40;
/// A WAV header larger than this is not one of ours, and is left alone by [`repair`].
const HEADER_BYTES_MAX: u64 = 4096;

#[derive(Debug, thiserror::Error)]
pub enum WavError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: not a WAV file that can be read: {why}; expected RIFF/WAVE with PCM or float samples")]
    Format { path: PathBuf, why: String },
    #[error("{path}: expected {expected}, got {got}; `hotline prompts import` converts it")]
    Shape { path: PathBuf, expected: &'static str, got: String },
    #[error("{rate} Hz cannot be resampled to {SAMPLE_RATE} Hz: {why}")]
    Resample { rate: u32, why: String },
    #[error("the loudness cannot be measured: {why}")]
    Loudness { why: String },
}

/// A recorded talk: the samples of its left and of its right channel.
pub fn load_stereo(path: &Path) -> Result<(Vec<i16>, Vec<i16>), WavError> {
    let mut reader = open(path)?;
    let spec = reader.spec();
    if (spec.channels, spec.bits_per_sample) != (2, 16) {
        let got = format!("{} bits, {} channels", spec.bits_per_sample, spec.channels);
        return Err(WavError::Shape { path: path.into(), expected: "16 bits, 2 channels", got });
    }
    let samples: Result<Vec<i16>, hound::Error> = reader.samples::<i16>().collect();
    let samples = samples.map_err(|error| wrong(path, error))?;
    Ok(samples.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip())
}

/// Any PCM or float WAV as mono samples in −1…1, and its sample rate in hertz.
pub fn load_any(path: &Path) -> Result<(Vec<f32>, u32), WavError> {
    let mut reader = open(path)?;
    let spec = reader.spec();
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            let scale = 1.0 / (1i64 << (spec.bits_per_sample - 1)) as f32;
            reader.samples::<i32>().map(|sample| sample.map(|s| s as f32 * scale)).collect()
        }
    };
    let samples = samples.map_err(|error| wrong(path, error))?;
    let channels = usize::from(spec.channels).max(1);
    if channels == 1 {
        return Ok((samples, spec.sample_rate));
    }
    let mono =
        samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
    Ok((mono, spec.sample_rate))
}

/// A prompt as it must lie on disk: 8 kHz, 16 bits, one channel.
pub fn load_8k_mono(path: &Path) -> Result<Vec<i16>, WavError> {
    let reader = open_8k_mono(path)?;
    // All at once: thousands of prompts are read at each start, and hound reads sample by sample.
    let bytes = u64::from(reader.len()) * 2;
    let mut data = Vec::new();
    reader
        .into_inner()
        .take(bytes)
        .read_to_end(&mut data)
        .map_err(|source| WavError::Io { path: path.into(), source })?;
    if (data.len() as u64) < bytes {
        let why = format!("it ends after {} of {bytes} bytes of sound", data.len());
        return Err(WavError::Format { path: path.into(), why });
    }
    Ok(data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// How many samples such a file holds, by its header.
pub fn length_8k_mono(path: &Path) -> Result<u64, WavError> {
    open_8k_mono(path).map(|reader| u64::from(reader.len()))
}

fn open_8k_mono(path: &Path) -> Result<hound::WavReader<BufReader<fs::File>>, WavError> {
    let reader = open(path)?;
    let spec = reader.spec();
    let shape = (spec.sample_rate, spec.bits_per_sample, spec.channels);
    if shape != (SAMPLE_RATE, 16, 1) || spec.sample_format != hound::SampleFormat::Int {
        return Err(WavError::Shape {
            path: path.into(),
            expected: "8000 Hz, 16 bits, 1 channel",
            got: format!("{} Hz, {} bits, {} channels", shape.0, shape.1, shape.2),
        });
    }
    Ok(reader)
}

pub fn write_8k_mono(path: &Path, samples: &[i16]) -> Result<(), WavError> {
    let mut writer = Writer::create(path)?;
    writer.write(samples)?;
    writer.finish()
}

/// A WAV file that grows, 8 kHz 16-bit, mono or stereo. Its header tells the truth after each [`Writer::sync`].
pub struct Writer {
    inner: hound::WavWriter<BufWriter<fs::File>>,
    path: PathBuf,
}

impl Writer {
    pub fn create(path: &Path) -> Result<Writer, WavError> {
        Writer::with_channels(path, 1)
    }

    /// Samples are left and right in turn.
    pub fn create_stereo(path: &Path) -> Result<Writer, WavError> {
        Writer::with_channels(path, 2)
    }

    fn with_channels(path: &Path, channels: u16) -> Result<Writer, WavError> {
        let spec = hound::WavSpec {
            channels,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let inner = hound::WavWriter::create(path, spec).map_err(|error| wrong(path, error))?;
        Ok(Writer { inner, path: path.into() })
    }

    pub fn write(&mut self, samples: &[i16]) -> Result<(), WavError> {
        for sample in samples {
            self.inner.write_sample(*sample).map_err(|error| wrong(&self.path, error))?;
        }
        Ok(())
    }

    /// Writes what is buffered and the sizes in the header.
    pub fn sync(&mut self) -> Result<(), WavError> {
        self.inner.flush().map_err(|error| wrong(&self.path, error))
    }

    pub fn finish(self) -> Result<(), WavError> {
        let path = self.path;
        self.inner.finalize().map_err(|error| wrong(&path, error))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the sizes in the header agree with the file, after a process died while writing it. True if they did not.
pub fn repair(path: &Path) -> Result<bool, WavError> {
    let io = |source| WavError::Io { path: path.into(), source };
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut head = Vec::new();
    (&mut file).take(HEADER_BYTES_MAX).read_to_end(&mut head).map_err(io)?;
    let not = |why: &str| WavError::Format { path: path.into(), why: why.into() };
    if head.get(..4) != Some(b"RIFF") || head.get(8..12) != Some(b"WAVE") {
        return Err(not("no RIFF/WAVE at the start"));
    }
    let word = |at: usize| {
        head.get(at..at + 4)
            .and_then(|b| b.try_into().ok())
            .map(u32::from_le_bytes)
            .ok_or_else(|| not("it is cut off"))
    };
    let mut at = 12;
    while head.get(at..at + 4) != Some(b"data") {
        let size = word(at + 4)? as usize;
        at = at.saturating_add(8).saturating_add(size + size % 2);
    }
    let data_from = at as u64 + 8;
    // Whole samples of every channel: the format's block size, in the place that our own header gives it.
    let block = head.get(32..34).and_then(|b| b.try_into().ok()).map_or(2, u16::from_le_bytes).max(2);
    let data = length.saturating_sub(data_from);
    let data = data - data % u64::from(block);
    let sizes = [(4, data_from + data - 8), (at as u64 + 4, data)]
        .map(|(at, n)| (at, u32::try_from(n).unwrap_or(u32::MAX)));
    if word(4)? == sizes[0].1 && word(at + 4)? == sizes[1].1 {
        return Ok(false);
    }
    for (at, size) in sizes {
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        file.write_all(&size.to_le_bytes()).map_err(io)?;
    }
    file.sync_all().map_err(io)?;
    Ok(true)
}

/// Windowed-sinc resampling to the telephone's 8 kHz.
pub fn resample_to_8k(samples: &[f32], rate: u32) -> Result<Vec<f32>, WavError> {
    use rubato::audioadapter_buffers::direct::InterleavedSlice;
    use rubato::{
        Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
    };
    if rate == SAMPLE_RATE || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let wrong = |why: String| WavError::Resample { rate, why };
    if rate < 4000 {
        return Err(wrong("expected at least 4000 Hz".into()));
    }
    let parameters = SincInterpolationParameters {
        sinc_len: 256,
        f_cutoff: None,
        interpolation: SincInterpolationType::Cubic,
        oversampling_factor: 128,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = f64::from(SAMPLE_RATE) / f64::from(rate);
    let mut resampler = Async::<f32>::new_sinc(ratio, 1.1, &parameters, 1024, 1, FixedAsync::Input)
        .map_err(|error| wrong(error.to_string()))?;
    let input = InterleavedSlice::new(samples, 1, samples.len()).map_err(|error| wrong(error.to_string()))?;
    let output =
        resampler.process_all(&input, samples.len(), None).map_err(|error| wrong(error.to_string()))?;
    Ok(output.take_data())
}

/// Integrated loudness in LUFS; −∞ for silence.
pub fn loudness_lufs(samples: &[f32], rate: u32) -> Result<f64, WavError> {
    let meter = measure(samples, rate, ebur128::Mode::I)?;
    meter.loudness_global().map_err(|error| WavError::Loudness { why: error.to_string() })
}

/// The true peak in dBTP.
pub fn true_peak_dbtp(samples: &[f32], rate: u32) -> Result<f64, WavError> {
    let meter = measure(samples, rate, ebur128::Mode::TRUE_PEAK)?;
    let peak = meter.true_peak(0).map_err(|error| WavError::Loudness { why: error.to_string() })?;
    Ok(20.0 * peak.log10())
}

/// Brings a prompt to [`PROMPT_LUFS`]. What would peak above [`PROMPT_PEAK_DBTP`] is rounded off softly, since a word
/// that stays quiet for the sake of one consonant is worse to hear.
pub fn normalise(samples: &mut [f32], rate: u32) -> Result<(), WavError> {
    // Taming peaks costs a little loudness, so the second and third round make up for it.
    for _ in 0..3 {
        let loudness = loudness_lufs(samples, rate)?;
        if !loudness.is_finite() {
            return Ok(());
        }
        let gain = 10f64.powf((PROMPT_LUFS - loudness) / 20.0) as f32;
        samples.iter_mut().for_each(|sample| *sample *= gain);
        let over = true_peak_dbtp(samples, rate)? - PROMPT_PEAK_DBTP;
        if over > 0.0 {
            soften(samples, 10f64.powf((PROMPT_PEAK_DBTP - 0.3) / 20.0) as f32);
        }
    }
    let over = true_peak_dbtp(samples, rate)? - PROMPT_PEAK_DBTP;
    if over > 0.0 {
        let gain = 10f64.powf(-over / 20.0) as f32;
        samples.iter_mut().for_each(|sample| *sample *= gain);
    }
    Ok(())
}

/// Cuts silence from both ends, but for [`TRIM_KEEP_MS`].
pub fn trim_silence(samples: &[f32], rate: u32) -> &[f32] {
    let loud = |sample: &f32| sample.abs() > TRIM_LEVEL;
    let (Some(first), Some(last)) = (samples.iter().position(loud), samples.iter().rposition(loud)) else {
        return &[];
    };
    let keep = TRIM_KEEP_MS * rate as usize / 1000;
    &samples[first.saturating_sub(keep)..(last + 1 + keep).min(samples.len())]
}

pub fn to_i16(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|sample| (sample * 32767.0).round().clamp(-32768.0, 32767.0) as i16).collect()
}

pub fn to_f32(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|sample| f32::from(*sample) / 32768.0).collect()
}

/// Straight up to two thirds of the ceiling, then bent so that nothing passes it.
fn soften(samples: &mut [f32], ceiling: f32) {
    let knee = ceiling * 2.0 / 3.0;
    for sample in samples {
        let over = sample.abs() - knee;
        if over > 0.0 {
            *sample = (knee + (ceiling - knee) * (over / (ceiling - knee)).tanh()).copysign(*sample);
        }
    }
}

fn measure(samples: &[f32], rate: u32, mode: ebur128::Mode) -> Result<ebur128::EbuR128, WavError> {
    let wrong = |error: ebur128::Error| WavError::Loudness { why: error.to_string() };
    let mut meter = ebur128::EbuR128::new(1, rate, mode).map_err(wrong)?;
    // BS.1770 weighs one channel 3 dB under a stereo pair of the same; telephone prompts are judged as dual mono.
    meter.set_channel(0, ebur128::Channel::DualMono).map_err(wrong)?;
    let seconds = samples.len() as f64 / f64::from(rate.max(1));
    let times = if seconds > 0.0 { (LOUDNESS_SECONDS_MIN / seconds).ceil().max(1.0) as usize } else { 0 };
    for _ in 0..times {
        meter.add_frames_f32(samples).map_err(wrong)?;
    }
    Ok(meter)
}

fn open(path: &Path) -> Result<hound::WavReader<BufReader<fs::File>>, WavError> {
    hound::WavReader::open(path).map_err(|error| wrong(path, error))
}

fn wrong(path: &Path, error: hound::Error) -> WavError {
    match error {
        hound::Error::IoError(source) => WavError::Io { path: path.into(), source },
        other => WavError::Format { path: path.into(), why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone;
    use std::time::Duration;

    #[test]
    fn a_prompt_reads_back_as_written_and_another_shape_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let samples = tone::sine(440.0, -10.0, Duration::from_millis(100));
        write_8k_mono(&path, &samples).unwrap();
        assert_eq!(load_8k_mono(&path).unwrap(), samples);
        let (floats, rate) = load_any(&path).unwrap();
        assert_eq!((to_i16(&floats)[1..].len(), rate), (samples.len() - 1, 8000));

        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 44100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let stereo = dir.path().join("b.wav");
        hound::WavWriter::create(&stereo, spec).unwrap().finalize().unwrap();
        let error = load_8k_mono(&stereo).unwrap_err().to_string();
        assert!(
            error.contains("expected 8000 Hz, 16 bits, 1 channel, got 44100 Hz, 16 bits, 2 channels"),
            "{error}"
        );
    }

    #[test]
    fn a_file_whose_writer_died_gets_its_sizes_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let mut writer = Writer::create(&path).unwrap();
        writer.write(&[1; 8000]).unwrap();
        writer.sync().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend([7, 0, 7, 0, 7]); // two more samples and half of one reached the disk; the header does not know
        drop(writer);
        fs::write(&path, &bytes).unwrap();
        assert!(repair(&path).unwrap());
        assert_eq!(load_8k_mono(&path).unwrap().len(), 8002);
        assert!(!repair(&path).unwrap(), "nothing is left to repair");
        fs::write(&path, b"RIFF").unwrap();
        assert!(repair(&path).is_err());
    }

    #[test]
    fn resampling_keeps_the_tone_and_the_length() {
        for rate in [16000u32, 22050, 44100, 48000] {
            let samples: Vec<f32> = (0..rate)
                .map(|i| (std::f32::consts::TAU * 1000.0 * i as f32 / rate as f32).sin() * 0.25)
                .collect();
            let out = to_i16(&resample_to_8k(&samples, rate).unwrap());
            assert!((out.len() as i64 - 8000).abs() <= 1, "{rate}: {} samples", out.len());
            let expected = 20.0 * 0.25f64.log10() + tone::FULL_SCALE_DBM0;
            assert!((tone::level_dbm0(&out[800..7200], 1000.0) - expected).abs() < 0.2, "{rate}");
        }
    }

    #[test]
    fn a_quiet_prompt_and_a_loud_one_come_out_alike() {
        for level in [-40.0, -3.0] {
            // Speech-like: a tone that swells and fades four times a second.
            let mut samples: Vec<f32> = to_f32(&tone::sine(500.0, level, Duration::from_secs(2)));
            for (i, sample) in samples.iter_mut().enumerate() {
                *sample *= (std::f32::consts::TAU * 2.0 * i as f32 / 8000.0).sin().abs();
            }
            normalise(&mut samples, 8000).unwrap();
            let loudness = loudness_lufs(&samples, 8000).unwrap();
            assert!((loudness - PROMPT_LUFS).abs() < 1.5, "{level}: {loudness:.2} LUFS");
            assert!(true_peak_dbtp(&samples, 8000).unwrap() <= PROMPT_PEAK_DBTP + 0.05);
        }
    }

    #[test]
    fn silence_is_cut_from_both_ends() {
        let mut samples = vec![0.0; 8000];
        samples.extend(vec![0.5; 800]);
        samples.extend(vec![0.0; 8000]);
        assert_eq!(trim_silence(&samples, 8000).len(), 800 + 2 * 320);
        assert!(trim_silence(&[0.0; 100], 8000).is_empty());
    }
}
