//! A lanlord that is ill: this program with a mark at its end. It passes for lanlord, and its supervisor is the real
//! one, but its router is not well.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    process::ExitCode,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::output::say;

/// What is wrong with its router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// It ends at once.
    Exits,
    /// It ends after some time.
    Sickly,
    /// It runs, and never becomes ready.
    NeverReady,
}

/// How long a sickly router lives.
const LIFE: Duration = Duration::from_secs(3);

/// Length of a mark, in octets.
const MARK: usize = 25;
const MARK_BACK: i64 = 25;

const MARKS: [(Ailment, &[u8; MARK]); 3] = [
    (Ailment::Exits, b"\nlanlord stand-in: exits "),
    (Ailment::Sickly, b"\nlanlord stand-in: sickly"),
    (Ailment::NeverReady, b"\nlanlord stand-in: never "),
];

/// The program, marked.
pub fn ill(ailment: Ailment) -> Result<Vec<u8>> {
    let mut content = std::fs::read("/proc/self/exe").context("read this program")?;
    let mark = MARKS.iter().find(|(known, _)| *known == ailment);
    content.extend_from_slice(mark.map_or(&[], |(_, mark)| mark.as_slice()));
    Ok(content)
}

/// Plays the part, if this program is a marked one; none: it is not.
pub fn act() -> Option<ExitCode> {
    let ailment = own_mark()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Some(match arguments.as_slice() {
        ["--version"] => {
            say("lanlord 9.9.9");
            ExitCode::SUCCESS
        }
        [] | ["init"] => appliance::init(&appliance::Options {
            state: "/var/lib/lanlord".into(),
            socket: crate::lab::SOCKET.into(),
        }),
        ["router"] => be_ill(ailment),
        _ => ExitCode::SUCCESS,
    })
}

fn be_ill(ailment: Ailment) -> ExitCode {
    match ailment {
        Ailment::Exits => {}
        Ailment::Sickly => thread::sleep(LIFE),
        Ailment::NeverReady => loop {
            thread::park();
        },
    }
    ExitCode::FAILURE
}

fn own_mark() -> Option<Ailment> {
    let mut file = File::open("/proc/self/exe").ok()?;
    file.seek(SeekFrom::End(-MARK_BACK)).ok()?;
    let mut end = [0; MARK];
    file.read_exact(&mut end).ok()?;
    MARKS
        .iter()
        .find(|(_, mark)| **mark == end)
        .map(|(ailment, _)| *ailment)
}
