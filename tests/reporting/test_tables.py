from mmnoisy.reporting.tables import markdown_table


def test_columns_are_aligned_and_names_stay_in_their_cells():
    assert markdown_table(['name', 'n'], [['a|b', '1'], ['<i>', '234']]).splitlines() == [
        '| name   |   n |',
        '| ------ | --: |',
        '| a\\|b   |   1 |',
        '| &lt;i> | 234 |',
    ]
