//! What `stack` tells a person.

use super::size::megabytes;
use super::stack::Targets;
use crowdsky_stack::StackReport;

/// A few lines on a stack that was made, and one for every frame that is not in it.
pub(super) fn of(report: &StackReport, targets: &Targets) -> String {
    let mut lines = vec![format!(
        "{} of {} frames stacked, {} s in all",
        report.n_accepted,
        report.n_input,
        shortest(report.total_exptime_s)
    )];
    lines.extend(dropped(report));
    lines.push(quality(report));
    let picture = targets.preview.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
    let memory =
        report.peak_memory_bytes.map(|bytes| format!(", {} of memory", megabytes(bytes))).unwrap_or_default();
    lines.push(format!("{}{picture} ({:.1} s{memory})", targets.fits.display(), report.seconds.total));
    lines.join("\n")
}

/// A line for every frame that was dropped.
pub(super) fn dropped(report: &StackReport) -> Vec<String> {
    let frames = report.frames.iter().filter(|frame| !frame.accepted);
    frames
        .map(|frame| {
            let reason = frame.reason.map_or("dropped", |reason| reason.as_str());
            let detail = frame.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("dropped {} ({reason}){detail}", frame.path)
        })
        .collect()
}

fn quality(report: &StackReport) -> String {
    let mut parts = vec![format!("{} stars", report.n_stars)];
    parts.extend(report.fwhm_px.map(|fwhm| format!("FWHM {fwhm:.2} px")));
    parts.extend(report.registration_rms_px.map(|rms| format!("registration {rms:.3} px RMS")));
    parts.extend(report.healpix_key.as_ref().or(report.chunk_key.as_ref()).map(|key| format!("chunk {key}")));
    parts.join(", ")
}

/// 160 and not 160.0; 0.1 and not 0.10000000000000001.
fn shortest(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
