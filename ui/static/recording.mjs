// Files for the recording: by a button of its own, by the player's chooser, and by a drop on it,
// whether it holds a recording or not. The player itself would take only what a browser calls
// audio; what is a recording is said by the server, which reads videos as well.

const PLACE = "#spa2v-recording";
const ACCEPT = "audio/*,video/*,.mkv,.mka,.mts,.m2ts,.amr,.caf,.opus,.flac,.w64,.rf64";

let listening; // of the last mount: a page that is drawn anew listens once

/** `props.value` becomes {path, name} of what was uploaded, or {error, name}. */
export function mount(host, { props, trigger, upload }) {
  listening?.abort();
  listening = new AbortController();
  const first = { capture: true, signal: listening.signal }; // before the player's own listeners
  let newest = 0;

  const label = document.createElement("label");
  const text = document.createElement("span");
  const input = document.createElement("input");
  label.className = "spa2v-intake";
  input.type = "file";
  input.accept = ACCEPT;
  input.setAttribute("aria-label", "Choose a recording or a video");
  label.append(text, input);
  host.replaceChildren(label);
  say("");

  function say(name) {
    text.textContent = name ? `Uploading ${name}` : "Choose a recording or a video";
    label.toggleAttribute("data-busy", Boolean(name));
  }

  async function take(files) {
    if (!files.length) return;
    const [file] = files;
    const mine = ++newest;
    say(file.name);
    let value;
    try {
      value = { path: (await upload(file)).path, name: file.name };
    } catch (error) {
      value = { error: String(error?.message ?? error), name: file.name };
    }
    if (mine !== newest) return; // another file was given meanwhile
    say("");
    props.value = { ...value, at: Date.now() };
    trigger("input", {});
  }

  const inside = (event) => event.target instanceof Element && event.target.closest(PLACE);
  const own = (event) => event.target === input;

  document.addEventListener(
    "change",
    (event) => {
      const chosen = event.target;
      if (!own(event) && !(inside(event) && chosen.type === "file")) return;
      event.stopImmediatePropagation();
      take(Array.from(chosen.files));
      chosen.value = ""; // so that the same file can be chosen again
    },
    first,
  );
  document.addEventListener(
    "click",
    (event) => {
      if (!inside(event)) return;
      for (const chooser of document.querySelectorAll(`${PLACE} input[type=file]`)) {
        chooser.accept = ACCEPT;
      }
    },
    first,
  );
  document.addEventListener(
    "dragover",
    (event) => {
      if (inside(event) && event.dataTransfer?.types.includes("Files")) event.preventDefault();
    },
    first,
  );
  document.addEventListener(
    "drop",
    (event) => {
      const files = Array.from(event.dataTransfer?.files ?? []);
      if (!inside(event) || !files.length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      // the player still shows that something is held over it
      event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
      take(files);
    },
    first,
  );
}
