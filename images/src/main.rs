//! `cargo images`: builds what people install.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use images::{Built, Kind, Options, Source, architecture::Architecture, compress::Effort};

/// Builds the Talos extension, the Proxmox template, the OCI image and the Debian package into target/images.
#[derive(Debug, Parser)]
#[command(name = "cargo images", bin_name = "cargo images", version)]
struct Arguments {
    /// Which images; without any, all.
    #[arg(value_enum)]
    kinds: Vec<Kind>,
    /// For which processors; without any, those whose Rust target is installed.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ARCH")]
    arch: Vec<Architecture>,
    /// Take this program instead of building the release binary.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where the images go, instead of target/images.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Compress quickly and badly, and accept any size: for tests with a development build.
    #[arg(long)]
    fast: bool,
    /// Print what was built as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let json = arguments.json;
    let built = images::build(&options(arguments)?)?;
    let text = if json {
        serde_json::to_string_pretty(&built).context("print as JSON")?
    } else {
        words(&built)
    };
    let _ = writeln!(std::io::stdout().lock(), "{text}");
    Ok(())
}

fn options(arguments: Arguments) -> Result<Options> {
    let source = Source::here()?;
    let architectures = match (arguments.arch.is_empty(), &arguments.binary) {
        (false, _) => arguments.arch,
        // The program itself says what it is for.
        (true, Some(file)) => vec![images::architecture_of(file)?],
        (true, None) => Architecture::installed()?,
    };
    ensure!(
        !architectures.is_empty(),
        "no Rust target that we build for is installed; `rustup target add x86_64-unknown-linux-gnu` installs one"
    );
    Ok(Options {
        kinds: if arguments.kinds.is_empty() {
            Kind::ALL.to_vec()
        } else {
            arguments.kinds
        },
        architectures,
        binary: arguments.binary,
        out: arguments
            .out
            .unwrap_or_else(|| source.root().join("target/images")),
        effort: if arguments.fast {
            Effort::Fast
        } else {
            Effort::Best
        },
        source,
    })
}

fn words(built: &Built) -> String {
    let mut text = String::new();
    for image in &built.images {
        for path in &image.paths {
            text.push_str(&format!("{}\n", path.display()));
        }
        text.push_str(&format!("    {:.2} MB\n", image.size as f64 / 1e6));
        for line in &image.next {
            text.push_str(&format!("    $ {line}\n"));
        }
    }
    text.push_str(&format!("{}", built.checksums.display()));
    text
}
