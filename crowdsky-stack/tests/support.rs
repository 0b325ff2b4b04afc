//! Small simulated nights as frames in memory.

use crowdsky_core::FrameMeta;
use crowdsky_sim::{Night, NightOptions};
use crowdsky_stack::{MemoryFrames, Mosaic, Stack, StackOptions, stack};

/// 480 x 640 pixels, 12 frames, 250 stars in the frame: a second to simulate, a tenth to stack.
pub(crate) fn options() -> NightOptions {
    NightOptions::default().size(480, 640).frames(12).stars(700).seed(11)
}

pub(crate) fn night(options: NightOptions) -> Night {
    Night::new(options).expect("the options make a night")
}

pub(crate) fn frame(night: &Night, k: usize) -> (String, FrameMeta, Mosaic) {
    let frame = night.frame(k).expect("a frame of the night");
    let o = &night.truth().options;
    let pattern = o.bayer_pattern();
    let mut meta = FrameMeta::new(frame.width as u32, frame.height as u32);
    meta.date_obs = Some(frame.truth.date_obs);
    meta.exptime = Some(o.exptime);
    meta.filter = Some(o.filter.clone());
    meta.gain = Some(o.gain as f64);
    meta.telescope = Some("Simulator".to_owned());
    let mosaic = Mosaic::new(frame.width, frame.height, pattern, frame.pixels).expect("the shape of a frame");
    (frame.truth.file_name, meta, mosaic)
}

pub(crate) fn frames(night: &Night) -> MemoryFrames {
    let mut all = MemoryFrames::default();
    for k in 0..night.frame_count() {
        let (name, meta, mosaic) = frame(night, k);
        all.push(name, meta, mosaic);
    }
    all
}

pub(crate) fn stacked(night: &Night) -> Stack {
    stack(&frames(night), &StackOptions::default(), &()).expect("a clear night stacks")
}

/// RMS distance (px) of a frame's reported transform from the truth on a 9 x 15 grid, no gauge taken out.
pub(crate) fn registration_error(night: &Night, stack: &Stack, k: usize) -> f64 {
    let reference = stack.report.frames.iter().position(|f| f.reference).expect("a reference");
    let to_middle = |k: usize| night.transform_to_reference(k).expect("a frame of the night");
    let apply = |t: [[f64; 3]; 2], p: [f64; 2]| t.map(|r| r[0] * p[0] + r[1] * p[1] + r[2]);
    let found = stack.report.frames[k].transform.expect("an accepted frame");
    let (w, h) = (night.truth().width as f64, night.truth().height as f64);
    let mut sum = 0.0;
    for i in 0..9 {
        for j in 0..15 {
            let p = [20.0 + (w - 41.0) * f64::from(i) / 8.0, 20.0 + (h - 41.0) * f64::from(j) / 14.0];
            // Both ways into the simulator's own reference.
            let (a, b) = (apply(to_middle(k), p), apply(to_middle(reference), apply(found, p)));
            sum += (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
        }
    }
    (sum / 135.0).sqrt()
}

/// The middle value, the upper one of two.
pub(crate) fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}
