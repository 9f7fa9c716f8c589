// The editor's state and who listens to it: every change goes through `dispatch`.

import { initial, reduce } from "./state.mjs";

export function createStore(layout) {
  let state = initial(layout);
  const listeners = [];
  return {
    getState: () => state,
    dispatch(action) {
      const before = state;
      state = reduce(state, action);
      if (state !== before) for (const listener of listeners) listener(state, before, action);
    },
    /** Called with (state, state before, action) after each change. */
    listen: (listener) => void listeners.push(listener),
  };
}
