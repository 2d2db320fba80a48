//! QEMU's monitor: the power switch of a guest.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The monitor answers at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the switch can do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Switch {
    /// Power is cut: the guest gets no word of it.
    Quit,
    /// The reset button: the guest gets no word of it and starts again.
    Reset,
}

/// Presses the switch.
pub(super) fn press(socket: &Path, switch: Switch) -> Result<()> {
    let stream = UnixStream::connect(socket)
        .with_context(|| format!("connect to the monitor {}", socket.display()))?;
    stream
        .set_read_timeout(Some(TIMEOUT))
        .context("bound the wait for the monitor")?;
    let mut writer = stream.try_clone().context("share the monitor")?;
    let mut reader = BufReader::new(stream);
    let mut greeting = String::new();
    reader
        .read_line(&mut greeting)
        .context("read the monitor's greeting")?;
    let command = match switch {
        Switch::Quit => "quit",
        Switch::Reset => "system_reset",
    };
    for command in ["qmp_capabilities", command] {
        writeln!(writer, "{}", json!({ "execute": command }))
            .with_context(|| format!("send {command}"))?;
        await_return(&mut reader, command)?;
    }
    Ok(())
}

/// Events may come before the answer; after `quit` the end of the connection is one.
fn await_return(reader: &mut impl BufRead, command: &str) -> Result<()> {
    loop {
        let mut line = String::new();
        let read = reader
            .read_line(&mut line)
            .with_context(|| format!("wait for the answer to {command}"))?;
        if read == 0 {
            return Ok(());
        }
        let answer: Value = serde_json::from_str(&line)
            .with_context(|| format!("understand the monitor: {line}"))?;
        if answer.get("return").is_some() {
            return Ok(());
        }
        if let Some(error) = answer.get("error") {
            bail!("{command}: {error}");
        }
    }
}
