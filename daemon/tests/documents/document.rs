//! The documents, cut into blocks of code and lines of text.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One of the repository's `*.md`.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    text: String,
}

/// A block of code.
pub(crate) struct Block {
    /// Line of the document where its content starts.
    pub(crate) line: usize,
    /// `yaml`, `toml`, `sh`, `console`; empty for an indented block.
    pub(crate) language: String,
    pub(crate) text: String,
}

impl Document {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut found = Vec::new();
        for folder in [
            "",
            "daemon",
            "extension",
            "extension/network/lanlord",
            "lxc-router",
            "images",
            "vm-tests/on-hardware",
        ] {
            let Ok(entries) = fs::read_dir(root.join(folder)) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "md") {
                    let text = fs::read_to_string(&path).unwrap();
                    found.push(Self { path, text });
                }
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        found
    }

    /// `file:line` for a message.
    pub(crate) fn place(&self, line: usize) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let path = self.path.strip_prefix(root).unwrap_or(&self.path);
        format!("{}:{line}", path.display())
    }

    pub(crate) fn blocks(&self) -> Vec<Block> {
        self.parts().0
    }

    /// Lines outside blocks, with their number.
    pub(crate) fn prose(&self) -> Vec<(usize, &str)> {
        self.parts().1
    }

    fn parts(&self) -> (Vec<Block>, Vec<(usize, &str)>) {
        let (mut blocks, mut prose) = (Vec::<Block>::new(), Vec::new());
        let mut fence: Option<Block> = None;
        for (index, line) in self.text.lines().enumerate() {
            let line_number = index + 1;
            match (&mut fence, line.trim_start().strip_prefix("```")) {
                (None, Some(language)) => {
                    fence = Some(Block {
                        line: line_number + 1,
                        language: language.trim().to_string(),
                        text: String::new(),
                    });
                }
                (Some(_), Some(_)) => blocks.extend(fence.take()),
                (Some(block), None) => append(block, line),
                (None, None) => match line.strip_prefix("    ") {
                    Some(code) if !code.trim_start().starts_with(['|', '-', '*']) => {
                        match blocks.last_mut() {
                            Some(last) if last.language.is_empty() && last.ends_at(line_number) => {
                                append(last, code);
                            }
                            _ => blocks.push(Block {
                                line: line_number,
                                language: String::new(),
                                text: format!("{code}\n"),
                            }),
                        }
                    }
                    _ => prose.push((line_number, line)),
                },
            }
        }
        assert!(
            fence.is_none(),
            "{}: a block does not end",
            self.path.display()
        );
        (blocks, prose)
    }
}

fn append(block: &mut Block, line: &str) {
    block.text.push_str(line);
    block.text.push('\n');
}

impl Block {
    fn ends_at(&self, line: usize) -> bool {
        self.line + self.text.lines().count() == line
    }
}
