//! Writes the first inputs of every target to `corpus/<target>/`: files that have crashed, hung or misled some reader, and
//! good ones to be changed. `cargo +nightly run --example seeds` in this folder; the fuzzer adds what it finds.

use crowdsky_fits::{FitsWriter, Header, ImageRef, NewColumn};
use std::io::Write;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let cards: Vec<Vec<u8>> = CARDS.iter().map(|card| card.as_bytes().to_vec()).chain(odd_bytes()).collect();
    save("fits_card", cards.clone())?;
    save(
        "fits_header",
        cards.iter().map(|card| header(&[b"SIMPLE  =                    T", card])).chain(headers()),
    )?;
    // The last bytes say how long the pieces are.
    save("fits_scan", headers().into_iter().map(|header| [header, vec![0x50, 0x0b]].concat()))?;
    save("fits_file", headers().into_iter().chain(files()))?;
    // Bytes from which the structured inputs are made: long enough for a few cards, images and columns.
    save("fits_roundtrip", [vec![0; 512], (0..=255).cycle().take(1024).collect(), vec![0xff; 512]])?;
    save("chunk_key", KEYS.iter().map(|key| [&[0x40; 28][..], key.as_bytes()].concat()))?;
    save("filename", text(NAMES))?;
    save("date_obs", text(DATES))?;
    let too_many = multistatus(&"<d:response><d:href>a</d:href></d:response>".repeat(9));
    save(
        "dav_multistatus",
        ANSWERS.iter().map(|answer| multistatus(answer)).chain([too_many]).chain(text(BROKEN_ANSWERS)),
    )?;
    save("dav_href", text(ADDRESSES))
}

fn save(target: &str, inputs: impl IntoIterator<Item = Vec<u8>>) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    for (index, bytes) in inputs.into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:02}")), bytes)?;
    }
    Ok(())
}

fn text(lines: &[&str]) -> Vec<Vec<u8>> {
    lines.iter().map(|line| line.as_bytes().to_vec()).collect()
}

/// Single cards: a lone quote crashed fitsrs and fitsverify, a blank value esheldon/fitsio.
const CARDS: &[&str] = &[
    "OBJECT  = 'M 94    '           / target",
    "EXPTIME =                 10.0 / Exposure time in seconds",
    "BZERO   =                32768 / offset",
    "LOGIC   =                    T",
    "COMPLEX = (1.0, -2.5E-3)       / two parts",
    "KEY     = '",
    "KEY     = 'it''s / not a comment' / a comment",
    "KEY     = ''",
    "KEY     =",
    "KEY     =3",
    "KEY = 16",
    "KEY     = (",
    "KEY     = (1.0)",
    "KEY     = +-+-",
    "KEY     = 1E99999999999",
    "KEY     = 1.5d-3",
    "KEY     = NaN",
    "KEY     = 99999999999999999999999999999999",
    "exptime =                   10",
    "HIERARCH ESO DET CHIP = 'a'    / long name",
    "HIERARCH this is only text",
    "HIERARCH = 3",
    "HIERARCH comment = 3",
    "CONTINUE  'lost'",
    "COMMENT   free text",
    "HISTORY",
    "END",
];

/// Bytes that are no text.
fn odd_bytes() -> [Vec<u8>; 3] {
    [b"KEY     =  1 / 20 \xb0C".to_vec(), b"KEY     = 'a\0b'".to_vec(), vec![0xff; 80]]
}

/// A header: cards of 80 bytes, END, and no more than the blanks of its last card, so that seeds stay small.
fn header(cards: &[&[u8]]) -> Vec<u8> {
    cards.iter().chain(&[&b"END"[..]]).flat_map(|card| padded(card, 80)).collect()
}

fn padded(bytes: &[u8], to: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(to), b' ');
    bytes
}

