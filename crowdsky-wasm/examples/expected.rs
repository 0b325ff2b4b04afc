//! What the native code says of files, for comparison with the modules: `expected OUT FOLDER...`.
//!
//! Writes `OUT/files.ndjson`, a line for every file below the folders: its path, the report on its header, and for raw frames what the
//! pixels show. And `OUT/mutants.bin`, a thousand headers of these files, damaged in ways that a seed decides, with their reports in
//! `OUT/mutants.ndjson`.

use crowdsky_wasm::{Checked, Report, Scanner, group, json, quality_of};
use std::fs::{self, File};
use std::io::{BufWriter, Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

const MUTANTS: usize = 1000;

fn main() -> Result<(), Error> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let out =
        words.next().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "usage: expected OUT FOLDER..."))?;
    fs::create_dir_all(&out)?;
    let mut paths = Vec::new();
    for folder in words {
        walk(&folder, &mut paths)?;
    }
    paths.sort();
    let mut lines = BufWriter::new(File::create(out.join("files.ndjson"))?);
    let mut headers = Vec::new();
    for path in &paths {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let checked = check(&bytes, bytes.len() as u64);
        let path = serde_json::to_string(path)?;
        let report = text(&Report::from(&checked))?;
        let quality = quality_of(&bytes).map_or("null".to_owned(), |quality| {
            // Without stars there is no width, and JSON has no NaN.
            let fwhm = if quality.fwhm.is_nan() { "null".to_owned() } else { format!("{:e}", quality.fwhm) };
            format!("[{},{fwhm},{:e}]", quality.stars, quality.sky)
        });
        writeln!(lines, "{{\"path\":{path},\"report\":{report},\"quality\":{quality}}}")?;
        if bytes.starts_with(b"SIMPLE") {
            headers.push(bytes[..bytes.len().min(11_520)].to_vec());
        }
    }
    lines.flush()?;
    mutants(&out, &headers)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, paths)? } else { paths.push(path) }
    }
    Ok(())
}

fn mutants(out: &Path, headers: &[Vec<u8>]) -> Result<(), Error> {
    let mut random = Random(2026);
    let mut bytes = BufWriter::new(File::create(out.join("mutants.bin"))?);
    let mut lines = BufWriter::new(File::create(out.join("mutants.ndjson"))?);
    let mut usable = Vec::new();
    for number in 0..MUTANTS {
        let mut mutant = headers[random.below(headers.len())].clone();
        for _ in 0..=random.below(8) {
            mutate(&mut mutant, &mut random);
        }
        let size = mutant.len() as u64 + 4_147_200 * random.below(2) as u64;
        let checked = check(&mutant, size);
        writeln!(
            lines,
            "{{\"bytes\":{},\"size\":{size},\"report\":{}}}",
            mutant.len(),
            text(&Report::from(&checked))?
        )?;
        bytes.write_all(&mutant)?;
        usable.extend(checked.facts().cloned().map(|facts| (number, facts)));
    }
    // The last line: how all of them are grouped that have facts.
    let (numbers, facts): (Vec<usize>, Vec<_>) = usable.into_iter().unzip();
    writeln!(
        lines,
        "{{\"numbers\":{},\"grouped\":{}}}",
        serde_json::to_string(&numbers)?,
        text(&group(&facts))?
    )?;
    bytes.flush()?;
    lines.flush()
}

fn mutate(header: &mut Vec<u8>, random: &mut Random) {
    const WORDS: [&[u8]; 12] = [
        b"'2025-03-27T01:20:32.955368'",
        b"-1.5D+300",
        b"1e5",
        b"NaN",
        b"'no end",
        b"(1.0, -2)",
        b"99999999999999999999",
        b"END     ",
        b"0.1000000000000000055",
        b"T /",
        b"\xff\xfe\x80",
        b"4.9e-324",
    ];
    let cards = header.len() / 80;
    let card = 80 * random.below(cards.clamp(1, 45));
    match random.below(6) {
        // A bit, as a bad card reader turns it.
        0 => {
            let at = random.below(header.len());
            header[at] ^= 1 << random.below(8);
        }
        1 => {
            let word = WORDS[random.below(WORDS.len())];
            let at = card + 10 + random.below(4);
            let end = header.len().min(at + word.len());
            header[at.min(end)..end].copy_from_slice(&word[..end - at.min(end)]);
        }
        // Cards change places.
        2 => {
            let other = 80 * random.below(cards.clamp(1, 45));
            for i in 0..80 {
                header.swap(card + i, other + i);
            }
        }
        3 => header[card..card + 80].fill(b' '),
        4 => header.truncate(random.below(header.len()).max(80)),
        _ => {
            let digit = b"0123456789"[random.below(10)];
            header[card + 29] = digit;
        }
    }
}

/// As the browser does it, in pieces.
fn check(bytes: &[u8], size: u64) -> Checked {
    let mut scanner = Scanner::new(Some(size), None);
    let (mut at, mut need) = (0, Some(11_520));
    while let Some(end) = need {
        let end = end.min(bytes.len());
        if end <= at && at > 0 {
            break;
        }
        need = scanner.push(&bytes[at..end]);
        at = end;
    }
    scanner.checked()
}

fn text(value: &impl serde::Serialize) -> Result<String, Error> {
    json::text(value).map_err(Error::other)
}

/// The generator of Steele et al., "Fast splittable pseudorandom number generators" (2014), figure 16.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}
