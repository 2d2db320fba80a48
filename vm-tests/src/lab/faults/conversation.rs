//! A TCP connection that stays open while other things happen.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::machine::Machine;

/// Sends a line, expects it back within three seconds, reports; once per line of stdin.
const SCRIPT: &str = r#"
exec 3<>"/dev/tcp/$0/$1" || exit 1
while read -r line; do
  echo "$line" >&3
  if read -r -t 3 back <&3; then echo "$back"; else echo silence; fi
done"#;

/// An open connection to an echo server.
#[derive(Debug)]
pub(crate) struct Conversation {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    said: u32,
}

impl Conversation {
    /// Opens it from a machine.
    pub(crate) fn open(machine: &Machine, address: &str, port: &str) -> Result<Self> {
        let mut child = machine
            .command("bash")
            .args(["-c", SCRIPT, address, port])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("run bash")?;
        let stdin = child.stdin.take().context("stdin is a pipe")?;
        let stdout = BufReader::new(child.stdout.take().context("stdout is a pipe")?);
        let mut conversation = Self {
            child,
            stdin,
            stdout,
            said: 0,
        };
        conversation.go_on()?;
        Ok(conversation)
    }

    /// Says one thing and hears it again.
    pub(crate) fn go_on(&mut self) -> Result<()> {
        self.said += 1;
        let line = format!("line-{}", self.said);
        writeln!(self.stdin, "{line}").context("speak")?;
        let mut back = String::new();
        self.stdout.read_line(&mut back).context("listen")?;
        ensure!(back.trim() == line, "said {line}, heard {:?}", back.trim());
        Ok(())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
