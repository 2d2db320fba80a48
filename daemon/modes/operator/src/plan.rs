//! `lanlord plan DIR`: the dry run.

use std::{collections::BTreeMap, fmt::Write, path::Path, process::ExitCode};

use ::plan::{AddressSource, Options};
use cluster::manifests;

use crate::print::{self, Output};

/// The plan has refusals or a file is wrong.
const EXIT_REFUSED: u8 = 1;
/// Nothing readable was found.
const EXIT_UNREADABLE: u8 = 3;

/// Plans from the objects in `folder`, as the lease holder would on a cluster that starts from them.
pub fn plan(
    folder: &Path,
    lb_class: Option<String>,
    ignore_exclude_lb: bool,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let settings = cluster::Settings {
        lb_class,
        ..cluster::Settings::default()
    };
    let view = match manifests::load(folder, &settings) {
        Ok(view) => view,
        Err(error) => {
            print::write(&format!("{:#}\n", anyhow::Error::from(error)))?;
            return Ok(ExitCode::from(EXIT_UNREADABLE));
        }
    };
    let nothing_held = BTreeMap::new();
    let source = AddressSource::Allocate(&nothing_held);
    let plan = ::plan::plan(&view.snapshot, source, &Options { ignore_exclude_lb });
    print::answer(&plan, output, |plan| {
        let mut text = plan.to_string();
        for problem in &view.problems {
            let _ = writeln!(text, "{problem}");
        }
        text
    })?;
    let clean = view.problems.is_empty() && plan.refusals().is_empty();
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_REFUSED)
    })
}
