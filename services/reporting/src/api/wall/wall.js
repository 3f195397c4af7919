// Renders the wall that is embedded in the page, and then each update. Data are only
// ever set as text, never as markup.
"use strict";

const STATES = {
  received: "已受理", materials_complete: "材料齐全", under_review: "审核中", publicised: "公示中",
  approved: "已批准", refused: "不予批准", paid_or_delivered: "已发放", withdrawn: "已撤回",
};
const REPLY_STATES = { received: "待认领", claimed: "处理中", replied: "已回复" };
const DECIDED = ["approved", "refused", "paid_or_delivered", "withdrawn"];
const POSTS = {
  secretary: "书记", group_leader: "党小组长", centre_household_head: "党员中心户",
  full_time_grid_worker: "专职网格员", part_time_grid_worker: "党员网格员", staff: "社区工作者",
};
const LIGHTS = { green: "正常", yellow: "临期", red: "超期" };
const DONE = { green: "按时", yellow: "按时", red: "超期" };
const PERIODS = { year_to_date: "今年以来", per_year: "近一年" };
const COMPARISONS = { met: "✓", missed: "≠" };
const TURN = 10000;
const ZONE = "Asia/Shanghai";

const at = (options) => new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hourCycle: "h23", ...options });
const day = at({ month: "numeric", day: "numeric" });
const hour = at({ hour: "2-digit", minute: "2-digit" });
const full = at({ year: "numeric", month: "long", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit" });
const number = new Intl.NumberFormat("zh-CN");
const isPhone = matchMedia("(max-width: 900px)");

const $ = (query, within = document) => within.querySelector(query);

function cell(kind, text) {
  const cell = document.createElement("span");
  cell.className = kind;
  cell.textContent = text;
  return cell;
}

function light(colour, words) {
  return cell("light " + colour, words[colour] || "");
}

function matterRow(matter) {
  const isDecided = DECIDED.includes(matter.state);
  return [
    cell("what", matter.title || "民生事项"),
    cell("state", STATES[matter.state] || matter.state),
    cell("who quiet", POSTS[matter.handler_post] || "经办人"),
    cell("due quiet", day.format(new Date(matter.due_time)) + "前"),
    light(matter.light, isDecided ? DONE : LIGHTS),
  ];
}

function replyRow(reply) {
  const sent = new Date(reply.sent_time);
  const minutes = reply.replied_time && Math.max(1, Math.round((new Date(reply.replied_time) - sent) / 60000));
  return [
    cell("what", reply.title || "居民群"),
    cell("sent quiet", hour.format(sent)),
    cell("state", minutes ? minutes + "分钟" : REPLY_STATES[reply.state] || reply.state),
    light(reply.light, minutes ? DONE : LIGHTS),
  ];
}

function figureRow(figure) {
  const fen = figure.key.endsWith("_fen");
  const shown = (value) => number.format(fen ? value / 100 : value);
  const title = figure.title.replace("（分）", "（元）");
  const period = PERIODS[figure.period] && !title.includes(PERIODS[figure.period]) ? "（" + PERIODS[figure.period] + "）" : "";
  const published = figure.published === null ? "" : "公布 " + (figure.at_least ? "≥" : "") + shown(figure.published)
    + (figure.published_date === figure.as_of_date ? "" : "（" + figure.published_date + "）");
  return [
    cell("what", title + period),
    cell("published quiet", published),
    cell("value", shown(figure.value)),
    cell("met " + figure.comparison, COMPARISONS[figure.comparison] || ""),
  ];
}

// A list that is paged automatically on a screen, and shown in full on a phone.
class Rows {
  constructor(id, row) {
    this.section = $("#" + id);
    this.list = $(".rows", this.section);
    this.row = row;
    this.items = [];
    this.first = 0;
  }

  show(items) {
    this.items = items;
    this.section.classList.toggle("none", items.length === 0);
    if (this.first >= items.length) this.first = 0;
    this.draw();
  }

  size() {
    if (isPhone.matches) return this.items.length;
    const style = getComputedStyle(document.documentElement);
    const tall = { matters: 3.75, replies: 3.4, figures: 3.4 }[this.section.id] * parseFloat(style.fontSize);
    return Math.max(1, Math.floor((this.list.clientHeight + 1) / tall));
  }

  turn() {
    const size = this.size();
    if (this.items.length <= size) return;
    this.first = this.first + size < this.items.length ? this.first + size : 0;
    this.draw();
  }

  draw() {
    const size = this.size();
    const shown = this.items.slice(this.first, this.first + size);
    this.list.replaceChildren(...shown.map((item) => {
      const line = document.createElement("li");
      line.dataset.id = item.id || item.key;
      line.append(...this.row(item));
      return line;
    }));
    const pages = Math.ceil(this.items.length / size);
    const page = Math.floor(this.first / size) + 1;
    $(".pages", this.section).textContent = pages > 1 ? page + " / " + pages : "";
  }
}

const rows = {
  matters: new Rows("matters", matterRow),
  replies: new Rows("replies", replyRow),
  figures: new Rows("figures", figureRow),
};

function svg(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function rings(boundary) {
  if (!boundary) return [];
  const polygons = boundary.type === "MultiPolygon" ? boundary.coordinates : [boundary.coordinates];
  return polygons.flat();
}

// The map of the grids, north up; grids without a boundary are listed in a row.
function map(grids) {
  const drawing = $("#grids svg");
  const [wide, tall, edge] = [1000, 700, 24];
  const points = grids.flatMap((grid) => rings(grid.boundary).flat());
  const [west, east] = [Math.min(...points.map((p) => p[0])), Math.max(...points.map((p) => p[0]))];
  const [south, north] = [Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[1]))];
  const narrow = Math.cos(((south + north) / 2) * Math.PI / 180);
  const scale = Math.min((wide - 2 * edge) / ((east - west) * narrow || 1), (tall - 2 * edge) / (north - south || 1));
  const left = (wide - (east - west) * narrow * scale) / 2;
  const top = (tall - (north - south) * scale) / 2;
  const place = ([x, y]) => [left + (x - west) * narrow * scale, top + (north - y) * scale];
  const most = Math.max(1, ...grids.map((grid) => grid.resident_in_need_count ?? 0));
  drawing.setAttribute("viewBox", "0 0 " + wide + " " + tall);
  // The common prefix of all names carries no information here.
  const names = grids.map((grid) => grid.name);
  let shared = names.length > 1 ? names[0].length : 0;
  for (const name of names) while (!name.startsWith(names[0].slice(0, shared))) shared--;
  if (shared && names[0][shared - 1] === "第") shared--;
  const shapes = [], labels = [];
  grids.forEach((grid, index) => {
    const outline = rings(grid.boundary).map((ring) => ring.map(place));
    const share = 0.18 + 0.5 * (grid.resident_in_need_count ?? 0) / most;
    let [x, y] = [edge + (index + 0.5) * (wide - 2 * edge) / grids.length, tall / 2];
    if (outline.length) {
      const path = outline.map((ring) => "M" + ring.map((p) => p.map((n) => n.toFixed(1)).join(",")).join("L") + "Z").join("");
      shapes.push(svg("path", { d: path, fill: "rgb(90 150 255 / " + share.toFixed(2) + ")" }));
      const [xs, ys] = [outline[0].map((p) => p[0]), outline[0].map((p) => p[1])];
      [x, y] = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
    }
    const lines = [
      "关爱 " + (grid.resident_in_need_count ?? "—"), "在办 " + grid.open_matter_count, "心愿 " + grid.open_wish_count,
    ];
    labels.push(svg("text", { x, y: y - 50, class: "name", "font-size": 46 }, grid.name.slice(shared)));
    lines.forEach((line, number) => {
      labels.push(svg("text", { x, y: y - 2 + 42 * number, class: "numbers", "font-size": 36 }, line));
    });
  });
  drawing.replaceChildren(...shapes, ...labels);
}

let last = null;

function show(wall) {
  last = wall;
  document.title = wall.area_name + " 民生事项督办墙";
  $("#area").textContent = wall.area_name;
  rows.matters.show(wall.matters);
  rows.replies.show(wall.replies);
  rows.figures.show(wall.figures);
  const late = wall.overdue_matter_count;
  $("#matters .count").textContent = "在办 " + wall.open_matter_count + (late ? " · 超期 " + late : "");
  const [waiting, overdue] = [wall.unreplied_count, wall.overdue_reply_count];
  $("#replies .count").textContent = "限1小时" + (waiting ? " · 待回复 " + waiting : "") + (overdue ? " · 超期 " + overdue : "");
  const published = wall.figures.filter((figure) => figure.published !== null);
  const compared = published.filter((figure) => COMPARISONS[figure.comparison]);
  const met = compared.filter((figure) => figure.comparison === "met").length;
  $("#figures .count").textContent = (published.length ? "公布 " + published.length + " 项" : "") + (compared.length ? " · 相符 " + met : "");
  const days = [...new Set(wall.figures.map((figure) => figure.as_of_date))];
  $("#figures .note").textContent = days.length === 1 ? "截至 " + days[0] + "；每一个数都能查到它背后的记录" : "每一个数都能查到它背后的记录";
  map(wall.grids);
  tick();
}

function tick() {
  if (!last) return;
  $("#clock").textContent = full.format(last.is_live ? new Date() : new Date(last.shown_time));
}

function state(text, isStale) {
  $("#state").textContent = text;
  $("#state").classList.toggle("stale", isStale);
}

show(JSON.parse($("#wall").textContent));
document.documentElement.dataset.ready = "true";
setInterval(tick, 1000);
setInterval(() => Object.values(rows).forEach((list) => list.turn()), TURN);
addEventListener("resize", () => last && show(last));

// A browser reconnects by itself after a lost connection, but not after an error response.
function follow() {
  const source = new EventSource(location.pathname.replace(/\/$/, "") + "/events");
  source.onopen = () => state("实时", false);
  source.onerror = () => {
    state("正在重新连接", true);
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
  };
  source.onmessage = (event) => {
    show(JSON.parse(event.data));
    document.documentElement.dataset.changes = Number(document.documentElement.dataset.changes || 0) + 1;
  };
}

if (last.is_live) {
  follow();
} else {
  state("回放", false);
}
