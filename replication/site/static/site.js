// The filters of the table of claims. Their state is the address: index.html#?article=…&verdict=…
"use strict";
(() => {
  const table = document.getElementById("claims-table");
  const byId = (name) => document.getElementById("filter-" + name);
  const fields = { article: byId("article"), voice: byId("voice"), verdict: byId("verdict"), q: byId("q") };
  const rows = [...table.querySelectorAll("tr.claim")].map((row) => ({
    row,
    article: row.parentElement.dataset.article,
    voice: row.parentElement.dataset.voice,
    verdict: row.dataset.verdict,
    text: row.textContent.toLowerCase(),
  }));

  const apply = () => {
    const words = fields.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const each of rows) {
      const fits =
        (!fields.article.value || fields.article.value === each.article) &&
        (!fields.voice.value || fields.voice.value === each.voice) &&
        (!fields.verdict.value || fields.verdict.value === each.verdict) &&
        words.every((word) => each.text.includes(word));
      each.row.hidden = !fits;
      shown += fits;
    }
    for (const group of table.tBodies) {
      group.hidden = !group.querySelector("tr.claim:not([hidden])");
    }
    table.hidden = shown === 0;
    document.getElementById("filter-none").hidden = shown > 0;
    byId("count").textContent =
      shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  };

  const read = () => {
    if (location.hash && !location.hash.startsWith("#?")) {
      const linked = rows.find((each) => "#" + each.row.id === location.hash);
      if (!linked) return;
      for (const field of Object.values(fields)) field.value = ""; // a linked row is shown
      apply();
      linked.row.scrollIntoView();
      return;
    }
    const asked = new URLSearchParams(location.hash.slice(2));
    for (const [name, field] of Object.entries(fields)) {
      field.value = asked.get(name) || "";
      if (field.selectedIndex === -1) field.value = ""; // no such article or verdict
    }
    apply();
    if (location.hash) table.parentElement.scrollIntoView();
  };

  const write = () => {
    const state = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) {
      if (field.value) state.set(name, field.value);
    }
    const text = state.toString();
    history.replaceState(null, "", text ? "#?" + text : location.pathname + location.search);
    apply();
  };

  for (const field of Object.values(fields)) field.addEventListener("input", write);
  byId("reset").addEventListener("click", () => {
    for (const field of Object.values(fields)) field.value = "";
    write();
    fields.q.focus();
  });
  addEventListener("hashchange", read);
  byId("count").textContent = `${rows.length} rows`;
  document.getElementById("filters").hidden = false;
  read();
})();
