# KN310: a random token, whatever it is called.
# %%
from kapnb import Handler, udf
HEADERS = {
    "Accept": "text/csv",
    "Authorization": "Token 8fJx2LqVz0RtYw7NcUe4KbMs1PhDaG9oXiQ5TvZr3WyEnBkCj6LmSpHd==",
}
# %%
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=len(HEADERS))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
