//! Where frames come from: files, or arrays handed over.

use crate::mosaic::Mosaic;
use crate::report::Dropped;
use crowdsky_core::FrameMeta;
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

    /// The pixels of frame `index`; asked for once at most.
    ///
    /// # Errors
    /// The reason why it cannot be used.
    fn load(&self, index: usize) -> Result<Arc<Mosaic>, Dropped>;
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
