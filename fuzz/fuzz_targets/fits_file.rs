//! Any bytes as a file: walked, decoded in every way there is, and copied unit by unit.
#![no_main]

use crowdsky_fits::{
    Code, Error, FitsWriter, Hdu, HduData, HduReader, Header, Limits, RawRows, frame_meta, inspect, read_all,
    read_header, read_raw_u16,
};
use crowdsky_fuzz::{check_findings, small_limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = small_limits();
    let header = read_header(data, &limits);
    let report = inspect(data, &limits);
    match (&header, &report) {
        (Err(_), Ok(report)) => panic!("no header, but {} units", report.hdus.len()),
        (_, Err(error)) => assert!(error.to_string().len() < 1000),
        (Ok((header, _)), Ok(report)) => {
            // One more than the limit allows: the fault that ended the walk.
            check_findings(&report.findings, limits.findings + 1);
            assert!(report.hdus.len() <= limits.hdus);
            assert_eq!(&report.hdus[0].header, header);
        }
    }
    if let Ok(frame) = read_raw_u16(data, &limits) {
        assert_eq!(frame.pixels.len(), frame.width * frame.height);
        assert!(frame.pixels.len() as u64 <= limits.pixels);
        if let Some(place) = RawRows::find(data, &limits).expect("what can be read can be found") {
            let mut rows = vec![0; frame.pixels.len()];
            let read =
                place.read(&mut std::io::Cursor::new(data), 0..frame.height, 0..frame.width, &mut rows);
            read.expect("what was read can be read again");
            assert_eq!(rows, frame.pixels);
        }
    }
    if let Ok((hdus, _)) = read_all(data, &limits) {
        let report = report.expect("what can be read can be inspected");
        assert_eq!(hdus.len(), report.hdus.len());
        hdus.iter().for_each(|hdu| use_data(hdu, &limits));
    }
    copy(data, &limits).ok();
});

fn use_data(hdu: &Hdu, limits: &Limits) {
    drop(frame_meta(&hdu.head.header));
    match &hdu.data {
        HduData::Image(image) => {
            assert_eq!(image.len(), image.shape.iter().product::<usize>());
            assert_eq!(image.physical().len(), image.len());
        }
        HduData::Table(table) => {
            for column in table.columns() {
                for cells in table.arrays(column).into_iter().flatten().chain(table.cells(column)) {
                    assert!(cells.len() as u64 <= limits.pixels);
                }
                let _ = table.physical(column);
            }
        }
        _ => {}
    }
}

/// Copies a file unit by unit. The copy has the same cards and bytes, and its sums are right.
fn copy(data: &[u8], limits: &Limits) -> Result<(), Error> {
    let (mut file, mut units) = (Vec::new(), Vec::new());
    let mut reader = HduReader::new(data, limits)?;
    let mut writer = FitsWriter::new(&mut file);
    while let Some(mut hdu) = reader.next_hdu()? {
        let bytes = hdu.bytes()?;
        let header = hdu.into_head().header;
        writer.copy_unit(&header, &bytes)?;
        units.push((header, bytes));
    }

    let limits = Limits::default();
    let mut reader = HduReader::new(&file[..], &limits)?;
    for (header, bytes) in &units {
        let mut hdu = reader.next_hdu().expect("the copy can be read").expect("the copy has all units");
        assert_eq!(&hdu.bytes().expect("the copy has all data"), bytes);
        assert_eq!(said(&hdu.head().header), said(header));
    }
    let wrong =
        |code| matches!(code, Code::ChecksumMismatch | Code::DatasumMismatch | Code::ChecksumUnreadable);
    assert!(reader.into_findings().iter().all(|finding| !wrong(finding.code)));
    Ok(())
}

/// All but the sums, which are made anew, and CONTINUE cards that continue nothing. As text, since NaN is not equal to itself.
fn said(header: &Header) -> Vec<String> {
    let kept =
        header.cards().iter().filter(|card| !matches!(card.keyword(), "CHECKSUM" | "DATASUM" | "CONTINUE"));
    kept.map(|card| format!("{} {:?}", card.keyword(), card.value())).collect()
}
