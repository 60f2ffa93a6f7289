"""CSV files: a line a label, a line an image, or a column a class."""

from __future__ import annotations

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.csv_folder import ENDINGS, csv_files, files_of, load_files
from mmnoisy.datasets.sources.csv_rows import sample_rows, sniff
from mmnoisy.datasets.sources.csv_writing import write_table
from mmnoisy.datasets.sources.opening import read_head
from mmnoisy.datasets.sources.roles import find_roles
from mmnoisy.datasets.sources.storage import is_folder
from mmnoisy.datasets.sources.tables import labels_of
from mmnoisy.errors import InputError


@register
class CsvSource(Source):
    """CSV files of any separator: a line a label, a line an image, or a column a class.

    A folder of such files alone is one table: they have the same columns, and are read in the
    order of their names.
    """

    name = 'csv'
    title = 'CSV'
    endings = ('.csv', '.tsv')

    @classmethod
    def recognises(cls, path: str) -> bool:
        """By the ending, or two columns; a folder by the endings of all files in it."""
        try:
            if is_folder(path):
                return bool(csv_files(path))
            if path.lower().endswith(ENDINGS):
                return True
            text, _ = read_head(path)
        except InputError:
            return False
        if text.lstrip()[:1] in ('{', '[', '<'):
            return False
        rows = [sample_rows(text, sep, False) for sep in ',;\t']
        return any(found and len(found[0]) == len(found[-1]) > 1 for found in rows)

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads a file or a folder; see the base class."""
        files, sample = files_of(path)
        text, whole = read_head(sample)
        dialect, cells = sniff(text, whole, options, sample)
        names = dialect.names if dialect.header else None
        roles = find_roles(names, cells, kind, options, path)
        # What else is said of images comes back in the file that is written.
        places = range(len(dialect.names)) if kind == 'noisy' else roles.used
        account = Account()
        columns = load_files(files, sample, dialect, places, account)
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
