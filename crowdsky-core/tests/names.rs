//! File and folder names: every form there and back.

use crowdsky_core::filename::crowdsky_stack_name;
use crowdsky_core::{
    Exposure, Extension, FileName, FileStamp, Filter, FolderName, FrameName, HealpixTile, Target,
};
use proptest::prelude::*;

use crate::time;

fn read(text: &str) -> FileName {
    text.parse().unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_form_prints_as_it_was_read() {
    for text in [
        "Light_Unknown_10.0s_IRCUT_20240823-210320.fit",
        "Light_NGC 7023_20.0s_LP_20250630-023420.fits",
        "Light_M 94_10.0s_IRCUT_20250326-212046.fit.gz",
        "Light_M 94_10.0s_IRCUT_20250326-212046.fit.fz",
        "Light_mosaic_M 31_10.0s_IRCUT_20250326-212046.fit",
        "Light_M_31_core_10s_IRCUT_20250326-212046.fit",
        "Light_M 31_10.0s_20231015-201011.fit",
        "Stacked_210_M 31_10.0s_IRCUT_20250326-212046.fit",
        "Stacked_210_mosaic_M 31_10.0s_IRCUT_20250326-212046_thn.jpg",
        "Stacked_M 31_10.0s_IRCUT_20250326-212046.jpg",
        "Stacked_5_31_10.0s_IRCUT_20250326-212046.fit",
        "Stacked_007_M 31_10.0s_IRCUT_20250326-212046.fit",
        "Stacked_31_10.0s_IRCUT_20250326-212046.fit",
        "DSO_Stacked_42_NGC_7023_20.0s_20250630_023420.fit",
        "CrowdSky_16_M 94_10.0s_IRCUT_20250327.05_HP033810.fit",
        "CrowdSky_16_M_94_x_10.0s_LP_20250327.05_HP000000.fits.gz",
        "CrowdSky_16_M 94_10.0s_IRCUT_20250326-212046.fit",
        "CrowdSky_M 94_10.0s_20250326-212046.fit",
        "Light_Ha Wolke_10.0s_Ha_20250326-212046.fits.fz",
    ] {
        assert_eq!(read(text).to_string(), text);
    }
    assert_eq!(
        read("Light_a_1.0s_LP_20250326-212046.FIT").to_string(),
        "Light_a_1.0s_LP_20250326-212046.fit"
    );
}

#[test]
fn the_parts_are_told_apart() {
    let FrameName::Light { mosaic, target, exposure, filter, stamp } =
        read("Light_mosaic_NGC_7023 a_20.0s_LP_20250630-023420.fit").name
    else {
        panic!("not a raw frame")
    };
    assert!(mosaic);
    assert_eq!((target.as_str(), exposure.seconds(), filter), ("NGC_7023 a", 20.0, Some(Filter::Lp)));
    // 02:34:20 in Vienna in summer.
    assert_eq!(stamp.to_utc(7200), time("2025-06-30T00:34:20"));
    assert_eq!(FileStamp::from_utc(time("2025-06-30T00:34:20.7"), 7200), stamp);

    let stacked = read("Stacked_5_mosaic_10.0s_IRCUT_20250326-212046.fit").name;
    let FrameName::Stacked { count: Some(5), mosaic: false, target, .. } = &stacked else {
        panic!("{stacked:?}")
    };
    assert_eq!(target.as_str(), "mosaic");

    let ours = read("CrowdSky_16_M_94_10.0s_LP_20250327.05_HP033810.fit");
    let FrameName::CrowdSky { count: 16, slot, tile, .. } = &ours.name else { panic!("{ours:?}") };
    assert_eq!((slot.to_string().as_str(), tile.index()), ("20250327.05", 33810));
    assert_eq!((ours.name.target().as_str(), ours.name.filter()), ("M_94", Some(&Filter::Lp)));
    assert_eq!(
        ours.with_extension(Extension::Thumbnail).to_string(),
        "CrowdSky_16_M_94_10.0s_LP_20250327.05_HP033810_thn.jpg"
    );
    assert!(!ours.is_raw_frame() && read("Light_a_1.0s_LP_20250326-212046.fit").is_raw_frame());
}

#[test]
fn other_names_are_refused_with_the_reason() {
    for (text, why) in [
        ("", "does not end in .fit"),
        ("Light_M 94_10.0s_IRCUT_20250326-212046.txt", "does not end in .fit"),
        ("M 94.fit", "begins neither"),
        ("Light_M 94.fit", "does not end in a date"),
        ("Light_M 94_10.0s_IRCUT_20250230-212046.fit", "does not end in a date"),
        ("Light_M 94_10.0s_IRCUT_20250326-240000.fit", "does not end in a date"),
        ("Light_10.0s_IRCUT_20250326-212046.fit", "no target"),
        ("Light__10.0s_IRCUT_20250326-212046.fit", "has no target"),
        ("Light_M 94_IRCUT_20250326-212046.fit", "no exposure"),
        ("Light_M 94_10.0s_ircut_20250326-212046.fit", "odd filter"),
        ("Light_../x_10.0s_LP_20250326-212046.fit", "path separator"),
        ("Light_a\u{202e}b_10.0s_LP_20250326-212046.fit", "control character"),
        ("DSO_Stacked_M 94_20.0s_20250630_023420.fit", "number of frames"),
        ("CrowdSky_M 94_10.0s_LP_20250327.05_HP033810.fit", "number of frames"),
        ("CrowdSky_3_M 94_10.0s_20250327.05_HP033810.fit", "no filter"),
        ("CrowdSky_3_M 94_10.0s_LP_20250327.96_HP033810.fit", "slot and a tile"),
        ("CrowdSky_3_M 94_10.0s_LP_20250327.05_HP999999.fit", "slot and a tile"),
        (&format!("Light_{}_1s_LP_20250326-212046.fit", "x".repeat(300)), "longer than 255"),
    ] {
        let message = text.parse::<FileName>().unwrap_err().to_string();
        assert!(message.contains(why), "{text}: {message}");
    }
}

#[test]
fn our_own_name_is_safe_whatever_the_header_says() {
    let name = |object: Option<&str>, filter: Option<&str>| {
        let filter = filter.map(|f| f.parse::<Filter>().unwrap());
        let exposure = Exposure::from_seconds(10.0).unwrap();
        crowdsky_stack_name(3, object, exposure, filter.as_ref(), "20250327.05".parse().unwrap(), None)
            .to_string()
    };
    assert_eq!(name(None, None), "CrowdSky_3_Unknown_10.0s_Unknown_20250327.05_HP000000.fit");
    assert_eq!(
        name(Some("../../etc/x"), Some("a_b/c")),
        "CrowdSky_3_-..-etc-x_10.0s_a-b-c_20250327.05_HP000000.fit"
    );
    assert_eq!(name(Some("M 1"), Some("10.0s")), "CrowdSky_3_M 1_10.0s_-10.0s_20250327.05_HP000000.fit");
}

#[test]
fn exposures_are_written_short() {
    for (seconds, text) in
        [(10.0, "10.0"), (0.25, "0.25"), (0.0, "0.0"), (-0.0, "0.0"), (30.0004, "30.0"), (120.5, "120.5")]
    {
        assert_eq!(Exposure::from_seconds(seconds).unwrap().to_string(), text);
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY, 1e6] {
        assert!(Exposure::from_seconds(bad).is_err());
    }
}

#[test]
fn folders_there_and_back() {
    for (text, target, subs) in [
        ("M 31", "M 31", false),
        ("M 31_sub", "M 31", true),
        ("M_31-sub", "M_31", true),
        ("_sub", "_sub", false),
    ] {
        let folder: FolderName = text.parse().unwrap();
        assert_eq!(folder.to_string(), text);
        match folder {
            FolderName::Stacks(t) => assert_eq!((t.as_str(), false), (target, subs)),
            FolderName::Subs { target: t, .. } => assert_eq!((t.as_str(), true), (target, subs)),
        }
    }
    for bad in ["", ".", "..", ".._sub", "a/b", "a\\b_sub", "a\n"] {
        assert!(bad.parse::<FolderName>().is_err(), "{bad:?}");
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9 _.+-]{1,20}",
        "mosaic_[A-Z]{0,3}",
        "[0-9]{1,3}(_[A-Z]{0,2})?",
        "[0-9]{1,2}\\.0s",
        "\\PC{1,12}"
    ]
}

