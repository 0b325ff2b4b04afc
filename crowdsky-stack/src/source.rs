//! Where frames come from: files, or arrays handed over.

use crate::mosaic::Mosaic;
use crate::report::{Dropped, Reason};
use crowdsky_core::FrameMeta;
use std::ops::Range;
use std::sync::Arc;

/// A set of frames that can be asked for one by one, from several threads.
pub trait FrameSource: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What frame `index` is called in the report.
    fn name(&self, index: usize) -> String;

    /// What frame `index` says of itself, without its pixels.
    ///
    /// # Errors
    /// The reason why it cannot be used.
    fn meta(&self, index: usize) -> Result<FrameMeta, Dropped>;

    /// The pixels of frame `index`; asked for again only where memory does not suffice for all frames.
    ///
    /// # Errors
    /// The reason why it cannot be used.
    fn load(&self, index: usize) -> Result<Arc<Mosaic>, Dropped>;

    /// Fills `into`, of just that size, with the photosites in `columns` of `rows` of frame `index`, row by row: of the frame that
    /// [`Self::load`] gave. Asked for, after that, where memory does not suffice for all frames.
    ///
    /// # Errors
    /// The reason why it cannot be used any more.
    fn load_part(
        &self,
        index: usize,
        columns: Range<usize>,
        rows: Range<usize>,
        into: &mut [u16],
    ) -> Result<(), Dropped> {
        part_of(&*self.load(index)?, columns, rows, into)
    }
}

/// Fills `into` with the photosites in `columns` of `rows` of a frame, if it has them.
pub(crate) fn part_of(
    mosaic: &Mosaic,
    columns: Range<usize>,
    rows: Range<usize>,
    into: &mut [u16],
) -> Result<(), Dropped> {
    if rows.end > mosaic.height() || columns.end > mosaic.width() {
        return Err(Dropped::new(Reason::WrongSize, "has fewer pixels than when it was read first"));
    }
    for (line, y) in into.chunks_exact_mut(columns.len().max(1)).zip(rows) {
        line.copy_from_slice(&mosaic.row(y)[columns.clone()]);
    }
    Ok(())
}

/// Frames that are in memory already.
///
/// ```
/// use crowdsky_core::FrameMeta;
/// use crowdsky_stack::{BayerPattern, FrameSource, MemoryFrames, Mosaic};
/// let mut frames = MemoryFrames::default();
/// let mosaic = Mosaic::new(64, 48, BayerPattern::Grbg, vec![100; 64 * 48])?;
/// frames.push("first", FrameMeta::new(64, 48), mosaic);
/// assert_eq!((frames.len(), frames.name(0)), (1, "first".to_owned()));
/// # Ok::<(), crowdsky_stack::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryFrames {
    frames: Vec<(String, FrameMeta, Arc<Mosaic>)>,
}

impl MemoryFrames {
    /// Adds a frame; the size in `meta` is set to the mosaic's.
    pub fn push(&mut self, name: impl Into<String>, mut meta: FrameMeta, mosaic: impl Into<Arc<Mosaic>>) {
        let mosaic = mosaic.into();
        (meta.width, meta.height) = (mosaic.width() as u32, mosaic.height() as u32);
        self.frames.push((name.into(), meta, mosaic));
    }
}

impl FrameSource for MemoryFrames {
    fn len(&self) -> usize {
        self.frames.len()
    }

    fn name(&self, index: usize) -> String {
        self.frames[index].0.clone()
    }

    fn meta(&self, index: usize) -> Result<FrameMeta, Dropped> {
        Ok(self.frames[index].1.clone())
    }

    fn load(&self, index: usize) -> Result<Arc<Mosaic>, Dropped> {
        Ok(Arc::clone(&self.frames[index].2))
    }
}
