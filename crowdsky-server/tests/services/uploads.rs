//! Frames whose database breaks off.

use super::settings;
use crate::support::app::{TestApp, body, frame};
use crate::support::mariadb::Mariadb;
use crate::support::wire::{COMMIT, Wire};
use crowdsky_server::services::{Error, Incoming};
use crowdsky_server::store;

fn incoming() -> Incoming {
    Incoming { name: "Light_1.fit".to_owned(), length: None, sha256: None }
}

/// The connection breaks while the row of a frame is committed: it may be there, so its object is not taken back.
#[tokio::test(flavor = "multi_thread")]
async fn i4_an_unknown_commit_takes_no_object_back() {
    let mariadb = Mariadb::start();
    let wire = Wire::to(mariadb.port()).await;
    let mut settings = settings();
    settings.database.url = Some(mariadb.url_at("unknown_commit", wire.port));
    let server = TestApp::start_with(settings).await;
    let (user, _) = server.user("ada").await;
    let upload = server.app.uploads.open(&user, None, false, None).await.unwrap();
    wire.break_after(COMMIT);
    let sent = server.app.uploads.accept(&user, &upload.token, incoming(), body(frame("M 42"))).await;
    assert!(matches!(sent, Err(Error::Store(store::Error::Unavailable { .. }))), "{sent:?}");
    assert_eq!(server.app.store.files(user.id, upload.id).await.unwrap().len(), 1, "it was committed");
    assert_eq!(server.app.store.outbox().await.unwrap().pending, 0);
    // Sent again, it is known; what was stored for it the second time goes.
    let again = server.app.uploads.accept(&user, &upload.token, incoming(), body(frame("M 42"))).await;
    assert!(!again.unwrap().new);
    assert_eq!(server.app.store.outbox().await.unwrap().pending, 1);
}

/// A frame taken out of its session stays out, however often that is said (I6).
#[tokio::test(flavor = "multi_thread")]
async fn i6_a_frame_is_dropped_twice() {
    let server = TestApp::start_with(settings()).await;
    let (user, _) = server.user("ada").await;
    let upload = server.app.uploads.open(&user, None, false, None).await.unwrap();
    let sent =
        server.app.uploads.accept(&user, &upload.token, incoming(), body(frame("M 42"))).await.unwrap();
    for _ in 0..2 {
        server.app.uploads.drop_file(&user, &upload.token, &sent.file.sha256).await.unwrap();
    }
    assert_eq!(server.app.store.files(user.id, upload.id).await.unwrap(), []);
    server.app.uploads.abandon(&user, &upload.token).await.unwrap();
    server.app.uploads.abandon(&user, &upload.token).await.unwrap();
}
