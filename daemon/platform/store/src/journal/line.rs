//! One record as a line: CRC-32 of the JSON in eight hexadecimal digits, a blank, the JSON, a line end.

use serde::{Serialize, de::DeserializeOwned};

/// Digits of the checksum and the blank behind it.
const PREFIX: usize = 9;

/// What a file holds.
pub(super) struct Read<R> {
    pub(super) records: Vec<R>,
    /// Octets up to the end of the last whole record.
    pub(super) whole: usize,
    /// Lines before that which are no records.
    pub(super) damaged: usize,
}

/// Reads every line. Lines behind the last good one were being written when the power failed: blocks of one commit
/// may reach the disk in any order, so that even a later line of them can look whole up to its end.
pub(super) fn read_all<R: DeserializeOwned>(content: &[u8]) -> Read<R> {
    let mut read = Read {
        records: Vec::new(),
        whole: 0,
        damaged: 0,
    };
    let mut at = 0;
    let mut doubtful = 0;
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        at += line.len();
        match parse(line) {
            Some(record) => {
                read.records.push(record);
                read.damaged += doubtful;
                read.whole = at;
                doubtful = 0;
            }
            None => doubtful += 1,
        }
    }
    read
}

/// Appends the record's line.
pub(super) fn write<R: Serialize>(record: &R, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let json = serde_json::to_vec(record)?;
    out.extend(format!("{:08x} ", crc32fast::hash(&json)).into_bytes());
    out.extend(json);
    out.push(b'\n');
    Ok(())
}

fn parse<R: DeserializeOwned>(line: &[u8]) -> Option<R> {
    let line = line.strip_suffix(b"\n")?;
    let (prefix, json) = line.split_at_checked(PREFIX)?;
    let expected = format!("{:08x} ", crc32fast::hash(json));
    if prefix != expected.as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}
