//! Prints the header of every unit of a FITS file, and what is odd about the file.
//!
//! `cargo run --example print_header -- FILE`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use crowdsky_fits::{Limits, inspect};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: print_header FILE");
        return ExitCode::from(2);
    };
    match std::fs::File::open(&path).map_err(Into::into).and_then(|file| inspect(file, &Limits::default())) {
        Ok(report) => {
            for head in &report.hdus {
                let Some(size) = Some(head.layout.data_bytes).filter(|size| *size > 0) else {
                    println!("# HDU {}: {}, no data", head.index, head.layout.kind);
                    continue;
                };
                println!("# HDU {}: {}, {:?}, {size} bytes", head.index, head.layout.kind, head.layout.shape);
            }
            for card in report.hdus.iter().flat_map(|head| head.header.cards()) {
                match card.value() {
                    Some(value) => println!("{:8} = {value:?} / {}", card.keyword(), card.comment()),
                    None => println!("{:8} {}", card.keyword(), card.comment()),
                }
            }
            report.findings.iter().for_each(|finding| println!("# {finding}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}
