//! Writes a simulated night into a folder and says how long it took.
//!
//!     cargo run --release -p crowdsky-sim --example write_night -- night 30 s30pro
#![allow(clippy::print_stdout)]

use crowdsky_sim::{Night, NightOptions, Sensor};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first() else {
        return Err("usage: write_night FOLDER [FRAMES] [s50 | s30 | s30pro]".into());
    };
    let frames = arguments.get(1).map_or(Ok(30), |text| text.parse())?;
    let sensor = match arguments.get(2).map(String::as_str) {
        None | Some("s50") => Sensor::S50,
        Some("s30") => Sensor::S30,
        Some("s30pro") => Sensor::S30Pro,
        Some(other) => return Err(format!("unknown telescope {other}: s50, s30 or s30pro").into()),
    };
    let night = Night::new(NightOptions::default().frames(frames).sensor(sensor))?;

    let start = Instant::now();
    let rendered = frames.min(5);
    for k in 0..rendered {
        night.frame(k)?;
    }
    println!("one thread renders a frame in {:.0} ms", per_frame(start, rendered));

    let start = Instant::now();
    let summary = night.write(folder.as_ref(), |done, of| println!("{done} of {of} frames"))?;
    println!("{} frames, {} MB", summary.frames, summary.bytes / 1_000_000);
    println!("rendered and written at {:.0} ms per frame", per_frame(start, frames));
    Ok(())
}

fn per_frame(start: Instant, frames: usize) -> f64 {
    start.elapsed().as_secs_f64() * 1e3 / frames as f64
}
