// Draws the frames that _canvas.py sends: a length, JSON of that length, float32 numbers.
// A frame replaces the one before; of several that come within one of the browser's frames the
// last is drawn. Nothing is kept here, and nothing sent back.

const LEFT = 70, RIGHT = 170, TOP = 28, GAP = 18, BOTTOM = 44, STRIP = 44;
const FONT = "12px sans-serif", SMALL = "10px sans-serif";

function parse(view) {
  const length = view.getUint32(0, true);
  const head = new Uint8Array(view.buffer, view.byteOffset + 4, length);
  const frame = JSON.parse(new TextDecoder().decode(head));
  const rest = view.buffer.slice(view.byteOffset + 4 + length, view.byteOffset + view.byteLength);
  return [frame, new Float32Array(rest)];
}

// Steps of a time axis that read well, in milliseconds, between a second and a day.
const STEPS = [1, 5, 15, 30].flatMap((n) => [n * 1e3, n * 60e3])
  .concat([1, 3, 6, 12].map((n) => n * 3600e3)).sort((a, b) => a - b);
const DAY = 86400e3;

function round(raw) {
  const size = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((n) => n * size).find((n) => n >= raw);
}

function timeTicks(start, span, most) {
  const raw = span / most;
  if (raw < 1e3) return ticks(0, span, most);
  const step = STEPS.find((n) => n >= raw) || DAY * Math.ceil(round(raw / DAY));
  const found = [];
  for (let t = Math.ceil(start / step) * step; t <= start + span; t += step) found.push(t - start);
  return found;
}

function ticks(low, high, most) {
  const step = round((high - low) / most || 1);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
  return found;
}

function tickText(value, height) {  // with as many digits as tell it from the next
  const digits = Math.ceil(Math.log10(Math.abs(value) / height || 1)) + 3;
  return String(+value.toPrecision(Math.min(Math.max(digits, 6), 15)));
}

function timeLabel(ms, span) {
  const text = new Date(ms).toISOString();
  if (span > 2 * 86400e3) return text.slice(5, 10);
  return span > 10e3 ? text.slice(11, 19) : text.slice(17, 23);
}

function drawMarks(pen, numbers, panel, [x0, width], px, py, ink) {
  pen.strokeStyle = pen.fillStyle = ink;
  pen.font = SMALL; pen.textAlign = "right";
  for (const mark of panel.marks) {
    const xs = numbers.subarray(mark.at, mark.at + mark.n);
    const ys = numbers.subarray(mark.at + mark.n, mark.at + 2 * mark.n);
    pen.lineWidth = mark.rings ? 1.3 : 1;
    pen.setLineDash(mark.rings ? [] : [4, 3]);
    pen.beginPath();
    for (let i = 0; i < mark.n; i++) {
      if (mark.rings) pen.moveTo(px(xs[i]) + 5, py(ys[i]));
      if (mark.rings) pen.arc(px(xs[i]), py(ys[i]), 5, 0, 2 * Math.PI);
      else pen.lineTo(px(xs[i]), py(ys[i]));
    }
    pen.stroke();
    if (mark.text && mark.n) pen.fillText(mark.text, x0 + width, py(ys[mark.n - 1]) - 3);
  }
}

function drawPanel(pen, frame, numbers, panel, box, ink) {
  const [x0, y0, width, height] = box;
  const span = frame.span || 1;
  const [low, high] = panel.range;
  const px = (x) => x0 + (x / span) * width;
  const py = (share) => y0 + height - share * height;
  pen.font = FONT;
  pen.lineWidth = 1;
  const values = panel.logical ? [0, 1] : ticks(low, high, 5);
  for (const value of frame.lack ? [] : values) {
    const y = py((value - low) / (high - low || 1));
    pen.strokeStyle = "rgba(128,128,128,.25)";
    pen.beginPath(); pen.moveTo(x0, y); pen.lineTo(x0 + width, y); pen.stroke();
    pen.fillStyle = "#777"; pen.textAlign = "right";
    const text = panel.logical ? ["False", "True"][value] : tickText(value, high - low);
    pen.fillText(text, x0 - 6, y + 4);
  }
  pen.save();
  pen.beginPath(); pen.rect(x0, y0 - 4, width, height + 8); pen.clip();
  for (const line of panel.lines) {
    const xs = numbers.subarray(line.at, line.at + line.n);
    const ys = numbers.subarray(line.at + line.n, line.at + 2 * line.n);
    pen.strokeStyle = pen.fillStyle = line.color;
    pen.lineWidth = line.width;
    pen.setLineDash(line.dash);
    if (line.dots) {
      for (let i = 0; i < line.n; i++) pen.fillRect(px(xs[i]) - 2, py(ys[i]) - 2, 4, 4);
    } else {
      let broken = true;  // NaN is where a line breaks
      pen.beginPath();
      for (let i = 0; i < line.n; i++) {
        if (isNaN(ys[i])) broken = true;
        else if (broken) { pen.moveTo(px(xs[i]), py(ys[i])); broken = false; }
        else pen.lineTo(px(xs[i]), py(ys[i]));
      }
      pen.stroke();
      for (const i of line.marked) pen.fillRect(px(xs[i]) - 1.5, py(ys[i]) - 1.5, 3, 3);
    }
  }
  drawMarks(pen, numbers, panel, [x0, width], px, py, ink);
  pen.setLineDash([]);
  pen.restore();
  pen.save();
  pen.translate(14, y0 + height / 2); pen.rotate(-Math.PI / 2);
  pen.textAlign = "center"; pen.fillStyle = "#777"; pen.fillText(panel.label, 0, 0);
  pen.restore();
}

