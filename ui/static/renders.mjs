// The visitor's renders that wait, run or have failed, with what can be done to each.

import { say } from "../editor/words.mjs";

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text; // never markup: captions and errors may hold a user's words
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Shows `props.value`, a list of renders; what is clicked goes back as {action, id}. */
export function mount(host, { props, trigger, watch }) {
  const list = element("ul", "", { class: "spa2v-renders", "aria-label": say("Renders under way") });

  function button(label, action, id, disabled = false) {
    const made = element("button", say(label), { type: "button" });
    made.disabled = disabled;
    made.addEventListener("click", () => {
      props.value = { action, id, at: Date.now() };
      trigger("input", {});
    });
    return made;
  }

  function row(one) {
    const item = element("li", "", { "data-state": one.state });
    item.append(element("strong", one.title), element("span", one.text));
    if (one.state === "queued") {
      item.append(
        button("Earlier", "earlier", one.id, one.first),
        button("Later", "later", one.id, one.last),
        button("Leave the queue", "cancel", one.id),
      );
    } else if (one.state === "running") item.append(button("Stop", "cancel", one.id));
    else item.append(button("Dismiss", "delete", one.id));
    return item;
  }

  function draw() {
    if (!Array.isArray(props.value)) return; // an action of ours is on its way
    const focused = document.activeElement?.textContent;
    list.replaceChildren(...props.value.map(row));
    list.hidden = props.value.length === 0;
    if (focused && document.activeElement === document.body)
      [...list.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
  }
  watch("value", draw);
  host.querySelector(".spa2v-mount").replaceChildren(list);
  draw();
}
