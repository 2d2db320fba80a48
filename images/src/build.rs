//! One build: the program, then each image that was asked for.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    architecture::Architecture,
    archive::{self, Style},
    binary,
    compress::{self, Effort},
    container, deb,
    debian::Package,
    extension, nft, oci,
    output::Output,
    source::{Source, VERSION},
    spdx::Bill,
    steps, template,
    tree::Tree,
};

/// An image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The plain static program
    Binary,
    /// Talos system extension
    Extension,
    /// Proxmox LXC template of the router
    Template,
    /// OCI image for DaemonSets and for Proxmox 9.1
    Oci,
    /// Debian package of the router
    Deb,
    /// Bill of materials of all of them, SPDX
    Sbom,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Binary,
        Self::Extension,
        Self::Template,
        Self::Oci,
        Self::Deb,
        Self::Sbom,
    ];

    /// Largest compressed size that we ship, in octets.
    const fn limit(self) -> u64 {
        const MEGABYTE: u64 = 1_000_000;
        match self {
            Self::Binary => 16 * 1024 * 1024,
            Self::Extension | Self::Oci | Self::Deb => 8 * MEGABYTE,
            Self::Template => 12 * MEGABYTE,
            Self::Sbom => MEGABYTE,
        }
    }
}

/// What to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// The repository.
    pub source: Source,
    /// Which images.
    pub kinds: Vec<Kind>,
    /// For which processors.
    pub architectures: Vec<Architecture>,
    /// A program that was built before, for the one architecture.
    pub binary: Option<PathBuf>,
    /// Where the images go.
    pub out: PathBuf,
    /// How hard to compress; [`Effort::Fast`] also lifts the limits of size.
    pub effort: Effort,
}

/// An image that was built.
#[derive(Clone, Debug, Serialize)]
pub struct Image {
    /// What it is.
    pub kind: Kind,
    /// Its processor; none where several are in it.
    pub architecture: Option<&'static str>,
    /// Where it is. An OCI layout has two: the folder, and the archive of it.
    pub paths: Vec<PathBuf>,
    /// Octets of what is downloaded: the compressed layer, template or package.
    pub size: u64,
    /// What to type next.
    pub next: Vec<String>,
}

/// What a build gave.
#[derive(Clone, Debug, Serialize)]
pub struct Built {
    /// The images, in the order of their kinds.
    pub images: Vec<Image>,
    /// Digests of all files beside it.
    pub checksums: PathBuf,
}

/// Builds the images. A failure leaves what was there before.
pub fn build(options: &Options) -> Result<Built> {
    ensure!(
        options.binary.is_none() || options.architectures.len() == 1,
        "a program given by hand is for one architecture: say which"
    );
    for architecture in &options.architectures {
        // A program given by hand needs no Rust target.
        if options.binary.is_none() {
            architecture.require()?;
        }
    }
    let mut run = Run {
        options,
        output: Output::begin(&options.out)?,
        images: Vec::new(),
        packages: BTreeMap::new(),
    };
    let programs = run.programs()?;
    let mut kinds = options.kinds.clone();
    // The bill of materials comes last: it tells what the template took.
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        run.kind(kind, &programs)
            .with_context(|| format!("build {kind:?}"))?;
    }
    let images = run.images;
    let checksums = run.output.publish()?;
    Ok(Built { images, checksums })
}

/// A program, and the processor that it is for.
type Program = (Architecture, Vec<u8>);

struct Run<'a> {
    options: &'a Options,
    output: Output,
    images: Vec<Image>,
    /// What the templates took from Debian.
    packages: BTreeMap<Architecture, Vec<Package>>,
}

