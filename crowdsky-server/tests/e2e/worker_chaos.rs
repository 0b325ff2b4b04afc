//! Workers that are killed, stopped, told to end: the job is done once, and its frames are there until its stack is.

use super::nights::{self, Folder};
use super::places::{Bytes, Places, Rows};
use super::server::Server;
use super::user::{User, sha256};
use super::worker::Recipe;
use crate::harness::Bench;
use crate::support::rows::end_leases;
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// No embedded worker; a lease that no slow machine loses, for the tests end it; several attempts one after the other.
const SETTINGS: &str = "[worker]\ncount = 0\n[jobs]\nlease_s = 60\nheartbeat_s = 0.5\nreap_every_s = 0.3\nbackoff_first_s = 0.1\n";
const PATIENCE: Duration = Duration::from_secs(90);

/// A server with one queued job, and what its user knows.
struct Scene {
    places: Places,
    server: Server,
    user: User,
    session: String,
    folder: Folder,
    _bench: Bench,
}

impl Scene {
    async fn new(bytes: Bytes) -> Scene {
        let places = Places::new(Rows::Sqlite, bytes).await;
        let bench = Bench::new();
        let folder = nights::simulated(&bench.path("."), "M 31", 31, 10.68, 41.27);
        let server = Server::start(&places, SETTINGS);
        let user = User::register(&server.url, "ada").await;
        let session = user.open().await;
        for k in 0..folder.frames.len() {
            let (name, bytes) = folder.frame(k);
            assert_eq!(user.put(&session, &name, &bytes).await.unwrap(), 201);
        }
        let planned = user.finalise(&session).await.unwrap();
        assert_eq!(planned["jobs"].as_array().map(Vec::len), Some(1), "{planned}");
        Scene { places, server, user, session, folder, _bench: bench }
    }

    fn recipe(&self, name: &str, more: &str) -> Recipe {
        Recipe::new(&self.places, &self.server, name, more)
    }

    async fn job(&self) -> Json {
        let jobs = self.user.get_json(&format!("/api/v1/jobs?session={}", self.session)).await;
        jobs["jobs"][0].clone()
    }

    async fn attempts(&self) -> Vec<Json> {
        let story = self.user.get_json(&format!("/api/v1/jobs/{}", self.job().await["id"])).await;
        story["attempts"].as_array().unwrap().clone()
    }

