//! Printing, where a closed pipe is no reason to fail.

use std::io::Write;

/// Prints one line on stdout.
pub fn say(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout().lock(), "{}", line.as_ref());
}

/// Prints one line on stderr.
pub fn complain(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr().lock(), "{}", line.as_ref());
}
