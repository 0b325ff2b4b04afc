//! Stacks a folder of raw frames: `cargo run --release --example stack_folder -- FOLDER OUT.fits [PREVIEW.png]`.
#![allow(clippy::print_stdout)] // An example talks to its terminal.

use crowdsky_stack::files::{FileSource, WriteOptions, find_frames, write_fits};
use crowdsky_stack::{StackOptions, preview, stack};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("give a folder of frames and the name of the stack".into());
    };
    let source = FileSource::new(find_frames(&[folder])?, None);
    let result = stack(&source, &StackOptions::default(), &())?;
    write_fits(&result, &out, &WriteOptions::default().overwrite(true))?;
    if let Some(picture) = arguments.next() {
        preview::write_png(&result, &picture, true)?;
    }
    for frame in result.report.frames.iter().filter(|f| !f.accepted) {
        println!("{}: {}", frame.path, frame.detail.as_deref().unwrap_or("dropped"));
    }
    println!(
        "{} of {} frames, {} stars",
        result.report.n_accepted, result.report.n_input, result.report.n_stars
    );
    println!("{:?}", result.report.seconds);
    Ok(())
}
