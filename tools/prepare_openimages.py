"""Turns the label CSVs of an Open Images release (V4 layout) into label indexes.

For example:
    python tools/prepare_openimages.py data/openimages

reads data/openimages/{.,annotations,train,validation,test}/*-annotations-*-imagelabels.csv and
writes data/openimages/index/{train,validation,test}.
"""

from pathlib import Path

from mmnoisy.datasets.release import account_table, prepare
from mmnoisy.engine.launch import tool_parser, user_errors


@user_errors
def main() -> None:
    """Prepares the indexes and prints what became of every row."""
    parser = tool_parser(__doc__)
    parser.add_argument('root', type=Path, metavar='ROOT', help='folder of the release')
    parser.add_argument('--version', choices=['v4'], default='v4', help='layout of the files')
    parser.add_argument('--out', type=Path, help='folder of the indexes, default ROOT/index')
    parser.add_argument('--classes', type=Path, help='class list, one MID per line')
    parser.add_argument(
        '--categories', type=Path, help='CSV LabelName,Category, for MAP_<category>'
    )
    args = parser.parse_args()
    out = args.out or args.root / 'index'
    indexes = prepare(args.root, out, args.classes, args.categories)
    print(account_table(indexes))
    print(f'written to {out}')


if __name__ == '__main__':
    main()
