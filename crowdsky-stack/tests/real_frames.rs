//! Real frames: M 94 with one telescope, in two halves that must agree as well as they say.

use crate::support::median;
use crowdsky_stack::files::{FileSource, find_frames};
use crowdsky_stack::{Reference, Stack, StackOptions, stack};
use std::path::{Path, PathBuf};

#[allow(clippy::print_stdout)] // The runner looks for the line.
fn frames() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/seestar-m94");
    if folder.is_dir() {
        return Some(find_frames(&[folder]).expect("frames in the folder"));
    }
    println!("SKIPPED: no {}", folder.display());
    None
}

fn stacked(paths: Vec<PathBuf>, reference: &str) -> Stack {
    let options = StackOptions::default().reference(Reference::Named(reference.to_owned()));
    stack(&FileSource::new(paths, None), &options, &()).expect("a stack")
}

#[test]
fn halves_of_m94_agree_as_well_as_they_say() {
    let Some(paths) = frames() else { return };
    let n = paths.len();
    let name = paths[n / 2].file_name().expect("a file").to_string_lossy().into_owned();
    // Both halves need one grid, so the reference frame is in both.
    let half = |parity: usize| -> Vec<PathBuf> {
        paths
            .iter()
            .enumerate()
            .filter(|(i, _)| i % 2 == parity || *i == n / 2)
            .map(|(_, p)| p.clone())
            .collect()
    };
    let (a, b) = (stacked(half(0), &name), stacked(half(1), &name));
    assert_eq!(a.report.n_accepted + b.report.n_accepted, n + 1, "all frames are accepted");
    let (na, nb) = (f64::from(a.report.n_accepted as u32), f64::from(b.report.n_accepted as u32));
    for band in 0..3 {
        let variance = |s: &Stack| s.noise.as_ref().expect("lsq tells the noise").variance[band].clone();
        let (va, vb) = (variance(&a), variance(&b));
        let ratios: Vec<f64> = a.planes[band]
            .indexed_iter()
            .filter(|&(at, v)| v.is_finite() && b.planes[band][at].is_finite())
            // Neighbours in a row: the sky's slow difference falls out.
            .filter_map(|((y, x), _)| {
                let next = (y, x + 4);
                let d = |p: (usize, usize)| f64::from(a.planes[band][p] - b.planes[band][p]);
                let there = x + 4 < a.planes[band].dim().1 && d(next).is_finite();
                // The shared frame's noise is in both: its part of each is 1 / n of the variance.
                let common = 2.0 * f64::from((va[(y, x)] * vb[(y, x)]).sqrt()) / (na * nb).sqrt();
                let expected = f64::from(va[(y, x)] + vb[(y, x)]) - common;
                there.then(|| (d((y, x)) - d(next)) / (2.0 * expected).sqrt())
            })
            .collect();
        let centre = median(ratios.clone());
        let spread = 1.4826 * median(ratios.iter().map(|r| (r - centre).abs()).collect());
        assert!(
            (0.9..1.1).contains(&spread),
            "band {band}: the noise is {spread:.3} of what the variances say"
        );
    }
    let mut compared = Vec::new();
    for s in a.stars.iter().filter(|s| s.flag == 0 && s.snr > 30.0) {
        let near = b.stars.iter().find(|t| t.flag == 0 && (t.xwin - s.xwin).hypot(t.ywin - s.ywin) < 1.0);
        if let Some(t) = near {
            // The isophotes differ a little, and the seeing between the halves: 2 % beside the noise.
            let error = (s.fluxerr.powi(2) + t.fluxerr.powi(2) + (0.02 * s.flux).powi(2)).sqrt();
            compared.push((s.flux - t.flux) / error);
        }
    }
    assert!(compared.len() >= 10, "{} stars in both halves", compared.len());
    let off = median(compared.iter().map(|d| d.abs()).collect());
    assert!(off < 1.5, "half of the {} stars differ by more than {off:.2} of their errors", compared.len());
}
