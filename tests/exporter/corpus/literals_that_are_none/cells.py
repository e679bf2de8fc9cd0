# What only looks like a secret or a path is passed over.
# %%
from kapnb import Handler, udf
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
LITERALS = [
    "550e8400-e29b-41d4-a716-446655440000",
    "the quick brown fox jumps over the lazy dog",
    "temperature_of_the_left_bearing_in_degrees",
    "http://db.example/home/page",
    "m/s",
    "Basic information",
    "/var/lib/kapacitor/udf",
    "/etc/kapacitor",
    "Token of a kind",
    r"\d+\s*",
]
# %%
@udf
class H(Handler):
    """Basic IsolationForest with Token bucket_limiter_2."""

    def point(self, point):
        host = point.fields.get("token", "unknown")
        yield point.with_fields(host=host, y=len(SHA256) + len(LITERALS))
# %%
from kapnb import Point, simulate
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
