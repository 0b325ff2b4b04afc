//! Makes small files, finds the shared ones, and counts memory.

use crowdsky_fits::{BLOCK, padding};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Cards as text, padded to whole cards and blocks, with END.
pub fn header(cards: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for card in cards.iter().chain(&["END"]) {
        let mut record = card.as_bytes().to_vec();
        assert!(record.len() <= 80, "{card} is longer than a card");
        record.resize(80, b' ');
        bytes.extend(record);
    }
    pad(bytes, b' ')
}

pub fn pad(mut bytes: Vec<u8>, fill: u8) -> Vec<u8> {
    bytes.resize(bytes.len() + padding(bytes.len() as u64) as usize, fill);
    bytes
}

/// A card of fixed format: `card("NAXIS", 2)`.
pub fn card(keyword: &str, value: impl std::fmt::Display) -> String {
    format!("{keyword:<8}= {value:>20}")
}

/// A primary header with these axes and more cards behind.
pub fn primary(bitpix: i64, axes: &[&str], more: &[&str]) -> Vec<u8> {
    let mut cards = vec![card("SIMPLE", "T"), card("BITPIX", bitpix), card("NAXIS", axes.len())];
    cards.extend(axes.iter().enumerate().map(|(i, n)| card(&format!("NAXIS{}", i + 1), n)));
    let cards: Vec<&str> = cards.iter().map(String::as_str).chain(more.iter().copied()).collect();
    header(&cards)
}

/// A binary table extension: NAXIS1, NAXIS2, PCOUNT, TFIELDS and more.
pub fn table(row: &str, rows: &str, pcount: &str, fields: &str, more: &[&str]) -> Vec<u8> {
    let cards = [
        "XTENSION= 'BINTABLE'".to_string(),
        card("BITPIX", 8),
        card("NAXIS", 2),
        card("NAXIS1", row),
        card("NAXIS2", rows),
        card("PCOUNT", pcount),
        card("GCOUNT", 1),
        card("TFIELDS", fields),
    ];
    let cards: Vec<&str> = cards.iter().map(String::as_str).chain(more.iter().copied()).collect();
    header(&cards)
}

/// A block of data.
pub fn data() -> Vec<u8> {
    (0..BLOCK).map(|i| i as u8).collect()
}

/// A folder beside the project, or `None` with a line that says so.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED: no {}", path.display());
    None
}

/// All files in a folder and those below it.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all.retain(|path| !path.file_name().unwrap().to_string_lossy().starts_with("LICENSE"));
    all.sort();
    all
}

/// Reads a file in every way there is. Whatever it holds, nothing panics and nothing hangs.
pub fn read_every_way(bytes: &[u8]) {
    use crowdsky_fits::*;
    let limits = Limits { gzip_bytes: 32 << 20, ..Limits::default() };
    let _ = read_header(bytes, &limits);
    let _ = read_raw_u16(bytes, &limits);
    let _ = Header::parse(bytes, &limits);
    let _ = inspect(bytes, &limits);
    let Ok((hdus, _)) = read_all(bytes, &limits) else { return };
    for hdu in hdus {
        match &hdu.data {
            HduData::Image(image) => drop(image.physical()),
            HduData::Table(table) => {
                for column in table.columns() {
                    let _ = table.cells(column);
                    let _ = table.arrays(column);
                    let _ = table.physical(column);
                }
            }
            _ => {}
        }
        drop(frame_meta(&hdu.head.header));
    }
}

/// What this work gives, which takes no longer than this: the best of three, since a test machine may be busy.
pub fn within<T>(limit: Duration, name: &str, mut work: impl FnMut() -> T) -> T {
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let given = work();
        fastest = fastest.min(started.elapsed());
        if fastest < limit {
            return given;
        }
    }
    panic!("{name} took {fastest:?}");
}

/// Bytes allocated on this thread, for [`peak`].
pub mod memory {
    #![allow(unsafe_code)]
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    thread_local! {
        static NOW: Cell<usize> = const { Cell::new(0) };
        static PEAK: Cell<usize> = const { Cell::new(0) };
    }

    struct Counting;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    fn count(more: usize, less: usize) {
        // Memory may be freed on another thread than its own; then the count saturates and is not used.
        let now = NOW.get().saturating_add(more).saturating_sub(less);
        NOW.set(now);
        PEAK.set(PEAK.get().max(now));
    }

    // SAFETY: everything is handed on to the system's allocator as it came.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count(layout.size(), 0);
            unsafe { System.alloc(layout) }
        }
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            count(layout.size(), 0);
            unsafe { System.alloc_zeroed(layout) }
        }
        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            count(0, layout.size());
            unsafe { System.dealloc(pointer, layout) }
        }
        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count(size, layout.size());
            unsafe { System.realloc(pointer, layout, size) }
        }
    }

    /// What `run` returns, and the most memory it held at once on this thread beyond what was there before.
    pub fn peak<T>(run: impl FnOnce() -> T) -> (T, usize) {
        let before = NOW.get();
        PEAK.set(before);
        let result = run();
        (result, PEAK.get() - before)
    }
}
