// The driver of the stand-in, as the page uses it.
const WAIT_S = 20;
const GONE = "The stand-in does not answer. The page goes on by itself as soon as it does.";

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function call(path, options) {
  const answer = await fetch(path, options);
  return { ...(await answer.json()), status: answer.status };
}

export const get = (path, signal) => call(path, { signal });

export async function post(path, body) {
  const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  try {
    return await call(path, options);
  } catch {
    return { ok: false, error: GONE, status: 0 };
  }
}

// Resolves when the tab can be seen: a browser has six connections to one place, and hidden tabs should hold none.
export const awake = () =>
  new Promise((done) => {
    if (!document.hidden) done();
    else document.addEventListener("visibilitychange", () => done(awake()), { once: true });
  });

function untilHidden() {
  const control = new AbortController();
  const look = () => document.hidden && control.abort();
  document.addEventListener("visibilitychange", look);
  return { signal: control.signal, end: () => document.removeEventListener("visibilitychange", look) };
}

// Calls `seen` with each new state of one person, and `lost` with a sentence or null, until `signal` ends it.
export async function follow(user, signal, seen, lost) {
  let since = -1;
  while (!signal.aborted) {
    await awake();
    const hidden = untilHidden();
    try {
      const query = new URLSearchParams({ user, since, wait: WAIT_S });
      const state = await get(`/sandbox/state?${query}`, AbortSignal.any([signal, hidden.signal]));
      if (state.status !== 200) throw new Error(state.error);
      lost(null);
      if (state.rev !== since) seen(state);
      since = state.rev;
    } catch (problem) {
      if (signal.aborted) return;
      if (!hidden.signal.aborted) {
        lost(problem instanceof TypeError ? GONE : problem.message);
        await pause(1000);
      }
      since = -1;
    } finally {
      hidden.end();
    }
  }
}