function drawTimes(pen, frame, box) {
  const [x0, bottom, width] = box;
  pen.font = SMALL; pen.fillStyle = "#777"; pen.textAlign = "center";
  if (frame.lack) {
    pen.font = FONT;
    pen.fillText(frame.lack, x0 + width / 2, (TOP + bottom) / 2);
    return;
  }
  for (const past of timeTicks(frame.start, frame.span, 6)) {
    const x = x0 + (past / (frame.span || 1)) * width;
    pen.fillText(timeLabel(frame.start + past, frame.span), x, bottom + 14);
  }
  pen.fillText("event time (UTC)", x0 + width / 2, bottom + 28);
}

function drawLegend(pen, frame, width) {
  pen.font = FONT; pen.textAlign = "left";
  frame.legend.forEach(([label, color], row) => {
    const y = TOP + 8 + 17 * row, x = width - RIGHT + 12;
    pen.fillStyle = color; pen.fillRect(x, y - 5, 18, 2);
    pen.fillStyle = "#777"; pen.fillText(label, x + 24, y);
  });
}

function drawStrip(pen, frame, width, height, ink) {
  frame.strip.forEach(([title, value, alarm], cell) => {
    const x = 12 + [0, 0.2, 0.38, 0.78][cell] * width;
    pen.textAlign = "left";
    pen.font = SMALL; pen.fillStyle = "#777"; pen.fillText(title, x, height - 26);
    pen.font = FONT; pen.fillStyle = alarm ? "#D55E00" : ink; pen.fillText(value, x, height - 10);
  });
}

function draw(canvas, view) {
  const [frame, numbers] = parse(view);
  const scale = window.devicePixelRatio || 1, count = frame.panels.length;
  const width = frame.size[0], height = frame.size[1];
  canvas.width = width * scale; canvas.height = height * scale;
  canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  const ink = getComputedStyle(canvas).color;  // that of the page's text, light or dark
  pen.scale(scale, scale);
  pen.font = `bold ${FONT}`; pen.fillStyle = ink; pen.fillText(frame.title, LEFT, 16);
  const room = height - TOP - BOTTOM - STRIP - GAP * (count - 1);
  const inner = width - LEFT - RIGHT;
  frame.panels.forEach((panel, n) => {
    const top = TOP + n * (room / count + GAP);
    drawPanel(pen, frame, numbers, panel, [LEFT, top, inner, room / count], ink);
  });
  drawTimes(pen, frame, [LEFT, height - BOTTOM - STRIP, inner]);
  drawLegend(pen, frame, width);
  drawStrip(pen, frame, width, height, ink);
}

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  canvas.className = "kapnb-live-canvas";
  canvas.dataset.frames = "0";
  el.appendChild(canvas);
  let waiting = 0;
  const show = () => {
    waiting = 0;
    const view = model.get("frame");
    if (!view || !view.byteLength) return;
    draw(canvas, view);
    canvas.dataset.frames = String(Number(canvas.dataset.frames) + 1);
  };
  const changed = () => { waiting = waiting || requestAnimationFrame(show); };
  model.on("change:frame", changed);
  changed();
  return () => { model.off("change:frame", changed); cancelAnimationFrame(waiting); };
}

export default { render };
