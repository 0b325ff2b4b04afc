//! Where a worker may say that it has put its stack: there, where the server expects it, and nowhere else.

use super::old_worker::{OldWorker, path_of, put, state};
use crate::support::app::{TestApp, frame};
use crowdsky_server::storage::BlobKey;
use crowdsky_server::store::JobState;
use serde_json::{Value, json};

/// The original served, and deleted, whatever object a worker named (U-09).
#[tokio::test(flavor = "multi_thread")]
async fn u09_no_path_is_taken_from_the_wire() {
    let server = TestApp::start().await;
    let ((user, browser), (victim, _)) = (server.user("owner").await, server.user("victim").await);
    let worker = OldWorker::new(&server, "attic").await;
    let theirs = server.stacked(&victim, "M 31").await;
    let theirs = server.app.store.stack(victim.id, theirs.stack).await.unwrap().unwrap().made.fits;
    let before = server.app.store.outbox().await.unwrap().pending;
    let (_, id) = server.queued(&user, "M 42").await;
    let raw = server.app.store.job_files(id).await.unwrap()[0].key.clone();
    let job = worker.next().await;
    let good = path_of(&job);
    let stack = frame("M 42");
    put(&server, &good, &stack).await;
    let elsewhere = good.replace("M_42", "M_43");
    put(&server, &elsewhere, &stack).await;
    let other_job = good.replace(&format!("_{id}.fits"), &format!("_{}.fits", id.0 + 1));
    let climbing = [format!("../{good}x"), good.replacen('/', "//", 1)];
    let thumbnail = good.replace(".fits", "_thumb.png");
    let (tail, encoded) = (format!("x{good}"), good.replace('_', "%5F"));
    let mut wrong = vec!["", ".", "..", "/", "../../etc/passwd", &theirs.key, &raw, &elsewhere, &other_job];
    wrong.extend(climbing.iter().map(String::as_str));
    wrong.extend([thumbnail.as_str(), &tail, &encoded]);
    let told = |path: Value, thumbnail: Value| {
        json!({"job_id": id, "ucloud_path": path, "thumbnail_path": thumbnail, "n_frames_aligned": 1,
            "file_size_bytes": stack.len()})
    };
    let values = wrong.into_iter().map(|path| json!(path)).chain([Value::Null, json!(7), json!([good])]);
    for path in values {
        let (status, answer) = worker.complete(&told(path.clone(), Value::Null)).await;
        let sentence = format!("The stack of job {id} belongs at {good}.");
        assert_eq!((status, &answer), (400, &json!({ "error": sentence })), "{path}");
        assert_eq!(state(&server, id).await, JobState::Processing, "{path}");
        assert_eq!(browser.text("/api/stacks_data.php").await, "[]", "{path}");
    }
    let (status, answer) = worker.complete(&told(json!(good), json!(theirs.key))).await;
    assert!(status == 400 && answer["error"].as_str().unwrap().contains("The thumbnail"), "{answer}");
    assert_eq!(state(&server, id).await, JobState::Processing);
    assert_eq!(server.app.store.outbox().await.unwrap().pending, before, "nothing is on its way out");
    let key = BlobKey::parse(&theirs.key).unwrap();
    assert_eq!(server.app.blobs.stacks.size(&key).await.unwrap(), Some(theirs.size as u64));
    // The folder of the storage may stand before it, as the original's workers put it.
    let whole = format!("/remote.php/webdav/{good}");
    assert_eq!(worker.complete(&told(json!(whole), Value::Null)).await, (200, json!({"ok": true})));
    assert_eq!(server.app.blobs.stacks.size(&key).await.unwrap(), Some(theirs.size as u64));
}

/// The worker makes the path of what `next_job` says, with `_` for `/` and blanks alone. Whatever the object is called, that
/// is where the server looks, and it does not climb (U-18).
#[tokio::test(flavor = "multi_thread")]
async fn u18_both_sides_make_the_same_path() {
    let server = TestApp::start().await;
    let (user, _) = server.user("owner").await;
    let worker = OldWorker::new(&server, "attic").await;
    let names =
        ["M 42", "Barnard's Loop", "IC 405/410", "..", ".", "Cirrus #1 50%?", "  M 42", "C/2023 A3 (T-A)"];
    for name in names {
        let (_, id) = server.queued(&user, name).await;
        let job = worker.next().await;
        assert_eq!(job["job_id"], json!(id));
        let path = path_of(&job);
        assert_eq!(job["ucloud_path"], json!(path), "{name}");
        assert_eq!(path.split('/').count(), 4, "{name}: {path}");
        let stack = frame("M 42");
        put(&server, &path, &stack).await;
        let told = json!({"job_id": id, "ucloud_path": path, "file_size_bytes": stack.len()});
        assert_eq!(worker.complete(&told).await, (200, json!({"ok": true})), "{name}");
        // What people see is the name as it was.
        let row = server.app.store.stack_of_job(id).await.unwrap().unwrap();
        assert_eq!(row.object_name.as_deref(), Some(name.trim()).filter(|name| !name.is_empty()));
    }
}
