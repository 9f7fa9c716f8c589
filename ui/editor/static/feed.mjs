// What goes between Python and the editor beside the layout itself. Whichever side of a channel is
// mounted first waits for the other.

function channel() {
  let latest;
  let receiver = null;
  return {
    /** The editor's side: called with every value, and at once with the latest. */
    on(listener) {
      receiver = listener;
      if (latest !== undefined) listener(latest);
    },
    /** The component's side. */
    mount({ props, watch }) {
      const send = () => {
        latest = props.value ?? null;
        receiver?.(latest);
      };
      watch("value", send);
      send();
    },
  };
}

/** The recording and its plan; the picture of a render under way; the finished video; what the
 *  chosen model is given of a layout. */
export const channels = { feed: channel(), preview: channel(), video: channel(), views: channel() };

let asks = null;

/** The component through which the editor asks Python for something. */
export function mountAsks({ props, trigger }) {
  asks = (kind, detail) => {
    props.value = { kind, ...detail, at: Date.now() };
    trigger("input", {});
  };
}

/** Ask for something: kind is "trim" or "change". */
export const ask = (kind, detail = {}) => asks?.(kind, detail);