impl Run<'_> {
    fn programs(&self) -> Result<Vec<Program>> {
        self.options
            .architectures
            .iter()
            .map(|architecture| {
                let program = match &self.options.binary {
                    Some(file) => binary::given(file, *architecture),
                    None => binary::release(&self.options.source, *architecture),
                };
                Ok((*architecture, program?))
            })
            .collect()
    }

    fn kind(&mut self, kind: Kind, programs: &[Program]) -> Result<()> {
        match kind {
            Kind::Oci => return self.container(programs),
            Kind::Sbom => return self.sbom(),
            Kind::Binary | Kind::Extension | Kind::Template | Kind::Deb => {}
        }
        for (architecture, program) in programs {
            match kind {
                Kind::Binary => self.binary(*architecture, program)?,
                Kind::Extension => self.extension(*architecture, program)?,
                Kind::Template => self.template(*architecture, program)?,
                Kind::Deb => self.deb(*architecture, program)?,
                Kind::Oci | Kind::Sbom => {}
            }
        }
        Ok(())
    }

    fn binary(&mut self, architecture: Architecture, program: &[u8]) -> Result<()> {
        let name = format!("lanlord-{VERSION}-{architecture}");
        self.output.program(&name, program)?;
        self.done(Kind::Binary, Some(architecture), &[name], program.len())
    }

    fn extension(&mut self, architecture: Architecture, program: &[u8]) -> Result<()> {
        let source = &self.options.source;
        let sbom = Bill::of_program(source, &[architecture])?.print(source)?;
        let tree = extension::tree(source, program, &sbom)?;
        let image = oci::Image {
            architecture,
            tree: &tree,
            start: oci::Start::default(),
        };
        let about = oci::About {
            title: "lanlord-extension",
            description: "Talos system extension: LoadBalancer addresses on the LAN by ARP, and their names",
        };
        let layout = oci::layout(source, &[image], about, self.options.effort)?;
        let name = format!("lanlord-extension-{VERSION}-{architecture}");
        self.layout(Kind::Extension, Some(architecture), &name, &layout)
    }

    fn template(&mut self, architecture: Architecture, program: &[u8]) -> Result<()> {
        let cache = self.options.source.root().join("target/images-cache");
        let nft = nft::collect(architecture, &cache)?;
        let tree = template::tree(&self.options.source, architecture, program, &nft)?;
        let style = Style {
            prefix: "./",
            mtime: self.options.source.mtime(),
            first: Some(template::APPLIANCE_INFO),
        };
        let packed = compress::zstd(&archive::pack(&tree, style)?, self.options.effort)?;
        let name = format!("lanlord-router_{VERSION}-1_{architecture}.tar.zst");
        self.output.file(&name, &packed)?;
        self.packages.insert(architecture, nft.packages);
        self.done(Kind::Template, Some(architecture), &[name], packed.len())
    }

    fn container(&mut self, programs: &[Program]) -> Result<()> {
        let licence = self.options.source.text("LICENSE")?;
        let trees: Vec<(Architecture, Tree)> = programs
            .iter()
            .map(|(architecture, program)| (*architecture, container::tree(program, &licence)))
            .collect();
        let images: Vec<oci::Image<'_>> = trees
            .iter()
            .map(|(architecture, tree)| oci::Image {
                architecture: *architecture,
                tree,
                start: container::start(),
            })
            .collect();
        let about = oci::About {
            title: "lanlord",
            description: "LoadBalancer addresses, DHCP and DNS for a LAN",
        };
        let layout = oci::layout(&self.options.source, &images, about, self.options.effort)?;
        self.layout(Kind::Oci, None, &format!("lanlord-{VERSION}"), &layout)
    }

    fn deb(&mut self, architecture: Architecture, program: &[u8]) -> Result<()> {
        let options = self.options;
        let package = deb::build(&options.source, architecture, program, options.effort)?;
        let name = format!("lanlord_{VERSION}-1_{architecture}.deb");
        self.output.file(&name, &package)?;
        self.done(Kind::Deb, Some(architecture), &[name], package.len())
    }

    fn sbom(&mut self) -> Result<()> {
        let source = &self.options.source;
        let mut bill = Bill::of_program(source, &self.options.architectures)?;
        for (architecture, packages) in &self.packages {
            bill.add_template(*architecture, packages);
        }
        let text = bill.print(source)?;
        let name = format!("lanlord-{VERSION}.spdx.json");
        self.output.file(&name, text.as_bytes())?;
        self.done(Kind::Sbom, None, &[name], text.len())
    }

    /// Writes a layout as a folder and as an archive of that folder.
    fn layout(
        &mut self,
        kind: Kind,
        architecture: Option<Architecture>,
        name: &str,
        layout: &oci::Layout,
    ) -> Result<()> {
        let (folder, file) = (format!("{name}.oci"), format!("{name}.tar"));
        let style = Style {
            prefix: "",
            mtime: self.options.source.mtime(),
            first: Some("oci-layout"),
        };
        self.output.folder(&folder, &layout.tree)?;
        self.output
            .file(&file, &archive::pack(&layout.tree, style)?)?;
        self.done(kind, architecture, &[folder, file], layout.layer)
    }

    /// Notes an image that was written, if it is small enough.
    fn done(
        &mut self,
        kind: Kind,
        architecture: Option<Architecture>,
        names: &[String],
        size: usize,
    ) -> Result<()> {
        let size = size as u64;
        let paths: Vec<PathBuf> = names
            .iter()
            .map(|name| self.options.out.join(name))
            .collect();
        let path = paths.first().context("an image has a file")?;
        ensure!(
            self.options.effort == Effort::Fast || size <= kind.limit(),
            "{} has {size} octets, more than the {} that we ship",
            path.display(),
            kind.limit()
        );
        self.images.push(Image {
            kind,
            architecture: architecture.map(Architecture::name),
            next: steps::of(kind, path),
            paths,
            size,
        });
        Ok(())
    }
}
