//! Prometheus' text format, version 0.0.4: families of samples, histograms, labels.
use std::fmt::{Display, Write};
use std::time::Duration;

/// A wait for a person, from "at once" to "lost": upper bounds in seconds.
const WAIT_BUCKETS_S: [u64; 10] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600];

#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Per bucket, not yet cumulative; what is above the last bound is in `count` alone.
    buckets: [u64; WAIT_BUCKETS_S.len()],
    count: u64,
    sum: Duration,
}

impl Histogram {
    /// Compares in milliseconds, without rounding: 10 000 ms are within 10 s, 10 001 ms are not.
    pub fn add(&mut self, wait: Duration) {
        let bucket = WAIT_BUCKETS_S.iter().position(|bound| wait <= Duration::from_secs(*bound));
        if let Some(bucket) = bucket.and_then(|bucket| self.buckets.get_mut(bucket)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum += wait;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Text being written. A family's samples follow its heading.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    name: &'static str,
}

pub type Labels<'a> = &'a [(&'static str, &'a str)];

impl Exposition {
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        self.name = name;
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub fn sample(&mut self, labels: Labels, value: impl Display) {
        self.line("", labels, None, value);
    }

    pub fn histogram(&mut self, labels: Labels, histogram: &Histogram) {
        let mut below = 0;
        for (bound, count) in WAIT_BUCKETS_S.iter().zip(histogram.buckets) {
            below += count;
            self.line("_bucket", labels, Some(&bound.to_string()), below);
        }
        self.line("_bucket", labels, Some("+Inf"), histogram.count);
        self.line("_sum", labels, None, histogram.sum.as_secs_f64());
        self.line("_count", labels, None, histogram.count);
    }

    pub fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, suffix: &str, labels: Labels, bound: Option<&str>, value: impl Display) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        let labels = labels.iter().map(|(key, value)| (*key, *value)).chain(bound.map(|bound| ("le", bound)));
        let mut open = false;
        for (key, value) in labels {
            self.text.push(if open { ',' } else { '{' });
            open = true;
            let _ = write!(self.text, "{key}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        if open {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_cumulative_and_compares_milliseconds() {
        let mut histogram = Histogram::default();
        for ms in [500, 10_000, 10_001, 700_000] {
            histogram.add(Duration::from_millis(ms));
        }
        let mut text = Exposition::default();
        text.family("wait_seconds", Kind::Histogram, "Waits.");
        text.histogram(&[("queue", "wallet")], &histogram);
        let text = text.finish();
        for line in [
            "# TYPE wait_seconds histogram",
            "wait_seconds_bucket{queue=\"wallet\",le=\"1\"} 1",
            "wait_seconds_bucket{queue=\"wallet\",le=\"10\"} 2",
            "wait_seconds_bucket{queue=\"wallet\",le=\"20\"} 3",
            "wait_seconds_bucket{queue=\"wallet\",le=\"600\"} 3",
            "wait_seconds_bucket{queue=\"wallet\",le=\"+Inf\"} 4",
            "wait_seconds_sum{queue=\"wallet\"} 720.501",
            "wait_seconds_count{queue=\"wallet\"} 4",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }

    #[test]
    fn labels_are_escaped() {
        let mut text = Exposition::default();
        text.family("x", Kind::Gauge, "X.");
        text.sample(&[("queue", "a\"b\\c\nd")], 1);
        assert!(text.finish().ends_with("x{queue=\"a\\\"b\\\\c\\nd\"} 1\n"));
    }
}