/// A primary header with these values of BITPIX, NAXIS, NAXIS1, ..., and further cards.
fn primary(bitpix: &str, naxis: &str, axes: &[&str], more: &[&str]) -> Vec<u8> {
    let mut cards = vec![card("SIMPLE", "T"), card("BITPIX", bitpix), card("NAXIS", naxis)];
    cards.extend(axes.iter().enumerate().map(|(i, n)| card(&format!("NAXIS{}", i + 1), n)));
    cards.extend(more.iter().map(|card| card.as_bytes().to_vec()));
    header(&cards.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn card(keyword: &str, value: &str) -> Vec<u8> {
    format!("{keyword:<8}= {value:>20}").into_bytes()
}

/// Headers alone: sizes that hung astropy, aborted fitsio-pure and wrapped to 0 in fitsrs.
fn headers() -> Vec<Vec<u8>> {
    const TWO_32: &str = "4294967296";
    let mut chain = vec!["LONG    = 'start&'"];
    chain.extend(vec!["CONTINUE  'and more&' / of it"; 20]);
    vec![
        primary("8", "0", &[], &[]),
        primary("16", "2", &["4", "3"], &["BZERO   =                32768", "BAYERPAT= 'GRBG'"]),
        primary("8", "-1", &[], &[]),
        primary("8", "999", &[], &[]),
        primary("8", "1000000000", &[], &[]),
        primary("8", "1000000000000000000", &[], &[]),
        primary("8", "1", &["-5"], &[]),
        primary("8", "1", &["91.0"], &[]),
        primary("8", "2", &[TWO_32, TWO_32], &[]),
        primary("-64", "3", &[TWO_32, TWO_32, TWO_32], &[]),
        primary("8", "1", &["9223372036854775807"], &[]),
        primary("7", "0", &[], &[]),
        primary("'", "0", &[], &[]),
        primary("16", "2", &["0", "9"], &["GROUPS  = T", "PCOUNT  = 9", "GCOUNT  = 9223372036854775807"]),
        primary("8", "0", &[], &["A       = 1", "A       = 2", "a       = 3"]),
        primary("8", "0", &[], &["DATASUM = 'abc'", "CHECKSUM= 'aaaaaaaaaaaaaaaa'"]),
        primary("8", "0", &[], &chain),
        primary("8", "0", &[], &["LONG    = 'start&'", "CONTINUE  ' '"]),
        // The writer makes CHECKSUM anew; the CONTINUE must not come to continue LONG.
        primary("8", "0", &[], &["LONG    = 'start&'", "CHECKSUM= 'x'", "CONTINUE  'lost'"]),
        primary("8", "0", &[], &["DATE-OBS= '2025-03-27T01:20:32.955'", "RA      = 193.0", "DEC     = 41.0"]),
        header(&[b"XTENSION= '"]),
    ]
}

/// Whole files: good ones of every kind, then cut, packed and broken ones.
fn files() -> Vec<Vec<u8>> {
    let mut good = Vec::new();
    write_good(&mut good).expect("a good file");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let packed = gzip.write_all(&good).and_then(|()| gzip.finish()).expect("written to memory");
    let image = padded(&primary("16", "2", &["1080", "1920"], &[]), 2880);
    let block = [&image[..], &[7; 2880]].concat();
    let empty = padded(&primary("8", "0", &[], &[]), 2880);
    let table = |row: &str, rows: &str, pcount: &str, fields: &str, more: &[&str], data: &[u8]| {
        let mut cards = vec![b"XTENSION= 'BINTABLE'".to_vec(), card("BITPIX", "8"), card("NAXIS", "2")];
        cards.extend([
            card("NAXIS1", row),
            card("NAXIS2", rows),
            card("PCOUNT", pcount),
            card("GCOUNT", "1"),
        ]);
        cards.push(card("TFIELDS", fields));
        cards.extend(more.iter().map(|card| card.as_bytes().to_vec()));
        let cards: Vec<&[u8]> = cards.iter().map(Vec::as_slice).collect();
        [&empty[..], &padded(&header(&cards), 2880), data].concat()
    };
    let vla = |count: u32, offset: u32| {
        let data = [&count.to_be_bytes()[..], &offset.to_be_bytes(), &[1; 100]].concat();
        table("8", "1", "100", "1", &["TFORM1  = '1PE(9)'"], &data)
    };
    let cut = good[..good.len() * 2 / 3].to_vec();
    let surplus =
        header(&[b"XTENSION= 'IMAGE'", b"BITPIX  = 8", b"NAXIS   = 1", b"NAXIS1  = 2", b"PCOUNT  = 2"]);
    let extension = [&empty[..], &header(&[b"XTENSION= 'IMAGE'", b"BITPIX  = 8", b"NAXIS   = 0"])].concat();
    vec![
        good,
        packed.clone(),
        packed[..packed.len() / 2].to_vec(),
        cut,
        block,
        b"\x1f\x8b".to_vec(),
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x02\x03".to_vec(),
        b"\x1f\x9d\x90\x01\x02\x03".to_vec(),
        b"BZh91AY&SY".to_vec(),
        [&empty[..], b"junk behind the end"].concat(),
        [&empty[..], &empty].concat(),
        [&empty[..], b"XTENSION= '"].concat(),
        extension,
        // More data than pixels: an image has no heap.
        [&empty[..], &padded(&surplus, 2880), &[7; 2880]].concat(),
        table("8", "1", "-1", "0", &[], &[]),
        table("8", "1", "9223372036854775807", "0", &[], &[]),
        table("8", "1", "0", "1000000000000", &[], &[0; 8]),
        table("8", "1", "0", "1", &["TFORM1  = '9999999999999999999M'"], &[0; 8]),
        table("8", "1", "0", "1", &["TFORM1  = '8B'", "TDIM1   = '(99999999999,99999999999)'"], &[0; 8]),
        table("8", "1", "0", "1", &["TFORM1  = '8B'", "ZIMAGE  = T", "ZNAXIS  = -1"], &[0; 8]),
        table("8", "1", "0", "1", &["TFORM1  = '8B'", "THEAP   = 3"], &[0; 8]),
        table("0", "1000000000000000000", "0", "1", &["TFORM1  = '0A'"], &[]),
        vla(4, 0),
        vla(4, 96),
        vla(u32::MAX, 0),
        vla(1, 1 << 31),
    ]
}

fn write_good(file: &mut Vec<u8>) -> Result<(), crowdsky_fits::Error> {
    let mut header = Header::new();
    header.set("OBJECT", "M 94", "target").set("LONG", "a long string, ".repeat(9).trim_end(), "continued");
    let mut writer = FitsWriter::new(file);
    writer.write_primary(&header, Some(ImageRef::new(&[3, 2], &[0u16, 1, 2, 3, 4, 65_535][..])))?;
    writer.write_image("RED", &Header::new(), ImageRef::new(&[2], &[0.5f32, f32::NAN][..]))?;
    writer.write_table(
        "STAR-TAB",
        &Header::new(),
        &[
            NewColumn::new("x", &[1.5f64, 2.5][..]).unit("pixel"),
            NewColumn::new("cov", &[0.5f32; 8][..]).shape(&[2, 2]),
            NewColumn::new("name", &["a", "bc"][..]),
            NewColumn::new("flag", &[true, false][..]),
        ],
    )
}

const KEYS: &[&str] = &[
    "20250327.05_193.0_+41.0",
    "20250115.78_HP061302",
    "20250115.95",
    "20250115.95_360.0_-0.0",
    "20250115.96_0.0_+0.0",
    "20240229.00_359.9_-90.0",
    "2025-01-15T23:59:59.999",
    "yesterday",
    "01/02/25",
    "HP196607",
];

const NAMES: &[&str] = &[
    "Light_M 94_10.0s_IRCUT_20250326-212046.fit",
    "Light_mosaic_M 31_20.0s_LP_20251024-184502.fits.gz",
    "Stacked_16_NGC 7023_10.0s_20240730-224436_thn.jpg",
    "DSO_Stacked_120_M 81_10.0s_20260227_225203.fit",
    "CrowdSky_16_M 94_10.0s_IRCUT_20250327.05_HP033810.FIT",
    "CrowdSky_M 94_10.0s_20250326-212046.fit.fz",
    "Light_.._10.0s_20250326-212046.fit",
    "Light_a_b_10s_c_5.0s_20250326-212046.fit",
    "NGC 7023_sub",
    "NGC 7023-sub",
    "_sub",
    "../\u{202e}M 31",
];

const DATES: &[&str] = &[
    "2025-03-27T01:20:32.955368",
    "2025-03-27",
    "01/02/25",
    "2016-12-31T23:59:60.5",
    "9999-12-31T23:59:59.9999999",
    "0000-01-01T00:00:00+23:59",
    "2025-02-30T12:00:00",
    "2025-01-15T23:59:59.999999999Z",
    "2025-01-15T19:30:00+0100",
    "20250326-212046",
];

/// What servers put between `<multistatus>` and its end: the five that CrowdSky is tested with, and hostile ones.
const ANSWERS: &[&str] = &[
    "<d:response><d:href>/public.php/webdav/</d:href><d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop>\
     <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>",
    "<d:response><d:href>/public.php/webdav/M%2031%20+1.0%25%23%3f.fit</d:href><d:propstat><d:prop>\
     <d:getcontentlength>4152960</d:getcontentlength><d:getetag>&quot;a&#45;1&quot;</d:getetag>\
     <d:getlastmodified>Tue, 15 Jul 2025 07:28:00 GMT</d:getlastmodified></d:prop><d:status>HTTP/1.1 200 OK</d:status>\
     </d:propstat><d:propstat><d:prop><d:getetag/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>",
    "<d:response><d:href>http://cloud.example:8080/public.php/webdav/a</d:href><d:status>HTTP/1.1 403 Forbidden</d:status></d:response>",
    "<d:response><d:href>a/b</d:href></d:response><d:response><d:href><![CDATA[/public.php/webdav/c]]></d:href></d:response>",
    "<d:response><d:href>/public.php/webdav/../secret</d:href></d:response>",
    "<d:response><d:href>/public.php/webdav/%2e%2e/a%2Fb%00</d:href></d:response>",
    "<d:response><d:href>//evil.example/public.php/webdav/a</d:href></d:response>",
    "<x:response xmlns:x='urn:other'><x:href>/public.php/webdav/a</x:href></x:response>",
    "<a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a>",
];

/// Answers that are no multistatus.
const BROKEN_ANSWERS: &[&str] = &[
    "",
    "\u{feff}<?xml version=\"1.0\"?><multistatus xmlns=\"DAV:\"/>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]><multistatus xmlns=\"DAV:\">&b;</multistatus>",
    "<multistatus xmlns='DAV:'><response><href>/a</href>",
    "<multistatus xmlns='DAV:'></other>",
    "<html><body>Log in</body></html>",
    // The library's error repeats the name.
    "<a></b\0\u{1b}[2J>",
];

fn multistatus(responses: &str) -> Vec<u8> {
    format!("<d:multistatus xmlns:d=\"DAV:\">{responses}</d:multistatus>").into_bytes()
}

/// A base address, a path and an href, each on its line.
const ADDRESSES: &[&str] = &[
    "http://127.0.0.1:8080/\na\n/a",
    "https://cloud.example/remote.php/dav/files/ada\nraws/u1/M 31 +1.0%#?.fit\n/remote.php/dav/files/ada/raws/M%2031%2b.fit",
    "http://[::1]/a%20b/\n\u{20ac}\u{202e}/x\nhttp://[::1]:80/a%20b/%e2%82%ac",
    "http://host//dav\n..\n//dav/a",
    "http://host/a%2Fb/\na/../b\n/a%2Fb/c",
    "http://host/%ff/\n...\n/%ff/..",
    "HTTP://HOST/./a/../b\na:b\nc:d/./%2e",
    "http://host/a&b\n~!$&'()*,;=@\nhttps://other/a&b/c",
    "\na\\b\n%5c",
];
