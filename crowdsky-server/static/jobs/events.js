// Jobs as they change: by server-sent events, by asking every few seconds where those do not come through.

const ASK_EVERY = 5000;
const TRY_AGAIN = 30000;

/**
 * Watches the jobs of a session until the page is left.
 * @param {string} session
 * @param {{job: (job: object) => void, live: (how: string) => void}} told
 */
export function watch(session, told) {
  const query = `session=${encodeURIComponent(session)}`;
  let timer;
  let again;
  let over = false;

  async function look() {
    try {
      const answer = await fetch(`/api/v1/jobs?${query}`);
      if (answer.status === 401) return signedOut();
      if (!answer.ok) throw new Error(String(answer.status));
      for (const job of (await answer.json()).jobs) told.job(job);
      return true;
    } catch {
      told.live("no connection");
      return false;
    }
  }

  /** Asking again would give the same answer. */
  function signedOut() {
    clearInterval(timer);
    clearTimeout(again);
    over = true;
    told.live("signed out; reload the page");
    return false;
  }

  function listen() {
    const source = new EventSource(`/api/v1/events?${query}`);
    source.addEventListener("open", () => {
      clearInterval(timer);
      timer = undefined;
      told.live("live");
    });
    source.addEventListener("job", (event) => told.job(JSON.parse(event.data)));
    source.addEventListener("resync", look);
    source.addEventListener("error", () => {
      // The browser tries again by itself unless the server has said no.
      told.live("connecting");
      if (!over) timer ??= setInterval(async () => (await look()) && told.live("looking every 5 s"), ASK_EVERY);
      if (source.readyState === EventSource.CLOSED && !over) again = setTimeout(listen, TRY_AGAIN);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  listen();
}
