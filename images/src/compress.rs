//! gzip and zstd in memory. Neither writes a time or a host into its output, so equal input gives equal output.

use anyhow::{Context, Result, anyhow, ensure};
use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Quick and large: for tests.
    Fast,
    /// What ships.
    Best,
}

/// One gzip member.
pub fn gzip(octets: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = match effort {
        Effort::Fast => 1,
        Effort::Best => 12,
    };
    let level =
        CompressionLvl::new(level).map_err(|error| anyhow!("gzip level {level}: {error:?}"))?;
    let mut compressor = Compressor::new(level);
    let mut output = vec![0; compressor.gzip_compress_bound(octets.len())];
    let length = compressor
        .gzip_compress(octets, &mut output)
        .map_err(|error| anyhow!("compress with gzip: {error}"))?;
    output.truncate(length);
    Ok(output)
}

/// The content of one gzip member.
pub fn gunzip(octets: &[u8]) -> Result<Vec<u8>> {
    // A gzip member ends with the size of its content.
    let size = octets
        .last_chunk::<4>()
        .map(|size| u32::from_le_bytes(*size) as usize)
        .context("too short for gzip")?;
    let mut output = vec![0; size];
    let length = Decompressor::new()
        .gzip_decompress(octets, &mut output)
        .map_err(|error| anyhow!("decompress with gzip: {error}"))?;
    ensure!(length == size, "gzip content is shorter than it says");
    Ok(output)
}

/// One zstd frame.
pub fn zstd(octets: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = match effort {
        Effort::Fast => 1,
        Effort::Best => 19,
    };
    zstd::bulk::compress(octets, level).context("compress with zstd")
}
