//! Upload sessions: files, quota, finalising, expiry.

use super::stage::{AT_ONCE, LONG, Stage, token};
use crowdsky_server::store::{
    Added, Earlier, Error, Failure, Finalise, JobId, RawFile, Upload, UploadState, User,
};
use std::time::Duration;

pub(super) async fn a_file_is_counted_once(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    let new = stage.new_file(&upload, "Light.fit", 1000);
    // Three copies of one file, sent at once.
    let sent = (0..3).map(|k| {
        let (store, mut new) = (stage.store.clone(), new.clone());
        new.key = format!("{}-{k}", new.key);
        tokio::spawn(async move { store.add_file(&new).await.unwrap() })
    });
    let mut added = 0;
    for sent in sent.collect::<Vec<_>>() {
        added += usize::from(matches!(sent.await.unwrap(), Added::New(_)));
    }
    assert_eq!((added, stage.used(&user).await), (1, 1000));
    let upload = stage.store.upload(user.id, &upload.token).await.unwrap().unwrap();
    assert_eq!(
        (upload.file_count, upload.total_bytes, upload.object_name.as_deref()),
        (1, 1000, Some("M 31"))
    );
    let known =
        stage.store.files_with(user.id, upload.id, &[new.sha256.clone(), "0".repeat(64)]).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].meta, new.meta);
    assert!(stage.store.drop_file(user.id, upload.id, &new.sha256).await.unwrap());
    assert!(!stage.store.drop_file(user.id, upload.id, &new.sha256).await.unwrap());
    assert_eq!(stage.used(&user).await, 0);
    stage.rules_hold().await;
}

pub(super) async fn u05_same_name_other_content_keeps_both(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(stage.file(&upload, "Light_1.fit").await.filename);
    }
    assert_eq!(names, ["Light_1.fit", "Light_1_2.fit", "Light_1_3.fit"]);
    let keys: std::collections::BTreeSet<_> =
        stage.store.files(user.id, upload.id).await.unwrap().into_iter().map(|file| file.key).collect();
    assert_eq!(keys.len(), 3);
}

pub(super) async fn u20_quota_and_limits_are_enforced(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    stage.store.add_file(&stage.new_file(&upload, "a.fit", 999_000)).await.unwrap();
    let error = stage.store.add_file(&stage.new_file(&upload, "b.fit", 1001)).await.unwrap_err();
    assert!(matches!(error, Error::OutOfQuota { used: 999_000, limit: 1_000_000, wanted: 1001 }), "{error}");
    stage.store.add_file(&stage.new_file(&upload, "b.fit", 1000)).await.unwrap();
    let mut third = stage.new_file(&upload, "c.fit", 0);
    third.max_files = 2;
    assert!(matches!(stage.store.add_file(&third).await, Err(Error::Limit { limit: 2, .. })));
    let mut second = stage.new_upload(&user);
    second.max_open = 1;
    assert!(matches!(stage.store.open_upload(&second).await, Err(Error::Limit { limit: 1, .. })));
    // The same wish with the same key gives the same session, whatever the limit.
    let mut wish = stage.new_upload(&user);
    wish.idempotency_key = Some("again".to_owned());
    let first = stage.store.open_upload(&wish).await.unwrap();
    let mut again = stage.new_upload(&user);
    (again.idempotency_key, again.max_open) = (Some("again".to_owned()), 0);
    assert_eq!(stage.store.open_upload(&again).await.unwrap(), first);
    // Foreign sessions are not there.
    let eve = stage.user("eve").await;
    assert_eq!(stage.store.upload(eve.id, &upload.token).await.unwrap(), None);
    assert!(matches!(stage.store.abandon_upload(eve.id, upload.id).await, Err(Error::NotFound(_))));
    stage.rules_hold().await;
}

async fn plan(stage: &Stage, upload: &Upload) -> Finalise {
    let files = stage.store.files(upload.user_id, upload.id).await.unwrap();
    Finalise {
        upload_id: upload.id,
        user_id: upload.user_id,
        files: files.iter().map(|file| file.id).collect(),
        jobs: vec![stage.new_job(&files[1..2]), stage.new_job(&files[2..])],
        rejected: vec![(files[0].id, "no DATE-OBS".to_owned())],
    }
}