    async fn wait_for_status(&self, wanted: &str) {
        let begin = Instant::now();
        loop {
            let job = self.job().await;
            if job["status"] == wanted {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "never {wanted}: {job}\n{}", self.server.log_tail());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The lease of a worker that gives no sign any more is over; the server takes the job back.
    async fn lease_ends(&self) {
        end_leases(&self.places.data()).await;
        self.wait_for_status("retry").await;
    }

    /// Every frame the user was told is safe can be read back; with a stack it is that which must be there.
    fn raws_are_there(&self) {
        let (status, report) = self.server.fsck();
        assert_eq!(status, 0, "{report:#}");
        let mut sent: Vec<String> =
            (0..self.folder.frames.len()).map(|k| sha256(&self.folder.frame(k).1)).collect();
        sent.sort();
        assert_eq!(report["raws"], Json::from(sent));
    }

    /// One stack of all frames, in good order, whoever made it.
    async fn one_stack(&self) {
        let stacks = self.user.wait_for_stacks(1, PATIENCE).await;
        assert_eq!(stacks.len(), 1, "{stacks:?}");
        assert_eq!(stacks[0]["n_frames_input"], self.folder.frames.len());
        let fits = self.user.get(&format!("/download.php?id={}", stacks[0]["id"])).await;
        assert!(fits.bytes().await.unwrap().starts_with(b"SIMPLE  ="));
        let (status, report) = self.server.fsck();
        assert_eq!((status, &report["raws"]), (0, &Json::from(Vec::<Json>::new())), "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_download() {
    killed(Bytes::Local, "before_download", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_stack() {
    killed(Bytes::Local, "in_stack", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_upload() {
    killed(Bytes::Local, "after_upload", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_upload_to_a_storage_of_its_own() {
    let direct = Places::direct;
    killed_with(Scene::new(Bytes::Apache).await, "after_upload", direct).await;
}

async fn killed(bytes: Bytes, point: &str, more: &'static str) {
    killed_with(Scene::new(bytes).await, point, |_| more.to_owned()).await;
}

/// Killed before the job is completed: the frames stay, the lease ends, the next attempt does it.
async fn killed_with(scene: Scene, point: &str, more: impl Fn(&Places) -> String) {
    let recipe = scene.recipe("attic", &more(&scene.places));
    let mut first = recipe.start(&["--once"], Some(point));
    assert_eq!(first.end(PATIENCE), None, "killed by a signal\n{}", first.log());
    assert!(first.log().contains("killed at a fail point"), "{}", first.log());
    scene.raws_are_there();
    scene.lease_ends().await;
    let _next = recipe.start(&[], None);
    scene.one_stack().await;
    let outcomes: Vec<Json> =
        scene.attempts().await.iter().map(|attempt| attempt["outcome"].clone()).collect();
    assert_eq!(outcomes, ["lease_expired", "completed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_commit() {
    let scene = Scene::new(Bytes::Local).await;
    let recipe = scene.recipe("attic", "");
    let mut first = recipe.start(&["--once"], Some("after_commit"));
    assert_eq!(first.end(PATIENCE), None, "killed by a signal\n{}", first.log());
    scene.one_stack().await;
    let mut second = recipe.start(&["--once"], None);
    assert_eq!(second.end(PATIENCE), Some(1), "nothing is left to do\n{}", second.log());
    assert_eq!(scene.attempts().await.len(), 1);
}

/// A worker that is stopped for longer than its lease, and goes on: the next one has done it, and it changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u08_stopped_for_longer_than_its_lease() {
    let scene = Scene::new(Bytes::Local).await;
    let busy = scene.places.folder().join("busy");
    let mut stalled = scene.recipe("attic", "").start_held(&["--once"], "in_stack", &busy);
    stalled.signal("STOP");
    scene.lease_ends().await;
    let _next = scene.recipe("cellar", "").start(&[], None);
    scene.one_stack().await;
    std::fs::remove_file(busy).unwrap();
    stalled.signal("CONT");
    assert_eq!(stalled.end(PATIENCE), Some(1), "what it did was in vain\n{}", stalled.log());
    scene.one_stack().await;
    let attempts = scene.attempts().await;
    let told: Vec<_> = attempts.iter().map(|attempt| (&attempt["worker"], &attempt["outcome"])).collect();
    assert_eq!(told, [(&"attic".into(), &"lease_expired".into()), (&"cellar".into(), &"completed".into())]);
}

/// SIGTERM: the job goes back at once, and the attempt does not count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u01_told_to_end() {
    let scene = Scene::new(Bytes::Local).await;
    let recipe = scene.recipe("attic", "[http]\ndrain_s = 0\n");
    // It computes and would go on for ever.
    let mut worker = recipe.start_held(&[], "in_stack", &scene.places.folder().join("busy"));
    assert_eq!(scene.job().await["status"], "processing");
    let told = Instant::now();
    worker.signal("TERM");
    assert_eq!(worker.end(PATIENCE), Some(0), "{}", worker.log());
    // Without `drain_s = 0` it would be given 30 s.
    assert!(told.elapsed() < Duration::from_secs(20), "{:?}", told.elapsed());
    let (job, attempts) = (scene.job().await, scene.attempts().await);
    assert_eq!((&job["status"], &job["attempt"]), (&"pending".into(), &0.into()), "{job}");
    assert_eq!(attempts[0]["outcome"], "released");
    scene.raws_are_there();
    let mut next = recipe.start(&["--once"], None);
    assert_eq!(next.end(PATIENCE), Some(0), "{}", next.log());
    scene.one_stack().await;
}

/// `artifacts.mode = "direct"`: the worker puts the stack on the storage itself, the server verifies it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_to_the_storage_itself() {
    let scene = Scene::new(Bytes::Rclone).await;
    let mut worker = scene.recipe("attic", &scene.places.direct()).start(&["--once"], None);
    assert_eq!(worker.end(PATIENCE), Some(0), "{}", worker.log());
    scene.one_stack().await;
}
