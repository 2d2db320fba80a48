//! One build: the program, then each image that was asked for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    architecture::Architecture,
    archive::{self, Style},
    binary,
    compress::{self, Effort},
    container,
    debian::Package,
    extension, nft, oci,
    output::Output,
    source::{Source, VERSION},
    template,
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
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Binary, Self::Extension, Self::Template, Self::Oci];

    /// Largest compressed size that we ship, in octets.
    const fn limit(self) -> u64 {
        const MEGABYTE: u64 = 1_000_000;
        match self {
            Self::Binary => 16 * 1024 * 1024,
            Self::Extension | Self::Oci => 8 * MEGABYTE,
            Self::Template => 12 * MEGABYTE,
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
}

/// What a build gave.
#[derive(Clone, Debug, Serialize)]
pub struct Built {
    /// The images, in the order of their kinds.
    pub images: Vec<Image>,
    /// The Debian packages that gave something to the templates.
    pub packages: Vec<Package>,
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
        packages: Vec::new(),
    };
    let programs = run.programs()?;
    for (architecture, program) in &programs {
        run.one_architecture(*architecture, program)
            .with_context(|| format!("build the images for {architecture}"))?;
    }
    if options.kinds.contains(&Kind::Oci) {
        run.container(&programs).context("build the OCI image")?;
    }
    run.images.sort_by_key(|image| image.kind);
    run.output.publish()?;
    Ok(Built {
        images: run.images,
        packages: run.packages,
    })
}

struct Run<'a> {
    options: &'a Options,
    output: Output,
    images: Vec<Image>,
    packages: Vec<Package>,
}

impl Run<'_> {
    fn programs(&self) -> Result<Vec<(Architecture, Vec<u8>)>> {
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

    fn one_architecture(&mut self, architecture: Architecture, program: &[u8]) -> Result<()> {
        for kind in &self.options.kinds {
            match kind {
                Kind::Binary => self.binary(architecture, program)?,
                Kind::Extension => self.extension(architecture, program)?,
                Kind::Template => self.template(architecture, program)?,
                Kind::Oci => {}
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
        let tree = extension::tree(&self.options.source, program, "{}")?;
        let image = oci::Image {
            architecture,
            tree: &tree,
            start: oci::Start::default(),
        };
        let layout = oci::layout(
            &self.options.source,
            &[image],
            (
                "lanlord",
                "Talos system extension: LoadBalancer addresses by ARP, NDP and BGP, and their names",
            ),
            self.options.effort,
        )?;
        let name = format!("lanlord-extension-{VERSION}-{architecture}");
        self.layout(Kind::Extension, Some(architecture), &name, &layout)
    }

    fn template(&mut self, architecture: Architecture, program: &[u8]) -> Result<()> {
        let nft = nft::collect(architecture, &cache(&self.options.source))?;
        let tree = template::tree(&self.options.source, architecture, program, &nft)?;
        let style = Style {
            prefix: "./",
            mtime: self.options.source.mtime(),
            first: Some(template::APPLIANCE_INFO),
        };
        let packed = compress::zstd(&archive::pack(&tree, style)?, self.options.effort)?;
        let name = format!("lanlord-router_{VERSION}-1_{architecture}.tar.zst");
        self.output.file(&name, &packed)?;
        self.packages.extend(nft.packages);
        self.done(Kind::Template, Some(architecture), &[name], packed.len())
    }

    fn container(&mut self, programs: &[(Architecture, Vec<u8>)]) -> Result<()> {
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
        let layout = oci::layout(
            &self.options.source,
            &images,
            ("lanlord", "LoadBalancer addresses, DHCP and DNS for a LAN"),
            self.options.effort,
        )?;
        let name = format!("lanlord-{VERSION}");
        self.layout(Kind::Oci, None, &name, &layout)
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
        size: impl TryInto<u64>,
    ) -> Result<()> {
        let size = size.try_into().unwrap_or(u64::MAX);
        let name = names.first().map_or("", String::as_str);
        ensure!(
            self.options.effort == Effort::Fast || size <= kind.limit(),
            "{name}: {size} octets, more than the {} that we ship",
            kind.limit()
        );
        self.images.push(Image {
            kind,
            architecture: architecture.map(Architecture::name),
            paths: names
                .iter()
                .map(|name| self.options.out.join(name))
                .collect(),
            size,
        });
        Ok(())
    }
}

/// Where packages of others are kept between builds.
fn cache(source: &Source) -> PathBuf {
    source.root().join(Path::new("target/images-cache"))
}