pub(super) async fn u07_finalising_twice_at_once_makes_each_job_once(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    for k in 0..5 {
        stage.file(&upload, &format!("{k}.fit")).await;
    }
    let plan = plan(&stage, &upload).await;
    let asked = (0..4).map(|_| {
        let (store, plan) = (stage.store.clone(), plan.clone());
        tokio::spawn(async move { store.finalise(&plan).await.unwrap() })
    });
    let mut answers = Vec::new();
    for asked in asked.collect::<Vec<_>>() {
        answers.push(asked.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| !answer.replay).count(), 1);
    for answer in &answers {
        assert_eq!((&answer.jobs, &answer.rejected), (&answers[0].jobs, &answers[0].rejected));
    }
    assert_eq!(answers[0].rejected, [("0.fit".to_owned(), "no DATE-OBS".to_owned())]);
    assert_eq!(stage.store.jobs_of_upload(user.id, upload.id).await.unwrap().len(), 2);
    let job = answers[0].jobs[1].0;
    assert_eq!(stage.store.job_files(job).await.unwrap().len(), 3);
    assert!(matches!(stage.store.abandon_upload(user.id, upload.id).await, Err(Error::WrongState { .. })));
    stage.rules_hold().await;
}

pub(super) async fn u07_a_file_that_arrives_meanwhile_is_noticed(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    for k in 0..3 {
        stage.file(&upload, &format!("{k}.fit")).await;
    }
    let plan = plan(&stage, &upload).await;
    stage.file(&upload, "late.fit").await;
    assert!(matches!(stage.store.finalise(&plan).await, Err(Error::Changed)));
    assert_eq!(stage.store.jobs_of_upload(user.id, upload.id).await.unwrap(), []);
    assert_eq!(
        stage.store.upload_by_id(user.id, upload.id).await.unwrap().unwrap().state,
        UploadState::Uploading
    );
}

pub(super) async fn u34_five_thousand_files_in_one_question(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    let file = stage.file(&upload, "a.fit").await;
    let mut wanted: Vec<String> = (0..70_000).map(|k| format!("{k:064}")).collect();
    wanted.push(file.sha256.clone());
    assert_eq!(stage.store.files_with(user.id, upload.id, &wanted).await.unwrap(), [file]);
}

/// A session with one job for its first two frames and another for the third; the fourth is left out.
async fn three_in_two_jobs(stage: &Stage, user: &User) -> (Upload, Vec<RawFile>, [JobId; 2]) {
    let upload = stage.upload(user).await;
    let mut files = Vec::new();
    for k in 0..4 {
        files.push(stage.file(&upload, &format!("{k}.fit")).await);
    }
    let plan = Finalise {
        upload_id: upload.id,
        user_id: user.id,
        files: files.iter().map(|file| file.id).collect(),
        jobs: vec![stage.new_job(&files[..2]), stage.new_job(&files[2..3])],
        rejected: vec![(files[3].id, "no DATE-OBS".to_owned())],
    };
    let jobs = stage.store.finalise(&plan).await.unwrap().jobs;
    (upload, files, [jobs[0].0, jobs[1].0])
}

