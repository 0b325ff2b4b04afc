//! How much an untrusted file may ask for.

/// Bounds on what a file may make the reader do. Every reading function takes them.
///
/// The defaults fit a Seestar archive with room to spare (a stack of the largest camera has 170 MB of pixels) and keep the
/// header-only functions within a few tens of megabytes whatever the file says.
///
/// ```
/// use crowdsky_fits::Limits;
/// let strict = Limits { data_bytes: 64 << 20, ..Limits::default() };
/// assert!(strict.data_bytes < Limits::default().data_bytes);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// 2880-byte blocks in one header. 2048 blocks hold 73,728 cards; 43,949 HISTORY cards are on record.
    pub header_blocks: usize,
    /// Blocks in all headers of one file, since a report keeps them all.
    pub header_blocks_total: usize,
    /// Header and data units in one file.
    pub hdus: usize,
    /// Bytes of data one unit may declare.
    pub data_bytes: u64,
    /// Pixels of an image, or cells of a table column, held in memory at once.
    pub pixels: u64,
    /// Characters of a string joined from CONTINUE cards.
    pub string_length: usize,
    /// Bytes a gzip-compressed file may unpack to: 256 MiB take about half a second.
    pub gzip_bytes: u64,
    /// Findings kept per file; what lies beyond is counted in one last finding.
    pub findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            header_blocks: 2048,
            header_blocks_total: 8192,
            hdus: 4096,
            data_bytes: 4 << 30,
            pixels: 1 << 29,
            string_length: 64 << 10,
            gzip_bytes: 256 << 20,
            findings: 1000,
        }
    }
}
