// Shows the report that is packed into this file. Names are data: they reach the page through textContent and canvas
// text only, and links are built from encodeURIComponent.
"use strict";
(async () => {
  const $ = id => document.getElementById(id);
  const make = (tag, text, className) => {
    const e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    if (className) e.className = className;
    return e;
  };

  let data;
  try {
    const packed = Uint8Array.from(atob($("data").textContent), c => c.charCodeAt(0));
    data = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  } catch (e) {
    $("state").textContent = "This report could not be unpacked: " + e + ". It needs a browser of 2023 or later.";
    return;
  }

  // Nodes stand breadth first, so that the children of one are a run; the largest first.
  const { name, kind, size, count, pack, unpacked, basis } = data;
  const n = name.length, first = new Int32Array(n), parent = new Int32Array(n).fill(-1);
  for (let i = 0, at = 1; i < n; at += count[i++]) {
    first[i] = at;
    for (let c = at; c < at + count[i]; c++) parent[c] = i;
  }
  const top = data.artifacts.length === 1 ? 1 : 0;
  const kindOf = i => data.kinds[kind[i]];
  const packOf = i => pack[i] < 0 ? "" : data.packages[pack[i]];
  const isEstimate = i => basis[i] === 2 && !["artifact", "file", "folder", "layer", "report"].includes(kindOf(i));

  const exact = v => v.toLocaleString("en-US");
  const bytes = v => v < 1024 ? v + " B"
    : v < 1024 * 1023.95 ? (v / 1024).toFixed(1) + " KiB"
    : v < 1048576 * 1023.995 ? (v / 1048576).toFixed(2) + " MiB" : (v / 1073741824).toFixed(2) + " GiB";
  const percent = (v, whole) => whole > 0 ? (100 * v / whole).toFixed(1) + "%" : "-";
  const sizeText = i => (isEstimate(i) ? "~" : "") + bytes(size[i]);

  const pathOf = i => {
    const path = [];
    for (; i !== top && i >= 0; i = parent[i]) path.unshift(i);
    return path;
  };
  const link = i => "#/" + pathOf(i).map(p => encodeURIComponent(name[p])).join("/");
  const fromLink = hash => {
    let at = top;
    if (!hash.startsWith("#/")) return at;
    for (const part of hash.slice(2).split("/").filter(p => p)) {
      let wanted, found = -1;
      try { wanted = decodeURIComponent(part); } catch { break; }
      for (let c = first[at]; c < first[at] + count[at] && found < 0; c++) if (name[c] === wanted) found = c;
      if (found < 0) break;
      at = found;
    }
    return at;
  };

  // Heading, budgets, steps, warnings: made once.
  $("title").textContent = data.title;
  $("sub").textContent = [data.target, data.stage, bytes(size[0]) + " (" + exact(size[0]) + " B)"].filter(t => t).join("  \u00b7  ");
  const unit = (b, v) => b.metric === "count" ? exact(v) : bytes(v);
  for (const b of data.budgets) {
    const limit = b.max ?? b.warn, row = $("budgets").tBodies[0].appendChild(make("tr", undefined, b.verdict));
    row.append(make("td", b.name, "name"), make("td", b.match === null ? b.scope : b.scope + " " + b.match), make("td", b.metric),
      make("td", b.verdict === "unknown" ? "-" : unit(b, b.value), "number"),
      make("td", limit === null ? "forbidden" : unit(b, limit) + (b.max === null ? " (warning)" : ""), "number"));
    const used = row.appendChild(make("td"));
    if (limit > 0 && b.verdict !== "unknown") {
      const bar = used.appendChild(make("div", undefined, "bar"));
      bar.title = percent(b.value, limit) + " of the limit";
      bar.appendChild(make("i")).style.width = Math.min(100, 100 * b.value / limit) + "%";
    }
    row.append(make("td", { ok: "ok", near: "near", over: "FAIL" }[b.verdict] ?? "no match", "status"), make("td", b.owner ?? ""));
  }
  $("budget-part").hidden = data.budgets.length === 0;
  for (const step of data.steps) {
    const row = $("steps").tBodies[0].appendChild(make("tr"));
    step.forEach((cell, i) => row.append(make("td", cell, i === 1 ? "name" : i > 1 && i < 5 ? "number" : undefined)));
  }
  $("shrunk").textContent = data.shrunk;
  $("step-part").hidden = data.steps.length === 0;
  for (const [code, message] of data.warnings) {
    const item = $("warnings").appendChild(make("li"));
    item.append(make("b", code), " ", make("span", message));
  }
  $("warning-part").hidden = data.warnings.length === 0;
  $("warning-count").textContent = data.warningCount + (data.warningCount === 1 ? " warning" : " warnings") + " while measuring";

  let current = top, selected = -1, hovered = -1, sortBy = "size", descending = true, room = 500, rows = [], tiles = [];

  // Treemap after Bruls, Huizing and van Wijk (2000): rows along the shorter side, as long as they grow squarer.
  const map = $("map"), pen = map.getContext("2d");
  const squarify = (node, x, y, w, h, place) => {
    const end = first[node] + count[node], scale = size[node] > 0 ? w * h / size[node] : 0;
    let from = first[node];
    while (from < end && w > 1 && h > 1 && size[from] * scale > 0.3) {
      const side = Math.min(w, h), largest = size[from] * scale;
      let sum = largest, worst = Math.max(side * side / largest, largest / (side * side)), to = from + 1;
      for (; to < end && size[to] > 0; to++) {
        const more = sum + size[to] * scale, square = more * more, s2 = side * side;
        const next = Math.max(s2 * largest / square, square / (s2 * size[to] * scale));
        if (next > worst) break;
        worst = next;
        sum = more;
      }
      const thick = Math.min(sum / side, w >= h ? w : h);
      let at = 0;
      for (let i = from; i < to; i++) {
        const long = size[i] * scale / thick;
        if (w >= h) place(i, x, y + at, thick, long); else place(i, x + at, y, long, thick);
        at += long;
      }
      if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
      from = to;
    }
  };
  const format = new Set(["header", "padding", "gap", "overlay", "unreadable", "other", "smaller"]);
  const layout = () => {
    tiles = [];
    const tile = (depth, hue) => (i, x, y, w, h) => {
      if (w < 0.6 || h < 0.6) return;
      const tone = hue < 0 ? (i - first[parent[i]]) % 5 : hue, inner = count[i] > 0 && depth < 5 && w > 26 && h > 34;
      tiles.push({ i, x, y, w, h, tone, inner });
      if (inner) squarify(i, x + 2, y + 17, w - 4, h - 19, tile(depth + 1, tone));
    };
    if (count[current] > 0) squarify(current, 0, 0, map.clientWidth, map.clientHeight, tile(0, -1));
    else tiles.push({ i: current, x: 0, y: 0, w: map.clientWidth, h: map.clientHeight, tone: 0, inner: false });
  };
  const draw = () => {
    const ratio = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement), color = v => style.getPropertyValue("--" + v);
    const width = Math.round(map.clientWidth * ratio), height = Math.round(map.clientHeight * ratio);
    if (map.width !== width || map.height !== height) { map.width = width; map.height = height; layout(); }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = color("soft");
    pen.fillRect(0, 0, map.clientWidth, map.clientHeight);
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const tones = [0, 1, 2, 3, 4].map(t => color("t" + t)), meta = color("meta"), back = color("back"), mark = color("mark"), markText = color("mark-text"), text = color("tile-text");
    const found = query ? new Set(rows) : null;
    for (const t of tiles) {
      const marked = found !== null && found.has(t.i) || t.i === selected;
      pen.fillStyle = marked ? mark : format.has(kindOf(t.i)) ? meta : tones[t.tone];
      pen.fillRect(t.x, t.y, t.w, t.h);
      if (t.w > 3 && t.h > 3) {
        pen.strokeStyle = back;
        pen.lineWidth = 1;
        pen.strokeRect(t.x + 0.5, t.y + 0.5, t.w - 1, t.h - 1);
      }
      if (t.w < 34 || t.h < 16) continue;
      pen.fillStyle = marked ? markText : text;
      const label = (s, y) => {
        const fit = Math.floor((t.w - 8) / 6.3);
        let shown = s.length > fit ? s.slice(0, Math.max(1, fit - 1)) + "\u2026" : s;
        pen.fillText(shown, t.x + 5, y, t.w - 8);
      };
      label(t.inner && t.w > 150 ? name[t.i] + "  " + sizeText(t.i) : name[t.i], t.y + 9.5);
      if (!t.inner && t.h > 34) label(sizeText(t.i), t.y + 25);
    }
    const over = tiles.find(t => t.i === hovered);
    if (over) {
      pen.strokeStyle = mark;
      pen.lineWidth = 2;
      pen.strokeRect(over.x + 1, over.y + 1, Math.max(1, over.w - 2), Math.max(1, over.h - 2));
    }
  };

  const tell = i => {
    $("tip").textContent = i < 0 ? ""
      : (pathOf(i).map(p => name[p]).join(" \u203a ") || name[i]) + "  \u00b7  " + sizeText(i) + " (" + exact(size[i]) + " B), "
        + percent(size[i], size[current]) + " of what is shown, " + percent(size[i], size[0]) + " of all"
        + (unpacked[i] >= 0 ? ", unpacks to " + bytes(unpacked[i]) : "") + (packOf(i) ? "  \u00b7  " + packOf(i) : "");
  };

  // The table is real text, so that the browser's own search, selection and screen readers have it.
  let query = "";
  const compare = {
    name: (a, b) => name[a] < name[b] ? -1 : name[a] > name[b] ? 1 : 0,
    size: (a, b) => size[a] - size[b],
    kind: (a, b) => kindOf(a) < kindOf(b) ? -1 : kindOf(a) > kindOf(b) ? 1 : 0,
    package: (a, b) => packOf(a) < packOf(b) ? -1 : packOf(a) > packOf(b) ? 1 : 0,
  };
  const collect = () => {
    rows = [];
    if (!query) {
      for (let c = first[current]; c < first[current] + count[current]; c++) rows.push(c);
    } else {
      const inside = new Uint8Array(n), wanted = query.toLowerCase();
      inside[current] = 1;
      for (let i = current + 1; i < n; i++) {
        if (parent[i] < 0 || !inside[parent[i]]) continue;
        inside[i] = 1;
        if (name[i].toLowerCase().includes(wanted) || packOf(i).toLowerCase().includes(wanted)) rows.push(i);
      }
    }
    rows.sort((a, b) => (descending ? -1 : 1) * compare[sortBy](a, b) || a - b);
  };
  const fill = () => {
    const body = document.createDocumentFragment();
    for (const i of rows.slice(0, room)) {
      const row = body.appendChild(make("tr")), cell = row.appendChild(make("td", undefined, "name"));
      row.dataset.node = i;
      if (i === selected) row.className = "on";
      const above = query ? pathOf(parent[i]).map(p => name[p]).filter((_, d) => d >= pathOf(current).length).join(" \u203a ") : "";
      if (above) cell.append(make("span", above + " \u203a ", "dim"));
      if (count[i] > 0) cell.appendChild(make("a", name[i] || "(no name)")).href = link(i);
      else cell.append(name[i] || "(no name)");
      const number = row.appendChild(make("td", sizeText(i), "number"));
      number.title = exact(size[i]) + " B";
      row.append(make("td", percent(size[i], size[current]), "number"), make("td", kindOf(i)), make("td", packOf(i)));
    }
    $("items").tBodies[0].replaceChildren(body);
    $("more").hidden = rows.length <= room;
    $("more").textContent = "Show " + Math.min(500, rows.length - room) + " more of " + exact(rows.length - room);
    $("found").textContent = query ? exact(rows.length) + " found inside " + (name[current] || "this") : exact(rows.length) + (rows.length === 1 ? " item" : " items");
    for (const head of document.querySelectorAll("#items th[data-sort]")) {
      if (head.dataset.sort === sortBy) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  };
  const trail = () => {
    const path = $("path");
    path.replaceChildren();
    for (const i of [top, ...pathOf(current)]) {
      if (i !== top) path.append(" \u203a ");
      if (i === current) path.append(make("b", name[i]));
      else path.appendChild(make("a", name[i])).href = link(i);
    }
    path.append("  " + sizeText(current) + ", " + percent(size[current], size[0]));
  };
  const list = () => { collect(); fill(); draw(); };
  const show = i => {
    current = i;
    selected = hovered = -1;
    room = 500;
    $("query").value = query = "";
    tell(-1);
    trail();
    layout();
    list();
  };
  const go = i => {
    const to = link(i);
    if (location.hash === to) show(i); else location.hash = to;
  };
  // Zooms in one level at a time, towards the node.
  const towards = i => {
    while (parent[i] !== current && parent[i] >= 0) i = parent[i];
    if (count[i] > 0) go(i);
  };
  const select = i => {
    selected = i;
    const at = rows.indexOf(i);
    if (at >= room) { room = at + 1; fill(); }
    for (const row of $("items").tBodies[0].rows) row.className = +row.dataset.node === i ? "on" : "";
    tell(i);
    draw();
  };
  const at = e => {
    const box = map.getBoundingClientRect(), x = e.clientX - box.left - map.clientLeft, y = e.clientY - box.top - map.clientTop;
    for (let t = tiles.length - 1; t >= 0; t--) {
      const r = tiles[t];
      if (x >= r.x && x < r.x + r.w && y >= r.y && y < r.y + r.h) return r.i;
    }
    return -1;
  };

  map.addEventListener("pointermove", e => {
    const i = at(e);
    if (i === hovered) return;
    hovered = i;
    tell(i);
    draw();
  });
  map.addEventListener("pointerleave", () => { hovered = -1; tell(selected); draw(); });
  map.addEventListener("click", e => {
    const i = at(e);
    if (i < 0 || i === current) return;
    if (parent[i] === current && count[i] === 0) select(i); else towards(i);
  });
  map.addEventListener("keydown", e => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    if (step && rows.length > 0) {
      const was = rows.indexOf(selected);
      select(rows[was < 0 ? 0 : (was + step + rows.length) % rows.length]);
    } else if (e.key === "Home" && rows.length > 0) select(rows[0]);
    else if (e.key === "End" && rows.length > 0) select(rows[rows.length - 1]);
    else if (e.key === "Enter" && selected >= 0 && count[selected] > 0) go(selected);
    else return;
    e.preventDefault();
  });
  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const typing = e.target === $("query");
    if (e.key === "/" && !typing) { $("query").focus(); e.preventDefault(); }
    else if (e.key === "Escape" && query) { $("query").value = query = ""; room = 500; list(); }
    else if ((e.key === "Escape" || e.key === "Backspace") && !typing && current !== top) { go(parent[current]); e.preventDefault(); }
  });
  let waiting = 0;
  $("query").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { query = $("query").value.trim(); room = 500; list(); }, 120);
  });
  $("more").addEventListener("click", () => { room += 500; fill(); });
  for (const head of document.querySelectorAll("#items th[data-sort]")) {
    head.firstChild.addEventListener("click", () => {
      const by = head.dataset.sort;
      descending = by === sortBy ? !descending : by === "size";
      sortBy = by;
      collect();
      fill();
    });
  }
  window.addEventListener("hashchange", () => show(fromLink(location.hash)));
  new ResizeObserver(draw).observe(map);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  $("state").hidden = true;
  $("main").hidden = false;
  show(fromLink(location.hash));
})();
