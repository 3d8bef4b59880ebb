"use strict";
// What pages do beyond plain links and forms, which work without it: pointing at evidence, keys, and when htmx may renew a part.
(() => {
  const page = document;

  // Pointing at an attribute lights up the utterances that bear on it, and the reverse. A tap or click holds it.
  let held = null;
  const clear = () => {
    page.body.classList.remove("pointing");
    for (const e of page.querySelectorAll(".lit, .source")) e.classList.remove("lit", "source", "supported", "contradicted", "swapped");
  };
  const point = (element) => {
    clear();
    const links = (element.dataset.links || "").split(" ").filter(Boolean);
    if (!links.length) return;
    page.body.classList.add("pointing");
    element.classList.add("source");
    for (const link of links) {
      const at = link.lastIndexOf(":");
      const target = page.getElementById(link.slice(0, at));
      if (target) target.classList.add("lit", link.slice(at + 1));
    }
  };
  const owner = (event) => event.target instanceof Element ? event.target.closest("[data-links]") : null;
  // A pointer that rests is moved over another element when the page scrolls under it; that points at nothing.
  let rested = "";
  page.addEventListener("pointerover", (event) => {
    const where = `${event.screenX},${event.screenY}`;
    if (held || event.pointerType === "touch" || where === rested) return;
    rested = where;
    const e = owner(event);
    if (e) point(e); else clear();
  });
  page.addEventListener("pointermove", (event) => { rested = `${event.screenX},${event.screenY}`; });
  page.addEventListener("focusin", (event) => { const e = owner(event); if (e) { held = null; point(e); } });
  page.addEventListener("focusout", () => { if (!held) clear(); });
  page.addEventListener("click", (event) => {
    const e = owner(event);
    if (event.target instanceof Element && event.target.closest("a")) return;
    if (!e) { held = null; clear(); return; }
    if (held === e) { held = null; clear(); } else { held = e; point(e); }
  });

  // Keys can be switched off, for those who dictate or hit keys by accident (WCAG 2.1.4). The choice is this browser's; where it keeps
  // nothing, it holds for the page.
  const KEPT = "duologue-keys";
  const box = page.getElementById("keys-on");
  let keys = true;
  const setKeys = (on) => {
    keys = on;
    page.documentElement.classList.toggle("keyless", !on);
    if (box) box.checked = on;
  };
  const recallKeys = () => {
    try { setKeys(localStorage.getItem(KEPT) !== "off"); } catch { /* it keeps nothing */ }
  };
  recallKeys();
  if (box) {
    box.closest(".keyswitch").hidden = false;
    box.addEventListener("change", () => {
      setKeys(box.checked);
      try { localStorage.setItem(KEPT, keys ? "on" : "off"); } catch { /* it keeps nothing */ }
    });
  }
  // Another tab may have switched, also while this page was left for another.
  window.addEventListener("storage", (event) => { if (event.key === KEPT || event.key === null) recallKeys(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) recallKeys(); });

  // Keys: those named by data-key, numbers in a task, j and k in the list. Escape is no character and always lets go.
  const typing = (e) => e instanceof HTMLElement && (e.isContentEditable || /^(TEXTAREA|SELECT)$/.test(e.tagName) || (e.tagName === "INPUT" && !/^(radio|checkbox|button|submit)$/.test(e.type)));
  page.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { held = null; clear(); if (typing(event.target)) event.target.blur(); return; }
    if (!keys || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const named = page.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (named) {
      event.preventDefault();
      if (/^(INPUT|TEXTAREA)$/.test(named.tagName) && !/^(radio|checkbox)$/.test(named.type)) named.focus();
      else { named.click(); if (named.tagName === "INPUT") named.focus(); }
      return;
    }
    const scale = page.querySelector("[data-scale]");
    if (scale && /^[1-5]$/.test(event.key)) {
      // The scale that has the focus, else the first without an answer.
      const own = event.target.closest && event.target.closest("fieldset.aspect");
      const open = own || [...scale.querySelectorAll("fieldset.aspect")].find((f) => !f.querySelector("input:checked"));
      if (open) {
        const chosen = open.querySelector(`input[value="${event.key}"]`);
        chosen.click();
        const all = [...scale.querySelectorAll("fieldset.aspect")];
        const next = all.slice(all.indexOf(open) + 1).find((f) => !f.querySelector("input:checked"));
        (next ? next.querySelector("input") : scale.querySelector("button")).focus();
        event.preventDefault();
      }
      return;
    }
    const rows = [...page.querySelectorAll(".rows a")];
    if (rows.length && (event.key === "j" || event.key === "k")) {
      const now = rows.indexOf(page.activeElement);
      rows[Math.min(Math.max(now + (event.key === "j" ? 1 : -1), 0), rows.length - 1)].focus();
      event.preventDefault();
    }
    if (event.key === "Enter" && event.target instanceof HTMLInputElement && /^(radio|checkbox)$/.test(event.target.type) && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });

  // "None of them" and the others exclude each other.
  page.addEventListener("change", (event) => {
    const group = event.target.closest("[data-exclusive]");
    if (!group || !event.target.checked) return;
    const none = event.target.value === group.dataset.exclusive;
    for (const box of group.querySelectorAll("input")) if (box !== event.target && (none || box.value === group.dataset.exclusive)) box.checked = false;
  });

  // A form is sent once; going back to a page frees its buttons again.
  page.addEventListener("submit", (event) => {
    const form = event.target;
    // Enter in a search leaves the field, so that j and k move in what was found.
    if (form.matches(".filters") && typing(page.activeElement)) page.activeElement.blur();
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    // It may not arrive, so what was chosen is kept until the task comes back as answered.
    if (form.dataset.keep) sessionStorage.setItem(`${form.dataset.keep}#sent`, "1");
  });
  window.addEventListener("pageshow", () => { for (const f of page.querySelectorAll("form[data-sent]")) delete f.dataset.sent; });

  // What is chosen but not yet confirmed survives a reload in the same tab.
  for (const form of page.querySelectorAll("form[data-keep]")) {
    const sent = `${form.dataset.keep}#sent`;
    if ("answered" in form.dataset && sessionStorage.getItem(sent)) sessionStorage.removeItem(form.dataset.keep);
    sessionStorage.removeItem(sent);
    const boxes = () => [...form.querySelectorAll("input[type=radio], input[type=checkbox]")];
    try {
      const kept = JSON.parse(sessionStorage.getItem(form.dataset.keep) || "null");
      if (Array.isArray(kept)) boxes().forEach((box, i) => { box.checked = kept.includes(i); });
    } catch { /* nothing was kept */ }
    form.addEventListener("change", () => {
      sessionStorage.setItem(form.dataset.keep, JSON.stringify(boxes().map((box, i) => box.checked ? i : -1).filter((i) => i >= 0)));
    });
  }

  // Times in the reader's own zone.
  for (const time of page.querySelectorAll("time[data-time]")) time.textContent = new Date(1000 * Number(time.dataset.time)).toLocaleString();

  // htmx renews live parts and the list; a part is left alone while it is hidden or has the focus.
  page.addEventListener("htmx:beforeRequest", (event) => {
    const timed = (event.target.getAttribute("hx-trigger") || "").startsWith("every");
    if (timed && (page.hidden || event.target.contains(page.activeElement))) event.preventDefault();
  });
})();
