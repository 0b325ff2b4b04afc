//! Finished stacks and their files.

use crate::support::app::TestApp;
use reqwest::{Method, StatusCode};

#[tokio::test(flavor = "multi_thread")]
async fn the_gallery_shows_filters_and_pages() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    assert!(browser.text("/stacks").await.contains("no stacks yet"));
    for _ in 0..17 {
        server.stacked(&user, "M 42").await;
    }
    let one = server.stacked(&user, "NGC 7023 & more").await;
    let first = browser.text("/stacks.php").await;
    assert_eq!(first.matches("loading=\"lazy\"").count(), 16);
    assert!(first.contains("Page 1 of 2, 18 stacks"), "{first}");
    assert_eq!(browser.text("/stacks.php?page=2").await.matches("loading=\"lazy\"").count(), 2);
    let filtered = browser.text("/stacks.php?object=NGC+7023+%26+more").await;
    assert_eq!(filtered.matches("loading=\"lazy\"").count(), 1);
    let detail = browser.text(&format!("/stacks.php?id={}", one.stack)).await;
    for fact in ["NGC 7023 &#38; more", "05h 34m 24s", "10 s", "1 aligned of 1", "99"] {
        assert!(detail.contains(fact), "{fact} is not in {detail}");
    }
    let form = [("action", "delete"), ("id", &one.stack.to_string()), ("csrf_token", &browser.csrf)];
    let answer = browser.bare(Method::POST, "/stacks.php").form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(browser.get(&format!("/stacks.php?id={}", one.stack)).await.status(), StatusCode::NOT_FOUND);
}

/// An object's name is a text wherever it is shown (U-16).
#[tokio::test(flavor = "multi_thread")]
async fn u16_a_name_with_markup_is_shown_as_it_is() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let made = server.stacked(&user, "<img src=x onerror=alert(1)>").await;
    let pages = [
        "/stacks.php".to_owned(),
        format!("/stacks.php?id={}", made.stack),
        format!("/status.php?session={}", made.session),
        "/status.php".to_owned(),
    ];
    for path in pages {
        let answer = browser.get(&path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-inline"), "{policy}");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("<img src=x") && page.contains("&#60;img src=x"), "{path}: {page}");
    }
}

/// The name is made of harmless characters, the header has it alone (U-19).
#[tokio::test(flavor = "multi_thread")]
async fn u19_the_name_of_a_download_is_plain() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let made = server.stacked(&user, "M 42\"; filename*=x;../").await;
    let answer = browser.get(&format!("/download.php?id={}", made.stack)).await;
    let expected = "attachment; filename=\"M_42___filename__x_..__20250115.78_83.6_+22.0.fits\"";
    assert_eq!(answer.headers()["content-disposition"], expected);
    assert_eq!(answer.headers()["content-type"], "application/fits");
}

/// Whole, in parts, not at all: what the status says is what comes (U-27).
#[tokio::test(flavor = "multi_thread")]
async fn u27_the_status_comes_first_and_is_true() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let made = server.stacked(&user, "M 42").await;
    for path in [format!("/download.php?id={}", made.stack), format!("/api/v1/stacks/{}/fits", made.stack)] {
        let answer = browser.get(&path).await;
        assert_eq!(answer.headers()["content-length"], made.fits.len().to_string());
        let etag = answer.headers()["etag"].clone();
        assert_eq!(answer.bytes().await.unwrap(), made.fits);
        let part = browser.request(Method::GET, &path).header("range", "bytes=80-159").send().await.unwrap();
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(part.headers()["content-range"], format!("bytes 80-159/{}", made.fits.len()));
        assert_eq!(part.bytes().await.unwrap(), made.fits[80..160]);
        let past =
            browser.request(Method::GET, &path).header("range", "bytes=99999999-").send().await.unwrap();
        assert_eq!(past.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        let same = browser.request(Method::GET, &path).header("if-none-match", etag).send().await.unwrap();
        assert_eq!((same.status(), same.bytes().await.unwrap().len()), (StatusCode::NOT_MODIFIED, 0));
    }
    // Cut off in the storage, then gone: an error, not a FITS file.
    let object = server.folder.path().join("storage").join(format!("stacks/stacks/{}.fits", made.job));
    let object =
        if object.exists() { object } else { find(server.folder.path(), &format!("{}.fits", made.job)) };
    std::fs::write(&object, &made.fits[..1000]).unwrap();
    for gone in [false, true] {
        if gone {
            std::fs::remove_file(&object).unwrap();
        }
        let answer = browser.get(&format!("/download.php?id={}", made.stack)).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "gone: {gone}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(answer.headers().get("content-disposition").is_none());
    }
}

fn find(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() == name {
                return path;
            }
        }
    }
    panic!("there is no {name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_speak_as_the_original_did() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let made = server.stacked(&user, "M 42").await;
    for (path, status, said) in [
        ("/download.php", 400, "Missing stack ID."),
        ("/download.php?id=x", 400, "Missing stack ID."),
        ("/download.php?id=999", 404, "Stack not found."),
        ("/thumbnail.php?id=999", 404, "Stack not found."),
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        assert_eq!(answer.text().await.unwrap(), said);
    }
    let picture = browser.get(&format!("/thumbnail.php?id={}", made.stack)).await;
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.headers()["cache-control"], "private, max-age=31536000, immutable");
}
