# KN207: the class cannot even be defined without the notebook's files.
# %%
import json
from kapnb import Handler, udf
# %%
@udf
class Configured(Handler):
    """Configured."""

    table = json.load(open("table.json"))
