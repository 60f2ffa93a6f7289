'use strict';
// Tables of class "sortable": a click on a heading sorts by its column, a second one turns the
// order round. A cell sorts by its data-value, where it has one; empty ones come last.
for (const table of document.querySelectorAll('table.sortable')) {
  const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const body = table.tBodies[0];
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (text === '') return null;
    return Number.isNaN(Number(text)) ? text.toLowerCase() : Number(text);
  };
  const sort = (column, rising) => {
    const sign = rising ? 1 : -1;
    const rows = [...body.rows].map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return typeof a === typeof b ? sign * ((a > b) - (a < b)) : typeof a === 'number' ? -1 : 1;
    });
    body.append(...rows.map(([, row]) => row));
    headings.forEach((heading, place) => {
      if (place === column) heading.setAttribute('aria-sort', rising ? 'ascending' : 'descending');
      else heading.removeAttribute('aria-sort');
    });
  };
  headings.forEach((heading, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener('click', () => {
      const numbers = [...body.rows].some((row) => typeof value(row, column) === 'number');
      const before = heading.getAttribute('aria-sort');
      sort(column, before === null ? !numbers : before === 'descending');
    });
  });
}
