// What the browser knows of a session: its token, remembered over a reload, and that it is one tab's alone.

const KEY = "crowdsky.upload";
/** This tab's own, and the last of all tabs. */
const stores = () => [sessionStorage, localStorage];

// Remembering is a comfort: a browser that stores nothing only begins anew.
function tried(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

export const memory = {
  get: () => tried(() => sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY)),
  set: (token) => tried(() => stores().forEach((store) => store.setItem(KEY, token))),
  /** Another session stays remembered. */
  drop: (token) => tried(() => stores().forEach((store) => store.getItem(KEY) === token && store.removeItem(KEY))),
};

/** Whether this tab has the session, while it lives: of two, one would finalise it while the other sends. By plain http nobody knows. */
export const hold = (token) =>
  new Promise((resolve) => {
    if (!navigator.locks) return resolve(true);
    // A page that is reloaded lets go a moment later.
    const signal = AbortSignal.timeout(1000);
    navigator.locks.request(token, { signal }, () => new Promise(() => resolve(true))).catch(() => resolve(false));
  });
