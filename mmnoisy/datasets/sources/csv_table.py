"""CSV files: a line a label, a line an image, or a column a class."""

from __future__ import annotations

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.csv_rows import RAGGED, load_columns, sample_rows, sniff
from mmnoisy.datasets.sources.csv_writing import write_table
from mmnoisy.datasets.sources.opening import read_head
from mmnoisy.datasets.sources.roles import find_roles
from mmnoisy.datasets.sources.tables import labels_of
from mmnoisy.errors import InputError

_ENDINGS = ('.csv', '.tsv', '.csv.gz', '.tsv.gz')


@register
class CsvSource(Source):
    """CSV files of any separator: a line a label, a line an image, or a column a class."""

    name = 'csv'
    title = 'CSV'
    endings = ('.csv', '.tsv')

    @classmethod
    def recognises(cls, path: str) -> bool:
        """By the ending, or two columns."""
        if path.lower().endswith(_ENDINGS):
            return True
        try:
            text, _ = read_head(path)
        except InputError:
            return False
        if text.lstrip()[:1] in ('{', '[', '<'):
            return False
        rows = [sample_rows(text, sep, False) for sep in ',;\t']
        return any(found and len(found[0]) == len(found[-1]) > 1 for found in rows)

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads a file; see the base class."""
        text, whole = read_head(path)
        dialect, cells = sniff(text, whole, options, path)
        names = dialect.names if dialect.header else None
        roles = find_roles(names, cells, kind, options, path)
        # What else is said of images comes back in the file that is written.
        places = range(len(dialect.names)) if kind == 'noisy' else roles.used
        columns, ragged, example = load_columns(path, dialect, places)
        account = Account()
        account.drop(RAGGED, ragged, repr(example[:200]))
        layout = dict(
            format=self.name, sep=dialect.sep, header=dialect.header, padded=dialect.padded
        )
        return labels_of(dialect.names, columns, roles, layout, kind, options, account, path)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes a file in the shape of the layout; see the base class.

        Where cells of one label, or of several with a separator, cannot hold the names of all
        classes, they hold JSON lists.
        """
        write_table(table, path, kind)
