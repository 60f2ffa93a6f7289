"""Pages as a reader of their HTML finds them: tables by id, texts of sections."""

from html.parser import HTMLParser

BLOCKS = {'dt', 'dd', 'p', 'th', 'td', 'div'}
VOID = {'meta', 'link', 'img', 'input', 'br', 'hr'}


class Cell:
    """A cell of a table."""

    def __init__(self, attributes):
        self.attributes, self.text = attributes, ''


class Row(list):
    """Its cells, and ``attributes``."""

    def __init__(self, attributes):
        super().__init__()
        self.attributes = attributes

    @property
    def texts(self):
        return [' '.join(cell.text.split()) for cell in self]


class Page(HTMLParser):
    """A page, parsed; refuses elements that are not closed in their order.

    Attributes:
        tables: rows by the id of the table, those of the head first.
        sections: all text by the id of the section.
        elements: names and attributes, in their order.
    """

    def __init__(self, html):
        super().__init__()
        self.tables, self.sections, self.elements = {}, {}, []
        self._open, self._rows, self._cell, self._section = [], None, None, None
        self.feed(html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag in VOID:
            return
        self._open.append(tag)
        if tag == 'table':
            self._rows = self.tables.setdefault(attributes.get('id'), [])
        elif tag == 'tr':
            self._rows.append(Row(attributes))
        elif tag in ('th', 'td'):
            self._cell = Cell(attributes)
            self._rows[-1].append(self._cell)
        elif tag == 'section':
            self._section = attributes.get('id')
            self.sections[self._section] = ''

    def handle_endtag(self, tag):
        assert self._open.pop() == tag
        if tag in ('th', 'td'):
            self._cell = None
        if tag == 'section':
            self._section = None
        if self._section is not None and tag in BLOCKS:
            self.sections[self._section] += ' '

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.text += data
        if self._section is not None and not {'script', 'style'} & {*self._open}:
            self.sections[self._section] += data

    def text_of(self, section):
        """The text of a section, its spaces made one."""
        return ' '.join(self.sections[section].split())

    def of(self, name):
        """The attributes of all elements of a name."""
        return [attributes for tag, attributes in self.elements if tag == name]
