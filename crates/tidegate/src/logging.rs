//! Logs: to stderr, for eyes or as one JSON object a line.

use std::io::IsTerminal;

use tidegate_model::{LogFormat, LogSettings};
use tracing_subscriber::EnvFilter;

/// Sets up logging for the rest of the process. A filter in `TIDEGATE_LOG` wins over the configured level.
pub fn start(settings: &LogSettings) {
    let filter = std::env::var("TIDEGATE_LOG").unwrap_or_else(|_| settings.level.clone());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let result = match settings.format {
        LogFormat::Human => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // A second call in one process (tests) keeps the first subscriber.
    let _ = result;
}