pub(super) async fn what_was_sent_before_is_known(stage: Stage) {
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let (first, files, [done, given_up]) = three_in_two_jobs(&stage, &ada).await;
    let now = stage.upload(&ada).await;
    let wanted: Vec<String> = files.iter().map(|file| file.sha256.clone()).collect();
    let asked =
        async |upload: &Upload| stage.store.earlier(upload.user_id, upload.id, &wanted).await.unwrap();
    let earlier = |file: &RawFile, session: &Upload, stack| Earlier {
        sha256: file.sha256.clone(),
        session: session.token.clone(),
        stack,
    };

    // Jobs that wait or run count; what was left out does not, nor what this session itself has, nor what is another's.
    let waiting: Vec<Earlier> = files[..3].iter().map(|file| earlier(file, &first, None)).collect();
    assert_eq!(asked(&now).await, waiting);
    assert_eq!(asked(&first).await, []);
    assert_eq!(asked(&stage.upload(&eve).await).await, []);
    let job = stage.claim("w", LONG).await.unwrap();
    assert_eq!((job.id, asked(&now).await), (done, waiting));

    // One job gets its stack, the other is given up.
    stage.store.start_verifying(done, token(&job), LONG).await.unwrap();
    let stack = stage.store.complete(done, token(&job), Some(&stage.new_stack()), LONG).await.unwrap().stack;
    let job = stage.claim("w", LONG).await.unwrap();
    let failure = Failure { code: "bad_input".to_owned(), message: "no stars".to_owned(), retry: false };
    stage.store.fail(given_up, token(&job), &failure, &AT_ONCE).await.unwrap();
    let stacked = [earlier(&files[0], &first, stack), earlier(&files[1], &first, stack)];
    assert_eq!(asked(&now).await, stacked);

    // Sent again all the same, it has a second home; the one with a stack is told.
    let mut again = stage.new_file(&now, "0.fit", 1000);
    again.sha256.clone_from(&files[0].sha256);
    let Added::New(copy) = stage.store.add_file(&again).await.unwrap() else {
        panic!("it is not in this session")
    };
    assert_eq!(stage.store.files_with(ada.id, now.id, &wanted).await.unwrap(), std::slice::from_ref(&copy));
    let third = stage.upload(&ada).await;
    assert_eq!(asked(&third).await, stacked, "a session that is open does not count");
    let jobs = vec![stage.new_job(std::slice::from_ref(&copy))];
    let plan =
        Finalise { upload_id: now.id, user_id: ada.id, files: vec![copy.id], jobs, rejected: Vec::new() };
    stage.store.finalise(&plan).await.unwrap();
    assert_eq!(asked(&third).await, stacked);

    // Without the stack only the copy is left, and without its job nothing.
    stage.store.delete_stack(ada.id, stack.unwrap(), LONG).await.unwrap();
    assert_eq!(asked(&third).await, [earlier(&copy, &now, None)]);
    let waiting = stage.store.jobs_of_upload(ada.id, now.id).await.unwrap();
    stage.store.delete_job(ada.id, waiting[0].id, LONG).await.unwrap();
    assert_eq!(asked(&third).await, []);

    // Nor does a session that was taken back.
    let abandoned = stage.file(&third, "9.fit").await;
    stage.store.abandon_upload(ada.id, third.id).await.unwrap();
    let fourth = stage.upload(&ada).await;
    assert_eq!(stage.store.earlier(ada.id, fourth.id, &[abandoned.sha256]).await.unwrap(), []);
    stage.rules_hold().await;
}

pub(super) async fn sessions_expire_and_their_objects_go(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    // The clock of SQLite tells milliseconds, and both may be done in one.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let file = stage.file(&upload, "a.fit").await;
    // Who still sends is still there.
    let now = stage.store.upload_by_id(user.id, upload.id).await.unwrap().unwrap();
    assert!(now.expires_at > upload.expires_at, "{now:?}");
    stage.by_hand("UPDATE upload_sessions SET expires_at = 0").await;
    let kept = stage.upload(&user).await;
    assert_eq!(stage.store.doomed(10, LONG).await.unwrap(), []);
    assert_eq!(stage.store.expire_uploads(10).await.unwrap(), 1);
    assert_eq!(stage.store.expire_uploads(10).await.unwrap(), 0);
    assert_eq!(stage.used(&user).await, 0);
    let doomed = stage.store.doomed(10, LONG).await.unwrap();
    assert_eq!(doomed.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), [file.key.as_str()]);
    let late = stage.store.add_file(&stage.new_file(&upload, "b.fit", 1)).await;
    assert!(matches!(late, Err(Error::WrongState { .. })));
    stage.store.abandon_upload(user.id, kept.id).await.unwrap();
    stage.store.abandon_upload(user.id, kept.id).await.unwrap();
    stage.rules_hold().await;
}
