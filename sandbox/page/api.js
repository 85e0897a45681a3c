// The driver of the stand-in, as the page uses it.
async function call(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  return { status: answer.status, ...body };
}

export const get = (path) => call(path);

export const post = (path, body) =>
  call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

// Calls `seen` with each new state of one person, for as long as `alive` says.
export async function follow(user, seen, alive) {
  let since = -1;
  while (alive()) {
    try {
      const state = await get(`/sandbox/state?user=${encodeURIComponent(user)}&since=${since}&wait=20`);
      if (!alive()) return;
      if (state.rev > since) seen(state);
      since = state.rev ?? since;
      if (state.status !== 200) await pause(1000);
    } catch {
      await pause(1000);
    }
  }
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
