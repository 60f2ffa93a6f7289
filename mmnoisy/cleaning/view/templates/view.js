'use strict';
// The cards, one page of them at a time: only these are in the document. A filter asks for images
// with a label that meets all of its parts.
{
  const STEP = 24;
  const KINDS = ['kept', 'removed', 'added', 'missed'];
  const SIGNS = { kept: '', removed: '\u2212', added: '+', missed: '?' };
  const MARKS = { right: '\u2713', wrong: '\u2717', unrated: '' };
  const TITLES = ['verified absent', 'verified present'];
  const data = JSON.parse(document.getElementById('data').textContent);
  const labelsOf = (list) => list.map(([place, kind, before, cleaned, score, present]) => ({
    place, kind: KINDS[kind], before, cleaned, score, present,
    // A label is there after cleaning if it was kept or added.
    outcome: present === null ? 'unrated' : (present === 1) === (kind % 2 === 0) ? 'right' : 'wrong',
  }));
  const images = data.images.map(([id, path, labels]) => ({ id, path, labels: labelsOf(labels) }));

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const hidden = (text) => element('span', { class: 'visually-hidden' }, text);
  const number = (value) => (value === null ? '\u2013' : value.toFixed(2));
  const none = (image) => element('div', { class: 'none' }, image.id);

  const picture = (image) => {
    if (image.path === null) return element('div', { class: 'picture' }, none(image));
    const address = data.prefix + image.path;
    const shown = element('img', { alt: `picture ${image.id}`, loading: 'lazy', src: address });
    const embedded = address.startsWith('data:');
    const link = embedded ? shown : element('a', { href: address, target: '_blank', rel: 'noopener' }, shown);
    shown.addEventListener('error', () => link.replaceWith(none(image)));
    return element('div', { class: 'picture' }, link, image.id);
  };
  const row = (label, matches) => element('tr',
    { class: `${label.kind}${matches ? ' match' : ''}` },
    element('th', { scope: 'row' },
      element('span', { class: 'mark', 'aria-hidden': 'true' }, SIGNS[label.kind]),
      element('span', { class: 'name' }, hidden(`${label.kind}: `), data.classes[label.place])),
    ...['before', 'cleaned', 'score'].map((of) => element('td', { class: of }, number(label[of]))),
    element('td', { class: `verdict ${label.outcome}`, title: TITLES[label.present] ?? '' },
      element('span', { 'aria-hidden': 'true' }, MARKS[label.outcome]),
      hidden(TITLES[label.present] ?? '')));
  const heading = (text, kind = '') => element('th', { scope: 'col', class: kind }, text);
  const card = (image, meets) => element('article', { class: 'example', 'aria-label': image.id },
    picture(image),
    element('table', {},
      element('thead', {}, element('tr', {}, heading('Label'), heading('Noisy'),
        heading('Cleaned'), heading('Score', 'score'), heading('Verdict', 'verdict'))),
      element('tbody', {}, ...image.labels.map((label) => row(label, meets && meets(label))))));

  const filters = ['class', 'kind', 'outcome'].map((id) => document.getElementById(id));
  const cards = document.getElementById('cards');
  const pagers = [...document.querySelectorAll('.pager')];
  let wanted = images;
  let page = 0;

  const meeting = () => {
    const [place, kind, outcome] = filters.map((filter) => filter.value);
    if (place + kind + outcome === '') return null;
    return (label) => (place === '' || label.place === Number(place))
      && (kind === '' || label.kind === kind) && (outcome === '' || label.outcome === outcome);
  };
  const show = () => {
    const meets = meeting();
    const last = Math.max(1, Math.ceil(wanted.length / STEP));
    const here = wanted.slice(page * STEP, (page + 1) * STEP);
    cards.replaceChildren(...here.map((image) => card(image, meets)));
    const first = page * STEP + 1;
    document.getElementById('position').textContent = here.length
      ? `${first.toLocaleString('en')}\u2013${(first + here.length - 1).toLocaleString('en')} of ${wanted.length.toLocaleString('en')} images`
      : 'no images';
    for (const pager of pagers) {
      pager.querySelector('[data-step="-1"]').disabled = page === 0;
      pager.querySelector('[data-step="1"]').disabled = page === last - 1;
      pager.querySelector('[data-last]').textContent = last.toLocaleString('en');
      Object.assign(pager.querySelector('input'), { max: last, value: page + 1 });
    }
  };
  const filter = () => {
    const meets = meeting();
    wanted = meets ? images.filter((image) => image.labels.some(meets)) : images;
    page = 0;
    show();
  };
  const go = (to, pager) => {
    const last = Math.max(1, Math.ceil(wanted.length / STEP)) - 1;
    page = Math.min(Math.max(0, Math.trunc(to) || 0), last);
    show();
    if (pager !== pagers[0]) cards.scrollIntoView();
  };

  const counts = data.classes.map(() => 0);
  for (const image of images) for (const label of image.labels) counts[label.place] += 1;
  const order = data.classes.map((name, place) => place);
  order.sort((a, b) => data.classes[a].localeCompare(data.classes[b], 'en'));
  filters[0].append(...order.map((place) => element('option', { value: place },
    `${data.classes[place]} (${counts[place].toLocaleString('en')})`)));
  if (images.some((image) => image.labels.some((label) => label.kind === 'missed'))) {
    filters[1].append(element('option', {}, 'missed'));
  }
  for (const part of filters) part.addEventListener('change', filter);
  document.getElementById('reset').addEventListener('click', () => {
    for (const part of filters) part.value = '';
    filter();
  });
  for (const pager of pagers) {
    for (const button of pager.querySelectorAll('button')) {
      button.addEventListener('click', () => go(page + Number(button.dataset.step), pager));
    }
    const input = pager.querySelector('input');
    input.addEventListener('change', () => go(Number(input.value) - 1, pager));
  }
  filter();
}
