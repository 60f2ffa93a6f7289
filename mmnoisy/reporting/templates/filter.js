'use strict';
// Filters of the rows of a table, which "data-rows" names: a part of the first cell, and one of
// the words in the "data-shows" of a row.
for (const filters of document.querySelectorAll('[data-rows]')) {
  const rows = [...document.getElementById(filters.dataset.rows).tBodies[0].rows];
  const [search, kind] = ['input', 'select'].map((name) => filters.querySelector(name));
  const status = filters.querySelector('[role=status]');
  const show = () => {
    const part = search.value.trim().toLowerCase();
    const shown = rows.filter((row) => {
      const named = row.cells[0].dataset.value.toLowerCase().includes(part);
      row.hidden = !named || !(kind.value === '' || row.dataset.shows.split(' ').includes(kind.value));
      return !row.hidden;
    });
    status.textContent = `${shown.length} of ${rows.length} classes`;
  };
  for (const field of [search, kind]) field.addEventListener('input', show);
  show();
}
