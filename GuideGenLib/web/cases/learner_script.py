"""The script of the learner's page: slices of the CT on three canvases, places that are pointed at, and the result.

`TOLD` stands for its words in the learner's language, by the English ones.
"""

import re

SCRIPT = r"""
(() => {
  const element = id => document.getElementById(id);
  const told = TOLD;
  const say = (english, values = {}) => told[english].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  // Which voxel axis runs to the right and which down, and whether it runs backwards; the third is across.
  const VIEWS = {
    axial: { right: 0, down: 1, across: 2, flip: false },
    coronal: { right: 0, down: 2, across: 1, flip: true },
    sagittal: { right: 1, down: 2, across: 0, flip: true },
  };
  let lesson = null, number = 1, scan = null, mask = null, result = null, places = [], width = 400, level = 40;
  let asked = 0;
  const LEAST = { point: 1, measure: 2, outline: 3 }, MOST_CORNERS = 400;

  class View {
    constructor(name) {
      Object.assign(this, VIEWS[name], { name, zoom: 1, middle: null, dragged: null });
      this.canvas = element(name);
      this.pixels = document.createElement('canvas');
      this.canvas.addEventListener('wheel', event => this.wheel(event), { passive: false });
      this.canvas.addEventListener('pointerdown', event => this.press(event));
      this.canvas.addEventListener('pointermove', event => this.move(event));
      this.canvas.addEventListener('pointerup', () => { this.dragged = null; });
      this.canvas.addEventListener('contextmenu', event => event.preventDefault());
      this.canvas.addEventListener('keydown', event => this.key(event));
      new ResizeObserver(() => this.draw()).observe(this.canvas);
    }
    fit() { this.zoom = 1; this.middle = [scan.size[this.right] / 2, scan.size[this.down] / 2]; }
    scale() {
      const box = this.canvas.getBoundingClientRect();
      const [wide, high] = [this.right, this.down].map(axis => scan.size[axis] * scan.spacing[axis]);
      return this.zoom * Math.min(box.width / wide, box.height / high);
    }
    // Voxel of a place on the canvas (CSS pixels), and back. A voxel's middle is its whole number.
    voxel(x, y) {
      const box = this.canvas.getBoundingClientRect(), scale = this.scale(), at = [...scan.at];
      at[this.right] = (x - box.width / 2) / scale / scan.spacing[this.right] + this.middle[0] - 0.5;
      const down = (y - box.height / 2) / scale / scan.spacing[this.down];
      at[this.down] = (this.flip ? this.middle[1] - down : this.middle[1] + down) - 0.5;
      return at;
    }
    place(voxel) {
      const box = this.canvas.getBoundingClientRect(), scale = this.scale();
      const down = (voxel[this.down] + 0.5 - this.middle[1]) * (this.flip ? -1 : 1);
      return [box.width / 2 + (voxel[this.right] + 0.5 - this.middle[0]) * scale * scan.spacing[this.right],
        box.height / 2 + down * scale * scan.spacing[this.down]];
    }
    wheel(event) {
      event.preventDefault();
      if (!scan) return;
      if (event.ctrlKey) {
        const before = this.voxel(event.offsetX, event.offsetY);
        this.zoom = Math.min(12, Math.max(1, this.zoom * (event.deltaY < 0 ? 1.2 : 1 / 1.2)));
        if (this.zoom === 1) this.fit();
        else {
          const after = this.voxel(event.offsetX, event.offsetY);
          this.middle[0] += before[this.right] - after[this.right];
          this.middle[1] += before[this.down] - after[this.down];
        }
        this.draw();
      } else this.step(event.deltaY < 0 ? 1 : -1);
    }
    step(by) {
      scan.at[this.across] = clamp(scan.at[this.across] + by, this.across);
      drawAll();
    }
    press(event) {
      if (!scan) return;
      this.canvas.setPointerCapture(event.pointerId);
      const voxel = this.voxel(event.offsetX, event.offsetY);
      if (event.button === 2) this.dragged = { window: [event.clientX, event.clientY, width, level] };
      else if (event.button === 0 && !result && inside(voxel)) {
        const kind = lesson.questions[number - 1].kind;
        places = kind === 'measure' ? [voxel, voxel] : [voxel];
        if (kind !== 'point') this.dragged = { [kind]: true };
        follow(voxel, this);
      }
    }
    move(event) {
      if (!scan) return;
      const voxel = this.voxel(event.offsetX, event.offsetY);
      element(this.name + '-where').textContent = inside(voxel) ? `${hu(voxel)} HU` : '';
      if (this.dragged?.measure && inside(voxel)) { places = [places[0], voxel]; drawAll(); }
      if (this.dragged?.outline && inside(voxel) && places.length < MOST_CORNERS &&
          length([places[places.length - 1], voxel]) > scan.spacing[this.right] / 2) {
        places.push(voxel.map(value => Math.round(100 * value) / 100));
        drawAll();
      }
      if (this.dragged?.window) {
        const [x, y, wide, middle] = this.dragged.window;
        width = Math.max(10, wide + (event.clientX - x) * 2);
        level = middle - (event.clientY - y);
        drawAll();
      }
    }
    key(event) {
      const step = { ArrowUp: 1, ArrowRight: 1, PageUp: 5, ArrowDown: -1, ArrowLeft: -1, PageDown: -5 }[event.key];
      if (step && scan) { event.preventDefault(); this.step(step); }
      if (event.key === 'f') {
        const one = element('views').classList.toggle('one');
        for (const view of views) element(view.name + '-box').classList.toggle('large', one && view === this);
      }
    }
    draw() {
      const box = this.canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
      this.canvas.width = Math.round(box.width * ratio);
      this.canvas.height = Math.round(box.height * ratio);
      if (!scan || !this.middle) return;
      const columns = scan.size[this.right], rows = scan.size[this.down];
      this.pixels.width = columns;
      this.pixels.height = rows;
      const pencil = this.pixels.getContext('2d'), image = pencil.createImageData(columns, rows);
      const strides = [1, scan.size[0], scan.size[0] * scan.size[1]];
      const low = level - width / 2, factor = 255 / width, start = scan.at[this.across] * strides[this.across];
      const [aside, below] = [strides[this.right], strides[this.down]];
      for (let row = 0, at = 0; row < rows; row++) {
        let voxel = start + (this.flip ? rows - 1 - row : row) * below;
        for (let column = 0; column < columns; column++, voxel += aside) {
          const grey = Math.max(0, Math.min(255, (scan.voxels[voxel] - low) * factor));
          // The border of the finding alone, so that its inside can be looked at.
          const border = mask && mask[voxel] &&
            !(mask[voxel - aside] && mask[voxel + aside] && mask[voxel - below] && mask[voxel + below]);
          image.data[at++] = border ? 255 : grey;
          image.data[at++] = border ? 140 : grey;
          image.data[at++] = border ? 0 : grey;
          image.data[at++] = 255;
        }
      }
      pencil.putImageData(image, 0, 0);
      const brush = this.canvas.getContext('2d'), corner = [-0.5, -0.5, -0.5];
      if (this.flip) corner[this.down] = rows - 0.5;
      const [left, top] = this.place(corner), scale = this.scale();
      brush.setTransform(ratio, 0, 0, ratio, 0, 0);
      brush.drawImage(this.pixels, left, top,
        columns * scale * scan.spacing[this.right], rows * scale * scan.spacing[this.down]);
      if (result?.ends.length) this.line(brush, result.ends, '#ffd54a', true);
      this.line(brush, result ? result.places : places, '#4fd1ff', false);
      element(this.name + '-box').dataset.slice = String(scan.at[this.across]);
    }
    // One place as a cross, two as a line, more as an outline; dim where they lie in other slices.
    line(brush, points, colour, always) {
      if (!points.length) return;
      const near = points.every(point => Math.abs(point[this.across] - scan.at[this.across]) < 1.5);
      if (!near && always) return;
      brush.strokeStyle = colour;
      brush.globalAlpha = near ? 1 : 0.35;
      brush.lineWidth = 2;
      brush.beginPath();
      for (const point of points.length > 2 ? [] : points) {
        const [x, y] = this.place(point), reach = points.length === 1 ? 10 : 4;
        brush.moveTo(x - reach, y); brush.lineTo(x + reach, y);
        brush.moveTo(x, y - reach); brush.lineTo(x, y + reach);
      }
      if (points.length > 2 && near) {
        points.forEach(point => brush.lineTo(...this.place(point)));
        brush.closePath();
      }
      if (points.length === 2) {
        brush.moveTo(...this.place(points[0]));
        brush.lineTo(...this.place(points[1]));
      }
      brush.stroke();
      brush.globalAlpha = 1;
      if (points.length === 2 && near && !always) {
        const [x, y] = this.place(points[1]);
        brush.fillStyle = colour;
        brush.font = '13px system-ui';
        brush.fillText(`${length(points).toFixed(0)} mm`, x + 8, y - 6);
      }
    }
  }

  const views = Object.keys(VIEWS).map(name => new View(name));
  const clamp = (value, axis) => Math.max(0, Math.min(scan.size[axis] - 1, Math.round(value)));
  const inside = voxel => voxel.every((value, axis) => value > -0.5 && value < scan.size[axis] - 0.5);
  const hu = voxel => {
    const [x, y, z] = voxel.map((value, axis) => clamp(value, axis));
    return scan.voxels[x + scan.size[0] * (y + scan.size[1] * z)];
  };
  const length = points => Math.hypot(...[0, 1, 2].map(axis =>
    (points[0][axis] - points[1][axis]) * scan.spacing[axis]));

  function follow(voxel, source) {
    for (const view of views) if (view !== source) scan.at[view.across] = clamp(voxel[view.across], view.across);
    drawAll();
  }
  function drawAll() {
    for (const view of views) view.draw();
    const kind = lesson?.questions[number - 1].kind, whole = places.length >= LEAST[kind];
    element('submit').disabled = !whole || !!result || (kind === 'measure' && length(places) < 1);
    element('nothing').disabled = !scan || !!result;
  }
  function problem(text) {
    element('problem').textContent = text;
    element('problem').hidden = !text;
  }

  async function ask(address, options) {
    const response = await fetch(address, options);
    if (!response.ok) throw new Error((await response.text()).slice(0, 300));
    return response;
  }
  async function voxelsOf(address, kind) {
    const response = await ask(address);
    const geometry = response.headers.get('X-GuideGen-Geometry');
    return { ...(geometry ? JSON.parse(geometry) : {}), voxels: new kind(await response.arrayBuffer()) };
  }

  async function open(wanted) {
    const mine = ++asked, question = lesson.questions[wanted - 1];
    [number, scan, mask, result, places] = [wanted, null, null, null, []];
    element('result').hidden = true;
    problem('');
    element('question').textContent = question.text;
    element('count').textContent = say('Question {number} of {all}', { number: wanted, all: lesson.questions.length });
    element('nothing').hidden = question.kind !== 'point';
    element('back').disabled = wanted === 1;
    element('next').disabled = wanted === lesson.questions.length;
    document.body.dataset.ready = '';
    progress();
    for (const view of views) view.draw();
    try {
      const found = await voxelsOf('scan/' + wanted, Int16Array);
      if (mine !== asked) return;
      scan = found;
      scan.at = scan.size.map(size => Math.floor(size / 2));
      for (const view of views) view.fit();
      if (question.points !== null) await reveal(await (await ask('result/' + wanted)).json(), mine);
    } catch (error) { problem(error.message); }
    if (mine !== asked) return;
    drawAll();
    document.body.dataset.ready = String(wanted);
  }
  function progress() {
    const done = lesson.questions.filter(question => question.points !== null);
    const points = done.reduce((sum, question) => sum + question.points, 0);
    element('progress').textContent = say('{count} of {all} answered, {points} points',
      { count: done.length, all: lesson.questions.length, points: points.toFixed(1) });
  }

  async function submit(given) {
    const mine = asked;
    element('submit').disabled = element('nothing').disabled = true;
    problem('');
    try {
      const body = JSON.stringify({ places: given });
      const response = await ask('answer/' + number, { method: 'POST', body });
      await reveal(await response.json(), mine);
    } catch (error) { problem(error.message); }
    drawAll();
  }
  async function reveal(answer, mine) {
    const found = answer.finding === null ? null : await voxelsOf('found/' + number, Uint8Array);
    if (mine !== asked) return;
    [result, mask] = [answer, found && found.voxels];
    lesson.questions[number - 1].points = answer.score.points;
    progress();
    if (answer.ends.length) {
      const middle = [0, 1, 2].map(axis => (answer.ends[0][axis] + answer.ends[1][axis]) / 2);
      follow(middle, null);
    }
    const rows = [[say('Finding'), answer.finding ?? say('nothing to find')]];
    const mm = value => `${value.toFixed(0)} mm`, score = answer.score;
    const add = (value, name, show) => { if (value !== null) rows.push([name, show(value)]); };
    add(score.distance_mm, say('Distance'), value => value < 0.5 ? say('within it') : mm(value));
    add(score.length_mm, say('You measured'), mm);
    add(score.true_mm, say('Longest diameter'), mm);
    add(score.dice, 'Dice', value => value.toFixed(2));
    if (answer.text) rows.push([say('Case'), answer.text]);
    const box = element('result'), list = document.createElement('dl'), head = document.createElement('strong');
    head.textContent = say('{points} of 100 points', { points: Math.round(100 * score.points) });
    for (const [name, value] of rows) for (const [tag, text] of [['dt', name], ['dd', value]]) {
      const cell = document.createElement(tag);
      cell.textContent = text;
      list.append(cell);
    }
    box.replaceChildren(head, list);
    box.hidden = false;
  }

  element('submit').onclick = () => submit(places);
  element('nothing').onclick = () => submit([]);
  element('next').onclick = () => open(number + 1);
  element('back').onclick = () => open(number - 1);
  for (const button of document.querySelectorAll('[data-window]')) button.onclick = () => {
    [width, level] = button.dataset.window.split(',').map(Number);
    drawAll();
  };
  (async () => {
    try {
      lesson = await (await ask('lesson')).json();
    } catch (error) { problem(error.message); return; }
    document.title = element('title').textContent = lesson.title;
    element('learner').textContent = lesson.learner;
    const first = lesson.questions.findIndex(question => question.points === null);
    await open(first < 0 ? 1 : first + 1);
  })();
})();
"""

SPOKEN = tuple(sorted(set(re.findall(r"\bsay\('((?:[^'\\]|\\.)*)'", SCRIPT))))
"""Its words, English."""
