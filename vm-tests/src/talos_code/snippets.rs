//! Machine configurations in the documentation: fenced blocks marked `yaml` with documents of Talos.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{Expected, Question};
use crate::lab::build::workspace;

/// Folders without documentation of ours.
const PASSED_OVER: [&str; 3] = ["target", ".git", "node_modules"];
/// Kinds that only Talos 1.14 and later know: no code that is at hand can judge them.
const LATER: [&str; 2] = ["kind: KubeInlineManifestConfig", "kind: KubeNodeConfig"];

/// Each block as a patch of a control plane, as a reader would use it.
pub(super) fn questions(scratch: &Path) -> Result<Vec<Question>> {
    let folder = scratch.join("snippets");
    fs::create_dir(&folder).with_context(|| format!("create {}", folder.display()))?;
    let mut questions = Vec::new();
    for page in pages(&workspace())? {
        let text = fs::read_to_string(&page).with_context(|| format!("read {}", page.display()))?;
        for (line, block) in blocks(&text) {
            if !is_machine_config(&block) || LATER.iter().any(|kind| block.contains(kind)) {
                continue;
            }
            let file = folder.join(format!("{}.yaml", questions.len()));
            fs::write(&file, block).with_context(|| format!("write {}", file.display()))?;
            questions.push(Question {
                about: format!("{}:{line}", page.display()),
                words: format!("patch\tcontrolplane\t{}", file.display()),
                expected: Expected::Accepted,
            });
        }
    }
    Ok(questions)
}

/// All Markdown below a folder, in a fixed order.
fn pages(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry.context("list a folder")?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() && !PASSED_OVER.contains(&name.as_ref()) {
            pages.extend(self::pages(&path)?);
        } else if name.ends_with(".md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// The blocks marked `yaml`, each with the number of its first line; the indent of the fence is taken off.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        match &mut open {
            None if matches!(content.trim_end(), "```yaml" | "```yml") => {
                open = Some((at + 2, indent, String::new()));
            }
            None => {}
            Some(_) if content.starts_with("```") => {
                let (line, _, block) = open.take().unwrap_or_default();
                blocks.push((line, block));
            }
            Some((_, fence, block)) => {
                block.push_str(line.get((*fence).min(indent)..).unwrap_or_default());
                block.push('\n');
            }
        }
    }
    blocks
}

/// Whether a document begins as only Talos' do: with `machine:` or `cluster:`, or of version `v1alpha1` without a group.
fn is_machine_config(block: &str) -> bool {
    block.lines().any(|line| {
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        matches!(
            line,
            "machine:" | "cluster:" | "apiVersion: v1alpha1" | "version: v1alpha1"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_lines_and_without_the_indent_of_a_list() {
        let page = "text\n```yaml\na: 1\n```\n1. item\n\n   ```yaml\n   b:\n     c: 2\n   ```\n```toml\nd = 3\n```\n";

        let found = blocks(page);

        assert_eq!(
            found,
            [(3, "a: 1\n".to_owned()), (8, "b:\n  c: 2\n".to_owned())]
        );
    }

    #[test]
    fn machine_configurations_are_told_from_objects_of_kubernetes() {
        assert!(is_machine_config("machine:\n  install: {}\n"));
        assert!(is_machine_config(
            "apiVersion: v1alpha1\nkind: NetworkRuleConfig\n"
        ));
        assert!(is_machine_config("cluster: # all of it\n  name: lab\n"));
        assert!(!is_machine_config(
            "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\n"
        ));
        assert!(!is_machine_config("spec:\n  machine:\n"));
    }
}
