//! Block after block: the next one is read while this one is combined, so no frame is ever in memory as a whole.

use super::blocks::Block;
use super::{Combined, Plan, Watch};
use crate::parallel;
use crate::progress::Progress;
use crate::report::Dropped;
use crate::window::Window;
use crowdsky_core::BayerPattern;
use std::ops::Range;

/// Reads columns and rows of a frame of the plan, by its number there.
type PartReader<'a> =
    &'a (dyn Fn(usize, Range<usize>, Range<usize>, &mut [u16]) -> Result<(), Dropped> + Sync);

/// Frames of the plan, by number, that could not be read any more.
pub(crate) type Lost = Vec<(usize, Dropped)>;

/// What a block needs of every frame, one after the other. Two of these take turns, so nothing is allocated per block.
#[derive(Default)]
struct Parts {
    pixels: Vec<u16>,
    /// By frame: its columns and rows.
    places: Vec<(Range<usize>, Range<usize>)>,
}

/// Combines frames of the output's size, of which `read` gives the parts and `patterns` the colours.
///
/// # Errors
/// The frames that `read` could not give; what was combined without them would not be what was planned.
pub(crate) fn combine_streamed(
    plan: &Plan<'_>,
    patterns: &[BayerPattern],
    blocks: &[Block],
    read: PartReader<'_>,
    progress: &dyn Progress,
) -> Result<Combined, Lost> {
    let mut combined = Combined::empty(plan, plan.size);
    let watch = Watch::new(progress, plan.size);
    let (mut here, mut next) = (Parts::default(), Parts::default());
    if let Some(first) = blocks.first() {
        next.read(plan, first, read, &watch)?;
    }
    for (i, block) in blocks.iter().enumerate() {
        if watch.stopped() {
            break;
        }
        std::mem::swap(&mut here, &mut next);
        let windows = here.windows(plan.size, patterns);
        let (part, read) = parallel::both(
            || Combined::of_block(plan, &windows, block, &watch),
            || blocks.get(i + 1).map_or(Ok(()), |block| next.read(plan, block, read, &watch)),
        );
        combined.paste(plan.size.0, block, part);
        read?;
    }
    combined.settle(plan);
    Ok(combined)
}

impl Parts {
    /// Reads what `block` needs.
    fn read(
        &mut self,
        plan: &Plan<'_>,
        block: &Block,
        read: PartReader<'_>,
        watch: &Watch<'_>,
    ) -> Result<(), Lost> {
        self.places = plan.frames.iter().map(|f| block.needs(&f.to_frame, plan.size)).collect();
        let all: usize = self.places.iter().map(|(columns, rows)| columns.len() * rows.len()).sum();
        // Exactly: doubling, as vectors grow, would take twice what is allowed.
        self.pixels.reserve_exact(all.saturating_sub(self.pixels.len()));
        self.pixels.resize(all, 0);
        let mut rest = &mut self.pixels[..];
        let mut tasks = Vec::with_capacity(self.places.len());
        for (k, (columns, rows)) in self.places.iter().enumerate() {
            let (own, others) = rest.split_at_mut(columns.len() * rows.len());
            rest = others;
            tasks.push((k, columns.clone(), rows.clone(), own));
        }
        let results = parallel::map_owned(
            tasks,
            || (),
            |(), (k, columns, rows, into)| {
                // A stack that is given up is not looked at again.
                if into.is_empty() || watch.stopped() { Ok(()) } else { read(k, columns, rows, into) }
            },
        );
        let lost: Lost =
            results.into_iter().enumerate().filter_map(|(k, result)| Some((k, result.err()?))).collect();
        if lost.is_empty() { Ok(()) } else { Err(lost) }
    }

    fn windows(&self, size: (usize, usize), patterns: &[BayerPattern]) -> Vec<Window<'_>> {
        let mut rest = &self.pixels[..];
        let mut windows = Vec::with_capacity(self.places.len());
        for ((columns, rows), &pattern) in self.places.iter().zip(patterns) {
            let (own, others) = rest.split_at(columns.len() * rows.len());
            rest = others;
            windows.push(Window::part(size, pattern, columns.clone(), rows.start, own));
        }
        windows
    }
}
