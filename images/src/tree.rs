//! A tree of files in memory: what an image holds, before it has a format.
//!
//! Members are kept in the order of their paths, so parents come first and two builds give the same order. There are no hard links and no special files, because no reader of our images needs them and one of them
//! (Talos' extractor) turns hard links into empty files.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt, symlink},
    path::Path,
};

use anyhow::{Context, Result, ensure};

/// Mode of a folder that anybody may enter.
pub const FOLDER: u32 = 0o755;
/// Mode of a file that anybody may read.
pub const READABLE: u32 = 0o644;
/// Mode of a program.
pub const PROGRAM: u32 = 0o755;

/// What stands under a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A folder.
    Folder,
    /// A regular file with these octets.
    File(Vec<u8>),
    /// A symbolic link to this target.
    Link(String),
}

/// One member of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Permission bits.
    pub mode: u32,
    /// Number of the user and of the group it belongs to.
    pub owner: u32,
    /// What it is.
    pub content: Content,
    /// Value of the extended attribute `security.capability`.
    pub capabilities: Option<Vec<u8>>,
}

/// Files under relative paths such as `usr/local/bin/lanlord`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    members: BTreeMap<String, Member>,
}

impl Tree {
    /// A tree without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a folder that anybody may enter, and its parents.
    pub fn folder(&mut self, path: &str) {
        self.add(path, FOLDER, Content::Folder);
    }

    /// Adds a folder with a mode of its own, and its parents.
    pub fn folder_with_mode(&mut self, path: &str, mode: u32) {
        self.add(path, mode, Content::Folder);
    }

    /// Adds a file that anybody may read, and its parents.
    pub fn file(&mut self, path: &str, octets: impl Into<Vec<u8>>) {
        self.add(path, READABLE, Content::File(octets.into()));
    }

    /// Adds a program, and its parents.
    pub fn program(&mut self, path: &str, octets: impl Into<Vec<u8>>) {
        self.add(path, PROGRAM, Content::File(octets.into()));
    }

    /// Adds a symbolic link, and its parents.
    pub fn link(&mut self, path: &str, target: &str) {
        self.add(path, 0o777, Content::Link(target.to_owned()));
    }

    /// Adds a member with a mode of its own, and its parents.
    pub fn insert(&mut self, path: &str, mode: u32, content: Content) {
        self.add(path, mode, content);
    }

    /// Gives a member to a user and the group of the same number.
    pub fn give(&mut self, path: &str, owner: u32) {
        if let Some(member) = self.members.get_mut(path) {
            member.owner = owner;
        }
    }

    /// Gives a program file capabilities; the value of `security.capability`.
    pub fn permit(&mut self, path: &str, capabilities: Vec<u8>) {
        if let Some(member) = self.members.get_mut(path) {
            member.capabilities = Some(capabilities);
        }
    }

    /// The members, parents before children.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.members
            .iter()
            .map(|(path, member)| (path.as_str(), member))
    }

    /// The member under a path.
    pub fn get(&self, path: &str) -> Option<&Member> {
        self.members.get(path)
    }

    /// Octets of all files together.
    pub fn size(&self) -> u64 {
        self.members
            .values()
            .map(|member| match &member.content {
                Content::File(octets) => octets.len() as u64,
                Content::Folder | Content::Link(_) => 0,
            })
            .sum()
    }

    /// Writes the tree below a folder that exists; owner is whoever runs this, and capabilities are left out.
    pub fn unpack(&self, below: &Path) -> Result<()> {
        for (path, member) in self.members() {
            let target = below.join(path);
            unpack_one(&target, member).with_context(|| format!("write {}", target.display()))?;
        }
        Ok(())
    }

    /// Reads a folder as a tree, as the image directory of a package wants it. Links stay links.
    pub fn read(from: &Path) -> Result<Self> {
        let mut tree = Self::new();
        tree.read_below(from, "")?;
        Ok(tree)
    }

    fn read_below(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("list {}", folder.display()))?;
            let name = entry.file_name();
            let name = name
                .to_str()
                .with_context(|| format!("{}: a name that is not UTF-8", entry.path().display()))?;
            let path = format!("{prefix}{name}");
            let status = fs::symlink_metadata(entry.path())
                .with_context(|| format!("look at {}", entry.path().display()))?;
            let mode = status.permissions().mode() & 0o7777;
            if status.is_dir() {
                self.add(&path, mode, Content::Folder);
                self.read_below(&entry.path(), &format!("{path}/"))?;
            } else if status.is_symlink() {
                let target = fs::read_link(entry.path())
                    .with_context(|| format!("read {}", entry.path().display()))?;
                self.link(&path, &target.to_string_lossy());
            } else {
                ensure!(
                    status.is_file(),
                    "{} is a special file",
                    entry.path().display()
                );
                let octets = fs::read(entry.path())
                    .with_context(|| format!("read {}", entry.path().display()))?;
                self.add(&path, mode, Content::File(octets));
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, mode: u32, content: Content) {
        for (end, _) in path.match_indices('/') {
            self.members
                .entry(path[..end].to_owned())
                .or_insert_with(|| Member {
                    mode: FOLDER,
                    owner: 0,
                    content: Content::Folder,
                    capabilities: None,
                });
        }
        self.members.insert(
            path.to_owned(),
            Member {
                mode,
                owner: 0,
                content,
                capabilities: None,
            },
        );
    }
}

fn unpack_one(target: &Path, member: &Member) -> std::io::Result<()> {
    match &member.content {
        Content::Folder => {
            fs::DirBuilder::new().mode(member.mode).create(target)?;
            // The mask of the process took bits away.
            fs::set_permissions(target, fs::Permissions::from_mode(member.mode))
        }
        Content::File(octets) => {
            fs::write(target, octets)?;
            fs::set_permissions(target, fs::Permissions::from_mode(member.mode))
        }
        Content::Link(to) => symlink(to, target),
    }
}
