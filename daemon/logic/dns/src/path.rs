//! Where a name stands in the tree: its labels from the root down, in lower case, each led by its length.
//!
//! `www.example.com.` becomes `3com7example3www`. Ancestors are prefixes and descendants are neighbours in byte order,
//! so that one ordered map answers "is it there", "is anything below it" and "which is the closest encloser" without
//! walking labels one by one, and a lookup allocates nothing.

use hickory_proto::rr::Name;

/// Longest name on the wire (RFC 1035, 3.1), without the root's octet.
const MAX_OCTETS: usize = 254;
/// A label takes at least two octets.
const MAX_LABELS: usize = MAX_OCTETS / 2;

/// A name as a key of the zone tree, on the stack.
#[derive(Clone)]
pub(crate) struct Path {
    octets: [u8; MAX_OCTETS],
    /// `ends[n]` is the length of the prefix of `n + 1` labels.
    ends: [u8; MAX_LABELS],
    labels: usize,
}

impl Path {
    /// The path of a name. Names longer than the wire allows cannot be built by hickory's parser; labels past the
    /// limit are left out.
    pub(crate) fn of(name: &Name) -> Self {
        let mut path = Self::root();
        for label in name.iter().rev() {
            path.push(label);
        }
        path
    }

    /// The path of the root: no label.
    pub(crate) const fn root() -> Self {
        Self {
            octets: [0; MAX_OCTETS],
            ends: [0; MAX_LABELS],
            labels: 0,
        }
    }

    /// Goes one label down.
    pub(crate) fn push(&mut self, label: &[u8]) {
        let start = self.len();
        let end = start + 1 + label.len();
        let (Ok(length), Ok(end_octet)) = (u8::try_from(label.len()), u8::try_from(end)) else {
            return;
        };
        if end > MAX_OCTETS || self.labels == MAX_LABELS {
            return;
        }
        self.octets[start] = length;
        for (to, from) in self.octets[start + 1..end].iter_mut().zip(label) {
            *to = from.to_ascii_lowercase();
        }
        self.ends[self.labels] = end_octet;
        self.labels += 1;
    }

    /// Number of labels, the root not counted.
    pub(crate) const fn labels(&self) -> usize {
        self.labels
    }

    /// The whole path.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets[..self.len()]
    }

    /// The path of the ancestor with `labels` labels, or of the name itself when it has no more.
    pub(crate) fn ancestor(&self, labels: usize) -> &[u8] {
        match labels.min(self.labels) {
            0 => &[],
            count => &self.octets[..usize::from(self.ends[count - 1])],
        }
    }

    /// How many labels this path shares with `other`, counted from the root.
    pub(crate) fn common_labels(&self, other: &[u8]) -> usize {
        let shared = self
            .octets()
            .iter()
            .zip(other)
            .take_while(|(ours, theirs)| ours == theirs)
            .count();
        self.ends[..self.labels]
            .iter()
            .take_while(|end| usize::from(**end) <= shared)
            .count()
    }

    fn len(&self) -> usize {
        match self.labels {
            0 => 0,
            count => usize::from(self.ends[count - 1]),
        }
    }
}

#[cfg(test)]
mod tests;
