"""Draws the pictures of the README, for a light and for a dark page.

The idea needs nothing:
    python docs/images/make_images.py idea

Labels before and after cleaning are those of a project (docs/get_started.md):
    python docs/images/make_images.py digits example/digits
"""

from __future__ import annotations

import base64
import csv
import sys
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Tuple

from mmnoisy.datasets.project import Project

HERE = Path(__file__).parent
THEMES = {
    'light': dict(ink='#1f2328', soft='#59636e', line='#8c959f', card='#f6f8fa', good='#0b6e4f',
                  bad='#b42318', sky='#cfe6f7', hill='#8fc3a1'),
    'dark': dict(ink='#f0f6fc', soft='#9da7b1', line='#6e7681', card='#161b22', good='#5fd0a5',
                 bad='#ff8a7a', sky='#28465c', hill='#3f7d5c'),
}  # fmt: skip
FONT = "font-family='Helvetica, Arial, sans-serif'"
SHOWN = 6  # pictures

IDEA = """
<title>Noisy labels go through a cleaning network, which learns from verified labels. The classifier
learns from the cleaned labels and from the verified ones.</title>
<defs>
<marker id='tip' markerWidth='6' markerHeight='6' viewBox='0 0 9 9' refX='7' refY='4.5'
orient='auto'>
<path d='M0 0 L9 4.5 L0 9 z' fill='{line}'/></marker></defs>
<g {font} font-size='23' fill='{ink}' text-anchor='middle'>
  <g fill='{card}' stroke='{line}' stroke-width='1.5'>
    <rect x='2' y='2' width='176' height='266' rx='12'/>
    <rect x='388' y='2' width='176' height='266' rx='12'/>
    <rect x='195' y='332' width='176' height='126' rx='12'/>
  </g>
  <g fill='{card}' stroke='{good}' stroke-width='2.5'>
    <rect x='214' y='86' width='138' height='98' rx='49'/>
    <rect x='600' y='86' width='138' height='98' rx='49'/>
  </g>
  <g fill='none' stroke='{line}' stroke-width='3' marker-end='url(#tip)'>
    <path d='M178 135 H210'/><path d='M352 135 H384'/><path d='M564 135 H596'/>
    <path d='M283 332 V188'/><path d='M371 395 H669 V188'/>
  </g>
  <g font-weight='bold' font-size='21'>
    <text x='90' y='34'>Noisy labels</text><text x='476' y='34'>Cleaned labels</text>
    <text x='283' y='364'>Verified</text>
    <text x='283' y='129'>Cleaning</text><text x='283' y='157'>network</text>
    <text x='669' y='142'>Classifier</text>
  </g>
  {picture_1}{picture_2}
  <text x='90' y='182'>tree</text><text x='90' y='214' fill='{bad}'>car</text>
  <text x='90' y='246'>sun</text>
  <text x='476' y='182'>tree</text>
  <text x='476' y='214' fill='{bad}' text-decoration='line-through'>car</text>
  <text x='476' y='246'>sun</text>
  <text x='283' y='400' fill='{good}'>tree \u2713</text>
  <text x='283' y='434' fill='{bad}'>car \u2717</text>
  <g fill='{soft}'><text x='90' y='300'>millions</text><text x='90' y='328'>by machine</text>
  <text x='530' y='426'>a few, by people</text></g>
</g>
"""
PICTURE = """<g transform='translate({x} 50)'>
<rect width='132' height='100' rx='6' fill='{sky}'/><circle cx='104' cy='26' r='13' fill='#f2b632'/>
<path d='M0 72 Q40 46 76 68 T132 62 V94 Q132 100 126 100 H6 Q0 100 0 94 z' fill='{hill}'/>
<path d='M40 82 V62' stroke='#7a5230' stroke-width='7'/>
<circle cx='40' cy='46' r='19' fill='#2e7d4f'/>
</g>"""


def main() -> None:
    """Draws what the command line names."""
    if sys.argv[1:] == ['idea']:
        drawn = {name: draw_idea(theme) for name, theme in THEMES.items()}
    elif sys.argv[1:2] == ['digits'] and len(sys.argv) == 3:
        examples = [*changed(Project.open(Path(sys.argv[2])))]
        drawn = {name: draw_digits(examples, theme) for name, theme in THEMES.items()}
    else:
        sys.exit(__doc__)
    for name, text in drawn.items():
        (HERE / f'{sys.argv[1]}-{name}.svg').write_text(text, 'utf-8')


def draw_idea(theme: Mapping[str, str]) -> str:
    """The paper's idea in one drawing."""
    pictures = {f'picture_{k}': PICTURE.format(x=x, **theme) for k, x in ((1, 24), (2, 410))}
    return _svg(742, 462, IDEA.format(font=FONT, **pictures, **theme))


def changed(project: Project) -> Iterator[Tuple[bytes, List[Tuple[str, bool]]]]:
    """The first pictures of T that lost two labels or more and kept one, with all their labels.

    Yields:
        The picture file, and its labels with whether each was kept.
    """
    left = SHOWN
    with open(project.folder / 'cleaned/train/changes.csv', newline='', encoding='utf-8') as file:
        for name, rows in groupby(csv.DictReader(file), lambda row: row['ImageID']):
            labels = [(row['LabelName'], row['Kind'] == 'kept') for row in rows]
            removed = sum(not kept for _, kept in labels)
            if left and 2 <= removed < len(labels):
                left -= 1
                yield (Path(project.info['pictures']) / name).read_bytes(), labels


def draw_digits(
    examples: List[Tuple[bytes, List[Tuple[str, bool]]]], theme: Mapping[str, str]
) -> str:
    """Pictures with their labels; those that cleaning removed are struck through."""
    cells = []
    for place, (picture, labels) in enumerate(examples):
        x, y = 2 + 372 * (place % 2), 2 + 152 * (place // 2)
        data = base64.b64encode(picture).decode()
        cells.append(
            f"<rect x='{x}' y='{y}' width='364' height='144' rx='12' fill='{theme['card']}' "
            f"stroke='{theme['line']}' stroke-width='1.5'/>"
            f"<image x='{x + 12}' y='{y + 12}' width='120' height='120' "
            f"href='data:image/jpeg;base64,{data}'/>"
        )
        for number, line in enumerate(_wrapped(labels)):
            words = ''.join(_word(name, kept, theme) for name, kept in line)
            cells.append(f"<text x='{x + 144}' y='{y + 34 + 30 * number}'>{words}</text>")
    title = 'Pictures of digits with their noisy labels; removed ones are struck through.'
    return _svg(742, 456, f"<title>{title}</title><g {FONT} font-size='21'>{''.join(cells)}</g>")


def _word(name: str, kept: bool, theme: Mapping[str, str]) -> str:
    style: Dict[bool, str] = {
        True: f"fill='{theme['ink']}'",
        False: f"fill='{theme['bad']}' text-decoration='line-through'",
    }
    return f'<tspan {style[kept]}>{escape(name)}</tspan><tspan>\u2002</tspan>'


def _wrapped(labels: List[Tuple[str, bool]], width: int = 17) -> List[List[Tuple[str, bool]]]:
    lines: List[List[Tuple[str, bool]]] = [[]]
    for label in labels:
        if lines[-1] and sum(len(name) + 1 for name, _ in lines[-1]) + len(label[0]) > width:
            lines.append([])
        lines[-1].append(label)
    return lines


def _svg(width: int, height: int, body: str) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' role='img'>"
        f'{body}</svg>\n'
    )


if __name__ == '__main__':
    main()
