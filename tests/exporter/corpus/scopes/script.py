#!/usr/bin/env python3
# Exported from scopes.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Scoped
# cells: 1, 2
# sha256 of these cells: 833aebd17ff710dbea1536cffc576780d35247e93f996e3e6217d60945c03150
"""Binds everything itself."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf

# %% scopes.ipynb cell 1
LIMIT = 2


# %% scopes.ipynb cell 2
@udf
class Scoped(Handler):
    """Binds everything itself."""

    LIMIT = LIMIT
    total = 0

    def point(self, point, state, *df, **kwargs):
        squares = [total * total for total in point.fields.values()]
        if (n := len(squares)) > 1:
            match squares:
                case [first, *rest]:
                    return first, rest, n
        try:
            pass
        except ValueError as total:
            print(total)
        return __class__, df, kwargs, lambda state: state


if __name__ == "__main__":
    from kapnb.agent import run

    run(Scoped)
