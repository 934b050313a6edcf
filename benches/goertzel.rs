//! The in-band detector, per frame of 20 ms. Aim: 1 µs.
use criterion::{Criterion, criterion_group, criterion_main};
use hotline::digit::Digit;
use hotline::media::codec::Codec;
use hotline::media::dtmf::inband::Detector;
use hotline::media::tone;
use std::hint::black_box;
use std::time::Duration;

fn frames(c: &mut Criterion) {
    let second = Duration::from_secs(1);
    let mut voice = tone::sine(210.0, -18.0, second);
    for (sample, other) in voice.iter_mut().zip(tone::sine(730.0, -20.0, second)) {
        *sample += other;
    }
    for (name, samples) in
        [("silence", vec![0; 8000]), ("voice", voice), ("key", tone::dtmf(Digit::HASH, -10.0, second))]
    {
        let coded = Codec::Pcma.encode_all(&samples);
        let mut detector = Detector::default();
        let mut frames = coded.chunks_exact(160).cycle();
        c.bench_function(&format!("inband/{name}"), |b| {
            b.iter(|| {
                if let Some(frame) = frames.next() {
                    detector.hear(Codec::Pcma, black_box(frame), &mut |edge| {
                        black_box(edge);
                    });
                }
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = frames
}
criterion_main!(benches);
