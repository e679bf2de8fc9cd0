# KN101: a marked cell has nothing to export.
# %%
#| udf
LIMIT = 3
