"""A second reading of the history: every figure, due time and chain once more, by plain loops over raw rows.

Nothing here uses what figures are made of (`dispatch.case_fold`, `case_facts`, `report_life`, `figures`, `counts`,
`clock`): two readings that share a mistake would agree about it. Only codes and master data are read the same way.
"""
