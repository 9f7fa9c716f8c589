// Files for the page: by a button, and by a drop anywhere. What a file is, is said by the server.
// And the microphone, asked for the sound as it is.

import { say } from "../editor/words.mjs";

const ACCEPT = "audio/*,video/*,.json,.xml,.mkv,.mka,.mts,.m2ts,.amr,.caf,.opus,.flac,.w64,.rf64";
/** What a browser does to speech would change where things are heard. */
const RAW = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } };

function rawMicrophone() {
  const devices = navigator.mediaDevices;
  if (!devices?.getUserMedia || devices.spa2vRaw) return;
  const ask = devices.getUserMedia.bind(devices);
  devices.spa2vRaw = true;
  devices.getUserMedia = (wanted) =>
    ask(wanted?.audio ? { ...wanted, audio: { ...(wanted.audio === true ? {} : wanted.audio), ...RAW } } : wanted);
}

let listening; // of the last mount: a page that is drawn anew listens once

function element(tag, attributes = {}, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

/** `props.value` becomes {path, name} of what was uploaded, or {error, name}. */
export function mount(host, { props, trigger, upload }) {
  rawMicrophone();
  listening?.abort();
  listening = new AbortController();
  const { signal } = listening;
  const words = { rest: say(props.text), drop: say(props.drop_text) };
  let newest = 0;
  const label = element("label", { class: "spa2v-intake" });
  const text = element("span", {}, words.rest);
  const input = element("input", { type: "file", accept: ACCEPT, "aria-label": words.rest, id: "spa2v-file" });
  const veil = element("div", { class: "spa2v-drop", hidden: "" }, words.drop);
  label.append(text, input);
  host.replaceChildren(label);
  document.body.append(veil);
  signal.addEventListener("abort", () => veil.remove());

  async function take([file]) {
    if (!file) return;
    const mine = ++newest;
    text.textContent = say("Uploading {}", file.name);
    label.toggleAttribute("data-busy", true);
    let value;
    try {
      value = { path: (await upload(file)).path, name: file.name };
    } catch (error) {
      value = { error: String(error?.message ?? error), name: file.name };
    }
    if (mine !== newest) return; // another file was given meanwhile
    text.textContent = words.rest;
    label.toggleAttribute("data-busy", false);
    props.value = { ...value, at: Date.now() };
    trigger("input", {});
  }

  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });
  const files = (event) => event.dataTransfer?.types.includes("Files");
  const show = (on) => veil.toggleAttribute("hidden", !on);
  const on = (type, run) => document.addEventListener(type, run, { capture: true, signal });
  on("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    show(true);
  });
  on("dragleave", (event) => event.relatedTarget === null && show(false));
  on("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    show(false);
    take([...event.dataTransfer.files]);
  });
}
