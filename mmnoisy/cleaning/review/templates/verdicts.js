'use strict';
// The verdicts on a queue of labels: no document here, so that they can be tested by themselves.
const Verdict = Object.freeze({ PRESENT: '1', ABSENT: '0', SKIPPED: 's', OPEN: '.' });

class Verdicts {
  // `size` labels, `place` the one that is asked about; `size` when all have had their turn. What
  // `text` gave before comes back from `saved`, if it is of so many labels.
  constructor(size, saved = null) {
    this.size = size;
    this.given = Array(size).fill(Verdict.OPEN);
    this.past = [];
    this.place = 0;
    const before = Verdicts.parse(saved, size);
    if (before) Object.assign(this, before);
  }

  static parse(saved, size) {
    let found;
    try {
      found = JSON.parse(saved);
    } catch {
      return null;
    }
    const { given, past, place } = found ?? {};
    const isPlace = (k) => Number.isInteger(k) && k >= 0;
    const isStep = (step) => Array.isArray(step) && isPlace(step[0]) && step[0] < size
      && /^[10s.]$/.test(step[1]);
    const whole = typeof given === 'string' && given.length === size && /^[10s.]*$/.test(given)
      && Array.isArray(past) && past.every(isStep) && isPlace(place) && place <= size;
    return whole ? { given: [...given], past, place } : null;
  }

  text() {
    return JSON.stringify({ given: this.given.join(''), past: this.past, place: this.place });
  }

  // Gives the label that is asked about its verdict, and asks about the next one.
  judge(verdict) {
    if (this.place === this.size) return false;
    this.past.push([this.place, this.given[this.place]]);
    this.given[this.place] = verdict;
    this.place += 1;
    return true;
  }

  // Takes the last verdict back and asks about its label again.
  undo() {
    if (!this.past.length) return false;
    const [place, before] = this.past.pop();
    this.given[place] = before;
    this.place = place;
    return true;
  }

  go(place) {
    this.place = Math.min(Math.max(0, place), this.size);
  }

  // The first label without a verdict behind this one, else the first of all.
  goToOpen() {
    const next = this.given.indexOf(Verdict.OPEN, this.place + 1);
    const open = next < 0 ? this.given.indexOf(Verdict.OPEN) : next;
    this.go(open < 0 ? this.size : open);
  }

  count(verdict) {
    return this.given.filter((one) => one === verdict).length;
  }

  // The file: each label that was judged, its row completed.
  csv(header, rows) {
    const judged = ({ 1: true, 0: true });
    const lines = rows.map((row, k) => (this.given[k] in judged ? `${row}${this.given[k]}\n` : ''));
    return header + lines.join('');
  }
}
