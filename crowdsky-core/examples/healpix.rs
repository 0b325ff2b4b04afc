//! Reads lines of `RA DEC` in degrees and prints the HEALPix tile (RING, NSIDE 128) of each.
//!
//! ```text
//! $ echo "83.633 22.014" | cargo run --example healpix
//! 61302
//! ```

use std::io::{self, BufWriter, Write};

use crowdsky_core::{HealpixTile, SkyPos};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    for (number, line) in io::stdin().lines().enumerate() {
        let line = line?;
        let pos = parse(&line).map_err(|e| format!("line {}: '{line}': {e}", number + 1))?;
        writeln!(out, "{}", HealpixTile::from_pos(&pos).index())?;
    }
    Ok(out.flush()?)
}

fn parse(line: &str) -> Result<SkyPos, Box<dyn std::error::Error>> {
    let (ra, dec) = line.trim().split_once(' ').ok_or("give RA and DEC with a blank between")?;
    Ok(SkyPos::new(ra.parse()?, dec.trim().parse()?)?)
}
