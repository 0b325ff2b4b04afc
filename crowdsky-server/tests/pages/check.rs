//! "Check my FITS", which asks nobody who they are. What its scripts do is tried in a browser (ci/web/check.mjs).

use crate::support::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_for_everybody_and_leaves_nothing_behind() {
    let server = TestApp::start().await;
    let (visitor, (_, user)) = (server.visitor(), server.user("ada").await);
    let answer = visitor.get("/check").await;
    assert_eq!(answer.headers().get("set-cookie"), None);
    let page = answer.text().await.unwrap();
    assert!(!page.contains("<form") && !page.contains("csrf"), "nothing can be sent from it");
    assert!(page.contains("crowdsky inspect FILE"), "what does the same without scripts");
    assert!(
        visitor.text("/").await.matches("href=\"/check\"").count() >= 2,
        "in the menu and on the start page"
    );
    assert!(user.text("/check").await.contains("<a href=\"/check\" aria-current=\"page\">Check</a>"));
}
