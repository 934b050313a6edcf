//! What those on duty see: the log, and the figures for Prometheus.
//!
//! The log goes to standard error: for people on a terminal, JSON lines elsewhere. Its level is an `env_filter` text
//! (`info`, `warn,hotline::sip=debug`), from `HOTLINE_LOG` or the command line, and may be changed while running.
mod exposition;
mod metrics;

pub use metrics::{Direction, DiskStats, MediaStats, Metrics, SipStats};

use std::io::IsTerminal;
use std::sync::Arc;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

pub const FILTER_VARIABLE: &str = "HOTLINE_LOG";
pub const FILTER_DEFAULT: &str = "info";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `Human` on a terminal, `Json` elsewhere.
    #[default]
    Auto,
    Human,
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(
        "log filter `{filter}`: {why}; expected a level or target=level pairs, as in `warn,hotline::sip=debug`"
    )]
    Filter { filter: String, why: ParseError },
    #[error("the log was set up already")]
    Twice,
    #[error("the log has ended")]
    Gone,
}

/// The level of the running log.
#[derive(Clone, Debug)]
pub struct LogLevel {
    filter: reload::Handle<EnvFilter, Registry>,
    /// Lines that wait for the writing thread are written when the last clone goes.
    _lines: Option<Arc<WorkerGuard>>,
}

impl LogLevel {
    pub fn set(&self, filter: &str) -> Result<(), LogError> {
        let new = parse(filter)?;
        self.filter.reload(new).map_err(|_| LogError::Gone)?;
        tracing::info!(filter, "the log level was changed");
        Ok(())
    }
}

/// Sets up the process's log, once. `filter` is the command line's; `HOTLINE_LOG` counts where it is absent.
pub fn init(format: Format, filter: Option<&str>) -> Result<LogLevel, LogError> {
    let from_environment = std::env::var(FILTER_VARIABLE).ok().filter(|filter| !filter.is_empty());
    let filter = parse(filter.or(from_environment.as_deref()).unwrap_or(FILTER_DEFAULT))?;
    let (filter, handle) = reload::Layer::new(filter);
    let terminal = std::io::stderr().is_terminal();
    let json = match format {
        Format::Auto => !terminal,
        Format::Human => false,
        Format::Json => true,
    };
    // A thread of its own writes: a slow or full stderr must never hold the control thread. What finds its queue (128,000
    // lines) full is dropped.
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = if json {
        lines.json().flatten_event(true).with_span_list(false).boxed()
    } else {
        lines.with_ansi(terminal).with_target(false).boxed()
    };
    tracing_subscriber::registry().with(filter).with(lines).try_init().map_err(|_| LogError::Twice)?;
    Ok(LogLevel { filter: handle, _lines: Some(Arc::new(guard)) })
}

fn parse(filter: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::builder().parse(filter).map_err(|why| LogError::Filter { filter: filter.to_string(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_says_what_was_expected() {
        let error = parse("hotline=loud").unwrap_err().to_string();
        assert!(error.contains("hotline=loud") && error.contains("warn,hotline::sip=debug"), "{error}");
    }

    #[test]
    fn the_level_is_changed_while_running() {
        let (layer, handle) = reload::Layer::new(parse("warn").unwrap());
        let level = LogLevel { filter: handle, _lines: None };
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            assert!(!tracing::enabled!(tracing::Level::DEBUG));
            level.set("debug").unwrap();
            assert!(tracing::enabled!(tracing::Level::DEBUG));
            assert!(level.set("hotline=loud").is_err());
            assert!(tracing::enabled!(tracing::Level::DEBUG), "a bad filter changes nothing");
        });
    }
}