proptest! {
    #[test]
    fn what_is_read_prints_the_same(
        prefix in "Light_|Stacked_|DSO_Stacked_|CrowdSky_", count in "|[0-9]{1,4}_", mosaic in "|mosaic_", target in word(),
        exposure in "[0-9]{1,3}(\\.[0-9]{1,2})?", filter in "|IRCUT_|LP_|[A-Za-z0-9 .]{1,5}_",
        end in "2025032[0-9]-1[0-9]1[0-9]0[0-9]|20250327_012032|20250327\\.[0-9]{2}_HP[01][0-9]{5}",
        extension in "\\.fit|\\.fits|\\.fit\\.gz|\\.fits\\.gz|\\.fit\\.fz|\\.fits\\.fz|\\.jpg|_thn\\.jpg",
    ) {
        let text = format!("{prefix}{count}{mosaic}{target}_{exposure}s_{filter}{end}{extension}");
        if let Ok(name) = text.parse::<FileName>() {
            prop_assert_eq!(name.to_string(), &text[..]);
            prop_assert_eq!(name.to_string().parse::<FileName>().unwrap(), name);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,60}|[A-Za-z_0-9.s-]{0,60}\\.fit") {
        if let Ok(name) = text.parse::<FileName>() {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn every_object_gives_a_safe_name_that_reads_back(object in "\\PC{0,20}|\\PC{100,140}|.{0,30}", filter in "\\PC{0,60}|.{0,20}", seconds in 0.0..1e5f64, tile in 0..196_608u32) {
        let target = Target::sanitise(&object);
        prop_assert_eq!(&Target::sanitise(target.as_str()), &target);
        let filter = filter.parse::<Filter>().ok();
        let exposure = Exposure::from_seconds(seconds).unwrap();
        let tile = HealpixTile::new(tile).ok();
        let name = crowdsky_stack_name(7, Some(&object), exposure, filter.as_ref(), "20250327.05".parse().unwrap(), tile);
        let text = name.to_string();
        prop_assert!(text.len() <= 255 && !text.contains(['/', '\\', ':', '\0', '\n']), "{}", text);
        prop_assert_eq!(text.parse::<FileName>(), Ok(name));
    }
}
