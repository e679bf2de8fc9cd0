# What an artifact is read with travels, what it is written with does not.
# %%
from pathlib import Path
from kapnb import Handler, artifact, udf
def read(path):
    return [float(line) for line in Path(path).read_text().split()]
def write(values, path):
    Path(path).write_text("\n".join(map(str, values)))
# %%
ROWS = artifact("rows.dat", [1.5, 2.5], save=write, load=read)
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=sum(ROWS))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
