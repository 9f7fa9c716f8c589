// What Python says about the recording, on its way to the editor: whichever of the two is mounted
// first waits for the other.

let latest = null;
let receiver = null;

/** The editor's side: called with every feed, and at once with the latest. */
export function onFeed(listener) {
  receiver = listener;
  if (latest) listener(latest);
}

/** The feed component's side. */
export function mountFeed({ props, watch }) {
  const send = () => {
    latest = props.value ?? null;
    if (latest) receiver?.(latest);
  };
  watch("value", send);
  send();
}
