// Filters in the address, ages of moments, copy buttons, the mesh's cross-hair. Pages read without it.
'use strict';
document.documentElement.classList.add('scripted');

function age(then) {
  const minutes = Math.round((Date.now() - then) / 60000);
  if (minutes < 1) return 'just now';
  if (minutes < 100) return minutes + ' min ago';
  const hours = Math.round(minutes / 60);
  return hours < 48 ? hours + ' h ago' : Math.round(hours / 24) + ' days ago';
}

for (const time of document.querySelectorAll('time')) {
  const then = Date.parse(time.dateTime);
  time.textContent += ' (' + age(then) + ')';
}

// A page that lies around grows old by itself: the last run may be stale by the time it is read.
const staleAfter = Number(document.body.dataset.staleHours) * 3600000;
for (const row of document.querySelectorAll('.fleet > li')) {
  const time = row.querySelector('.side time');
  if (time && Date.now() - Date.parse(time.dateTime) > staleAfter) row.classList.add('stale');
}

const form = document.querySelector('form.filters');
if (form) {
  const groups = [...document.querySelectorAll('[data-rows]')];
  const rows = groups.flatMap((group) =>
    [...group.querySelectorAll('li[data-o]')].map((element) => ({ element, group, words: null })));
  const openAtFirst = new Map(groups.map((group) => [group, group.open]));
  const output = form.querySelector('output');
  const fields = [...form.elements].filter((field) => field.name);

  const apply = () => {
    const chosen = Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]));
    const words = (chosen.q || '').toLowerCase().split(/\s+/).filter(Boolean);
    const filtered = fields.some((field) => field.value.trim());
    const shown = new Map(groups.map((group) => [group, 0]));
    let count = 0;
    for (const row of rows) {
      const data = row.element.dataset;
      if (words.length && row.words === null) row.words = row.element.textContent.toLowerCase();
      const fits = (!chosen.outcome || data.o.split(' ').includes(chosen.outcome))
        && (!chosen.level || data.l === chosen.level)
        && (!chosen.severity || data.s === chosen.severity)
        && words.every((word) => row.words.includes(word));
      if (row.element.hidden === fits) row.element.hidden = !fits;
      if (fits) { count += 1; shown.set(row.group, shown.get(row.group) + 1); }
    }
    for (const group of groups) {
      if (group.tagName !== 'DETAILS') continue;
      group.hidden = filtered && !shown.get(group);
      group.open = filtered ? shown.get(group) > 0 : openAtFirst.get(group);
    }
    output.textContent = count + ' of ' + rows.length + ' ' + form.dataset.what;
  };

  const remember = () => {
    const query = new URLSearchParams();
    for (const field of fields) if (field.value.trim()) query.set(field.name, field.value.trim());
    const text = query.toString();
    history.replaceState(null, '', location.pathname + (text ? '?' + text : '') + location.hash);
  };

  const asked = new URLSearchParams(location.search);
  for (const field of fields) field.value = asked.get(field.name) || '';
  for (const field of fields) if (field.selectedIndex === -1) field.selectedIndex = 0;
  let waiting = 0;
  const changed = () => { apply(); remember(); };
  form.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(changed, 60); });
  form.addEventListener('reset', () => { setTimeout(changed, 0); });
  form.addEventListener('submit', (event) => { event.preventDefault(); changed(); });
  if (fields.some((field) => field.value)) apply();
  document.addEventListener('keydown', (event) => {
    const writing = event.target.closest('input, select, textarea');
    if (event.key === '/' && !writing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.elements.q.focus();
    }
  });
}

// What an address points at is shown, also inside something that is closed.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
  target.scrollIntoView();
}
addEventListener('hashchange', reveal);
reveal();

for (const code of document.querySelectorAll('code.cmd')) {
  const box = document.createElement('span');
  const button = document.createElement('button');
  box.className = 'cmd-box';
  box.style.display = 'block';
  button.type = 'button';
  button.textContent = 'Copy';
  code.replaceWith(box);
  box.append(code, button);
}
document.addEventListener('click', async (event) => {
  const button = event.target.closest('.cmd-box button');
  if (button) {
    const text = button.previousElementSibling.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = 'Press Ctrl-C';
    }
    return;
  }
  const toggle = event.target.closest('[data-toggle=kinds]');
  if (toggle) {
    const on = document.getElementById('main').classList.toggle('kinds-on');
    toggle.setAttribute('aria-pressed', String(on));
  }
});

for (const table of document.querySelectorAll('table.mesh')) {
  let lit = [];
  table.addEventListener('mouseover', (event) => {
    for (const cell of lit) cell.classList.remove('hit');
    lit = [];
    const cell = event.target.closest('td');
    if (!cell) return;
    const row = cell.parentElement;
    const column = table.tHead.rows[0].cells[cell.cellIndex];
    lit = [row.cells[0], column];
    for (const each of lit) each.classList.add('hit');
    const chip = cell.querySelector('.m');
    const from = row.querySelector('a') || row.cells[0];
    const said = chip ? chip.textContent : cell.className === 'ok' && 'pass';
    if (said && !cell.title) {
      cell.title = from.textContent + ' to ' + column.firstElementChild.title + ': ' + said;
    }
  });
}
