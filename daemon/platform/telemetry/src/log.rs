//! Log lines on standard error: message, then fields.

use std::{fmt, io::IsTerminal, str::FromStr};

use tracing_subscriber::{EnvFilter, fmt::time::SystemTime};

/// How much is logged; MetalLB's words are understood too (`all` = trace, `none` = off).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What ends the process.
    Error,
    /// Unusual but working.
    Warn,
    /// State changes that an operator cares about.
    #[default]
    Info,
    /// Decisions.
    Debug,
    /// Every packet.
    Trace,
}

impl LogLevel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "none" | "off" => Self::Off,
            "error" => Self::Error,
            "warn" | "warning" => Self::Warn,
            "info" => Self::Info,
            "debug" => Self::Debug,
            "all" | "trace" => Self::Trace,
            other => {
                return Err(format!(
                    "`{other}` is none of error, warn, info, debug, trace, off"
                ));
            }
        })
    }
}

/// Starts logging to standard error. Libraries are held at `warn` unless everything is asked for.
pub fn init(level: LogLevel) {
    let filter = match level {
        LogLevel::Trace => EnvFilter::new("trace"),
        LogLevel::Off | LogLevel::Error => EnvFilter::new(level.as_str()),
        LogLevel::Warn | LogLevel::Info | LogLevel::Debug => EnvFilter::new(format!(
            "{level},kube=warn,kube_client=warn,kube_runtime=warn,hyper=warn,hickory_resolver=error,hickory_proto=error,hickory_net=error,tower=warn,rustls=warn,netlink_proto=warn"
        )),
    };
    let colours = std::io::stderr().is_terminal();
    let installed = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_timer(SystemTime)
        .with_target(false)
        .with_ansi(colours)
        .try_init();
    if let Err(error) = installed {
        tracing::debug!(%error, "logging was started before");
    }
}
