//! `<state>/upgrade`: how far an upgrade is. Written by the command before it switches, by the supervisor from then on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// On trial, or not even put in place.
    Pending,
    /// The new version is healthy.
    Confirmed,
    /// The old version is back in place.
    TakenBack,
    /// The new version was never put in place.
    NotSwitched,
    /// The new version is not healthy, and the old one could not be taken back.
    Stuck,
}

const PHASES: [(Phase, &str); 5] = [
    (Phase::Pending, "pending"),
    (Phase::Confirmed, "confirmed"),
    (Phase::TakenBack, "taken-back"),
    (Phase::NotSwitched, "not-switched"),
    (Phase::Stuck, "stuck"),
];

/// The file's content: `name=value` lines. What is not known is passed over, so that other versions may add to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) phase: Phase,
    /// Version before.
    pub(crate) from: String,
    /// Version after.
    pub(crate) to: String,
    /// SHA-256 of the new file.
    pub(crate) digest: String,
    /// Whether the old version did all that it is there for: then the new one has to as well.
    pub(crate) must_be_whole: Option<bool>,
    /// Deaths of the new version's router.
    pub(crate) deaths: u32,
    /// Starts of the container since the switch.
    pub(crate) starts: u32,
    /// Why it was taken back.
    pub(crate) reason: String,
}

impl Marker {
    /// A new upgrade.
    pub(crate) fn pending(from: &str, to: &str, digest: &str) -> Self {
        Self {
            phase: Phase::Pending,
            from: from.to_string(),
            to: to.to_string(),
            digest: digest.to_string(),
            must_be_whole: None,
            deaths: 0,
            starts: 0,
            reason: String::new(),
        }
    }

    /// The last upgrade; none: there never was one, or its marker cannot be read.
    pub(crate) fn read(state: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(path(state)).ok()?)
    }

    /// Replaces the file; it is on disk when this returns.
    pub(crate) fn write(&self, state: &Path) -> io::Result<()> {
        store::atomic_write(&path(state), self.text().as_bytes()).map_err(io::Error::other)
    }

    fn text(&self) -> String {
        let phase = PHASES.iter().find(|(phase, _)| *phase == self.phase);
        let mut text = format!(
            "phase={}\nfrom={}\nto={}\ndigest={}\ndeaths={}\nstarts={}\nreason={}\n",
            phase.map_or("", |(_, word)| word),
            self.from,
            self.to,
            self.digest,
            self.deaths,
            self.starts,
            self.reason.replace('\n', " ")
        );
        if let Some(whole) = self.must_be_whole {
            text.push_str(&format!("must-be-whole={whole}\n"));
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut marker = Self::pending("", "", "");
        let mut phase = None;
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match name {
                "phase" => phase = PHASES.iter().find(|(_, word)| *word == value),
                "from" => marker.from = value.to_string(),
                "to" => marker.to = value.to_string(),
                "digest" => marker.digest = value.to_string(),
                "must-be-whole" => marker.must_be_whole = value.parse().ok(),
                "deaths" => marker.deaths = value.parse().ok()?,
                "starts" => marker.starts = value.parse().ok()?,
                "reason" => marker.reason = value.to_string(),
                _ => {}
            }
        }
        marker.phase = phase?.0;
        (!marker.digest.is_empty()).then_some(marker)
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("upgrade")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let state = tempfile::tempdir().expect("a folder");
        for (phase, _) in PHASES {
            let marker = Marker {
                phase,
                must_be_whole: Some(true),
                deaths: 2,
                starts: 1,
                reason: "it ended = 3 times".to_string(),
                ..Marker::pending("0.1.0", "0.2.0", "abc")
            };

            marker.write(state.path()).expect("writes");

            assert_eq!(Marker::read(state.path()), Some(marker));
        }
    }

    #[test]
    fn a_marker_of_a_later_version_is_understood_and_a_broken_one_is_none() {
        let text = "phase=pending\ncolour=blue\nto=9\ndigest=d\n";

        assert_eq!(Marker::parse(text), Some(Marker::pending("", "9", "d")));
        assert_eq!(Marker::parse("phase=pending\ndigest=\n"), None);
        assert_eq!(Marker::parse("phase=other\ndigest=d\n"), None);
        assert_eq!(Marker::parse("\0\0"), None);
    }
}
