#!/usr/bin/env python3
# Exported from scopes.ipynb by kapnb 0.1.0; edit the notebook instead.
#
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "kapnb==0.1.0",
#     "protobuf>=4.25,<8",
# ]
#
# [tool.kapnb]
# version = "0.1.0"
# notebook = "scopes.ipynb"
# handler = "Scoped"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "f0b1e4b51c988bc7" },
#     { number = 2, id = "cell-2", sha256 = "85271614b5365048" },
# ]
# ///
"""Binds everything itself."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% scopes.ipynb cell 1
LIMIT = 2


# %% scopes.ipynb cell 2
@udf
class Scoped(Handler):
    """Binds everything itself."""

    LIMIT = LIMIT
    total = 0

    def point(self, point):
        yield from self.helper(point, None)

    def helper(self, point, state, *df, **kwargs):
        squares = [total * total for total in (*point.fields.values(), 2.0)]
        if (n := len(squares)) > 1:
            match squares:
                case [first, *rest]:
                    yield point.with_fields(first=first, rest=len(rest), n=n)
        try:
            pass
        except ValueError as total:
            print(total)
        assert __class__ is Scoped and not df and not kwargs and (lambda state: state)(True)


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Scoped,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Scoped", "node_id": "Scoped2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"first": 0.0, "n": 2, "rest": 1, "x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"first": 1.0, "n": 2, "rest": 1, "x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"first": 4.0, "n": 2, "rest": 1, "x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"first": 9.0, "n": 2, "rest": 1, "x": 3.0}}
""",
    )
