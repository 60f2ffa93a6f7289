'use strict';
// Asks about one label after the other. Progress is kept in the browser under the key of the queue.
{
  const data = JSON.parse(document.getElementById('data').textContent);
  const [PRESENT, ABSENT, SKIPPED] = [Verdict.PRESENT, Verdict.ABSENT, Verdict.SKIPPED];
  const SAID = { [PRESENT]: 'present', [ABSENT]: 'absent', [SKIPPED]: 'skipped', [Verdict.OPEN]: '' };
  const find = (id) => document.getElementById(id);
  const labels = data.labels.map(([name, id, path, before, cleaned, score, row]) => (
    { name, id, address: path === null ? null : data.prefix + path, before, cleaned, score, row }));

  let kept = null;
  try {
    kept = localStorage.getItem(data.key);
  } catch {
    find('unkept').hidden = false;
  }
  const verdicts = new Verdicts(labels.length, kept);
  const keep = () => {
    try {
      localStorage.setItem(data.key, verdicts.text());
    } catch {
      find('unkept').hidden = false;
    }
  };

  const picture = find('picture');
  const none = find('none');
  const ahead = new Image(); // the next picture, fetched while somebody looks at this one
  const broken = new Set();
  const showNone = () => {
    picture.hidden = true;
    none.hidden = false;
  };
  picture.addEventListener('error', () => {
    broken.add(picture.getAttribute('src'));
    showNone();
  });
  const number = (value) => (value === null ? '\u2013' : value.toFixed(2));

  const showLabel = (label) => {
    find('label').textContent = label.name;
    find('id').textContent = label.id;
    for (const key of ['before', 'cleaned', 'score']) find(key).textContent = number(label[key]);
    none.textContent = label.id;
    none.hidden = label.address !== null;
    picture.hidden = label.address === null;
    picture.alt = `picture ${label.id}`;
    if (label.address === null) picture.removeAttribute('src');
    else if (picture.getAttribute('src') !== label.address) picture.src = label.address;
    else if (broken.has(label.address)) showNone();
    const next = labels[verdicts.place + 1];
    if (next && next.address !== null) ahead.src = next.address;
  };
  const show = () => {
    const { place, size } = verdicts;
    const over = place === size;
    if (over && find('question').contains(document.activeElement)) find('back').focus();
    find('question').hidden = over;
    find('over').hidden = !over;
    if (!over) showLabel(labels[place]);
    const said = over ? '' : SAID[verdicts.given[place]];
    find('said').textContent = said && `Your verdict: ${said}.`;
    const counts = [PRESENT, ABSENT, SKIPPED].map((one) => `${verdicts.count(one)} ${SAID[one]}`);
    const where = over ? `All ${size} labels have had their turn` : `Label ${place + 1} of ${size}`;
    find('status').textContent = `${where}: ${counts.join(', ')}, ${verdicts.count(Verdict.OPEN)} left`;
    Object.assign(find('bar'), { max: size, value: size - verdicts.count(Verdict.OPEN) });
    for (const button of document.querySelectorAll('[data-do]')) {
      const { pressed } = button.dataset;
      if (pressed) button.setAttribute('aria-pressed', String(said === SAID[pressed]));
    }
    find('save').disabled = verdicts.count(PRESENT) + verdicts.count(ABSENT) === 0;
  };

  const save = () => {
    const text = verdicts.csv(data.header, labels.map((label) => label.row));
    const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
    const link = Object.assign(document.createElement('a'), { href: address, download: 'verdicts.csv' });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  };
  const acts = {
    present: () => verdicts.judge(PRESENT),
    absent: () => verdicts.judge(ABSENT),
    skip: () => verdicts.judge(SKIPPED),
    undo: () => verdicts.undo(),
    back: () => verdicts.go(verdicts.place - 1),
    next: () => verdicts.go(verdicts.place + 1),
    open: () => verdicts.goToOpen(),
    save,
  };
  const act = (name) => {
    acts[name]();
    keep();
    show();
  };

  const KEYS = {
    p: 'present', 1: 'present', a: 'absent', 0: 'absent', s: 'skip', u: 'undo', n: 'open',
    ArrowLeft: 'back', ArrowRight: 'next',
  };
  document.addEventListener('keydown', (event) => {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name = command ? { z: 'undo', s: 'save' }[key] : KEYS[key];
    if (!name || event.altKey || (!command && !find('keys').checked)) return;
    event.preventDefault();
    if (name !== 'save' || !find('save').disabled) act(name);
  });
  for (const button of document.querySelectorAll('[data-do]')) {
    button.addEventListener('click', () => act(button.dataset.do));
  }

  // All labels in a table, which is made when somebody opens or prints it.
  const table = find('table');
  const fill = () => {
    table.replaceChildren(...labels.map((label, k) => {
      const row = document.createElement('tr');
      const cells = [String(k + 1), label.name, label.id, SAID[verdicts.given[k]]];
      row.append(...cells.map((text, column) => {
        const cell = document.createElement(column === 0 ? 'th' : 'td');
        if (column === 0) cell.scope = 'row';
        cell.textContent = text;
        return cell;
      }));
      return row;
    }));
  };
  find('all').addEventListener('toggle', fill);
  window.addEventListener('beforeprint', () => {
    find('all').open = true;
    fill();
  });
  if (verdicts.place < labels.length && verdicts.given[verdicts.place] !== Verdict.OPEN) verdicts.goToOpen();
  show();
}
