//! What fits into the memory allowed: all frames, or blocks of them that are read again.

use crate::combine::{blocks::smallest, tile};
use crate::error::Error;
use crate::options::StackOptions;
use crate::parallel;

/// Allowed where the caller says nothing: 200 frames of 2 Mpx fit in whole.
const USUAL: u64 = 1 << 30;
/// The program, its threads' stacks, tiles and what is measured on a frame at a time.
const PROGRAM: u64 = 64 << 20;
/// Of the output, for each pixel: three floats and two counts, and as much again while blocks are put in and the star table is made.
const OUTPUT: u64 = 36;
/// What is kept of each frame: 250 stars of 88 bytes and their sightings, the sky mesh (12 kB for 2 Mpx), header facts.
const FRAME: u64 = 48 << 10;
/// And while it is combined, on each thread: sums over blocks of 16 x 8 photosites of a tile, which samples were accepted.
const FRAME_AND_THREAD: u64 = 12 << 10;
/// Bytes of a photosite.
const PHOTOSITE: u64 = 2;

/// How the frames of one stack are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    /// All in memory, read once.
    Whole,
    /// Read twice; a block may need so many photosites of all frames together.
    Blocks(u64),
}

/// How `frames` frames of `pixels` photosites each can be held.
///
/// # Errors
/// [`Error::Memory`] if the caller allows less than the smallest blocks need.
pub(crate) fn holding(options: &StackOptions, frames: usize, pixels: usize) -> Result<Holding, Error> {
    let (n, pixels) = (frames as u64, pixels as u64);
    let per_frame = FRAME + FRAME_AND_THREAD * parallel::threads() as u64;
    let fixed =
        PROGRAM.saturating_add(pixels.saturating_mul(OUTPUT)).saturating_add(n.saturating_mul(per_frame));
    let allowed = options.memory.unwrap_or(USUAL);
    if fixed.saturating_add(n.saturating_mul(pixels).saturating_mul(PHOTOSITE)) <= allowed {
        return Ok(Holding::Whole);
    }
    // Two blocks at a time: one is read while the other is combined.
    let least = n * smallest(tile(options.method.resolved(frames), frames));
    let needed = fixed.saturating_add(2 * PHOTOSITE * least);
    if options.memory.is_some() && needed > allowed {
        return Err(Error::Memory { frames, needed, allowed });
    }
    Ok(Holding::Blocks((allowed.saturating_sub(fixed) / (2 * PHOTOSITE)).max(least)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEESTAR: usize = 1080 * 1920;

    #[test]
    fn a_night_of_two_thousand_frames_fits_into_a_gigabyte() {
        let one = StackOptions::default().memory(Some(1 << 30));
        let held = parallel::with_threads(2, || holding(&one, 2000, SEESTAR)).expect("threads");
        let Ok(Holding::Blocks(most)) = held else { panic!("in blocks") };
        // More than twice what a tile needs that is not turned.
        assert!(most > 2 * 2000 * 116 * 132, "{most}");
        assert_eq!(holding(&one, 60, SEESTAR).expect("fits"), Holding::Whole);
        assert_eq!(holding(&StackOptions::default(), 60, SEESTAR).expect("fits"), Holding::Whole);
    }

    #[test]
    fn too_little_is_refused_with_what_is_needed() {
        let little = StackOptions::default().memory(Some(100 << 20));
        let Err(Error::Memory { needed, allowed, .. }) = holding(&little, 60, SEESTAR) else {
            panic!("refused")
        };
        assert_eq!(allowed, 100 << 20);
        assert!(holding(&StackOptions::default().memory(Some(needed)), 60, SEESTAR).is_ok());
        assert!(holding(&StackOptions::default().memory(Some(needed - 1)), 60, SEESTAR).is_err());
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        assert!(matches!(holding(&StackOptions::default(), 60_000, 100_000_000), Ok(Holding::Blocks(_))));
    }
}
