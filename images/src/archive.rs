//! A tree as a tar archive: POSIX headers, numbers for owners, one time for all members.

use anyhow::{Context, Result, ensure};
use tar::{Builder, EntryType, Header};

use crate::tree::{Content, Member, Tree};

/// How members are named and dated.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Put before each path: nothing, or `./` as Proxmox and dpkg want it (the root folder then is a member, too).
    pub prefix: &'a str,
    /// Seconds since 1970 of every member.
    pub mtime: u64,
    /// The member that comes before all others, if there is one.
    pub first: Option<&'a str>,
}

/// The octets of the archive.
pub fn pack(tree: &Tree, style: Style<'_>) -> Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    if let Some(path) = style.first {
        let member = tree
            .get(path)
            .with_context(|| format!("{path} is to come first, and is not there"))?;
        append(&mut builder, path, member, style)?;
    }
    if !style.prefix.is_empty() {
        let root = Member {
            mode: crate::tree::FOLDER,
            owner: 0,
            content: Content::Folder,
            capabilities: None,
        };
        append(&mut builder, "", &root, style)?;
    }
    for (path, member) in tree.members() {
        if style.first != Some(path) {
            append(&mut builder, path, member, style)?;
        }
    }
    builder.into_inner().context("end the archive")
}

fn append(
    builder: &mut Builder<Vec<u8>>,
    path: &str,
    member: &Member,
    style: Style<'_>,
) -> Result<()> {
    let (kind, octets, target): (_, &[u8], _) = match &member.content {
        Content::Folder => (EntryType::Directory, &[], ""),
        Content::File(octets) => (EntryType::Regular, octets, ""),
        Content::Link(target) => (EntryType::Symlink, &[], target.as_str()),
    };
    let slash = if kind == EntryType::Directory && !path.is_empty() {
        "/"
    } else {
        ""
    };
    let name = format!("{}{path}{slash}", style.prefix);
    let mut header = Header::new_ustar();
    set_name(&mut header, &name)?;
    header
        .set_link_name_literal(target)
        .with_context(|| format!("name the target of {name}"))?;
    header.set_entry_type(kind);
    header.set_mode(member.mode);
    header.set_uid(member.owner.into());
    header.set_gid(member.owner.into());
    header.set_mtime(style.mtime);
    header.set_size(octets.len() as u64);
    header.set_cksum();
    if let Some(capabilities) = &member.capabilities {
        builder
            .append_pax_extensions([("SCHILY.xattr.security.capability", capabilities.as_slice())])
            .with_context(|| format!("add the capabilities of {name}"))?;
    }
    builder
        .append(&header, octets)
        .with_context(|| format!("add {name}"))
}

/// Writes the name as it is (the library would drop a leading `./`), split at a slash where it is long.
fn set_name(header: &mut Header, name: &str) -> Result<()> {
    const NAME: usize = 100;
    const PREFIX: usize = 155;
    let fields = header.as_ustar_mut().context("a POSIX header")?;
    let split = if name.len() <= NAME {
        0
    } else {
        let end = name.len() - 1;
        name[..end]
            .match_indices('/')
            .map(|(at, _)| at)
            .find(|at| name.len() - at - 1 <= NAME)
            .unwrap_or(0)
    };
    let (prefix, rest) = if split == 0 {
        ("", name)
    } else {
        (&name[..split], &name[split + 1..])
    };
    ensure!(
        rest.len() <= NAME && prefix.len() <= PREFIX,
        "{name} is too long for a POSIX tar header"
    );
    fields.name[..rest.len()].copy_from_slice(rest.as_bytes());
    fields.prefix[..prefix.len()].copy_from_slice(prefix.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests;
