'use strict';
// The examples, some at a time, and only those that the filter asks for.
{
  const examples = [...document.querySelectorAll('.example')];
  const filter = document.getElementById('filter');
  const back = document.getElementById('back');
  const next = document.getElementById('next');
  const step = 6;
  let first = 0;
  const show = () => {
    const wanted = examples.filter(
      (example) => filter.value === '' || example.dataset.kinds.split(' ').includes(filter.value));
    for (const example of examples) example.hidden = true;
    for (const example of wanted.slice(first, first + step)) example.hidden = false;
    const last = Math.min(first + step, wanted.length);
    document.getElementById('position').textContent =
      wanted.length ? `${first + 1}\u2013${last} of ${wanted.length}` : 'none';
    back.disabled = first === 0;
    next.disabled = last === wanted.length;
  };
  if (examples.length) {
    document.getElementById('example-controls').hidden = false;
    filter.addEventListener('change', () => { first = 0; show(); });
    back.addEventListener('click', () => { first -= step; show(); });
    next.addEventListener('click', () => { first += step; show(); });
    show();
  }
}
