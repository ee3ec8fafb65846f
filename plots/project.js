/* project.js - one screen at a time: first what is asked, then, on a key, what was measured. */
(() => {
  "use strict";
  const screens = [...document.querySelectorAll(".screen")];
  const on = document.getElementById("on"), back = document.getElementById("back"), place = document.getElementById("place");
  let now = Math.min(Math.max(Number(location.hash.slice(2)) || 0, 0), screens.length - 1), asking = true;

  function show() {
    screens.forEach((screen, at) => {
      screen.classList.toggle("now", at === now);
      screen.classList.toggle("ask", at === now && asking);
    });
    on.textContent = asking ? "Show" : "Next";
    on.disabled = !asking && now === screens.length - 1;
    back.disabled = now === 0 && asking;
    place.textContent = `${now + 1} of ${screens.length}`;
    history.replaceState(null, "", `#s${now}`);
  }

  function go(to, ask) {
    if (to < 0 || to >= screens.length) return;
    [now, asking] = [to, ask];
    show();
  }

  const forward = () => (asking ? go(now, false) : go(now + 1, true));
  const backward = () => (asking ? go(now - 1, false) : go(now, true));
  const keys = { " ": forward, Enter: forward, ArrowRight: forward, PageDown: forward, ArrowLeft: backward, PageUp: backward, Backspace: backward,
    Home: () => go(0, true), End: () => go(screens.length - 1, true) };

  document.addEventListener("keydown", (event) => {
    const act = keys[event.key], pressed = event.target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter");
    if (!act || pressed || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  on.addEventListener("click", forward);
  back.addEventListener("click", backward);
  document.documentElement.classList.add("on");
  document.getElementById("controls").hidden = false;
  show();
})();
