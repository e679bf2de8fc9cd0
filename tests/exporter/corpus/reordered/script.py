#!/usr/bin/env python3
# Exported from reordered.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Late
# cells: 1, 2, 3, 4, 5
# sha256 of these cells: f4f8ac11fb782acb74b7ce77dbd3b53b9979110942d3023495616fd805bbc1fd
"""Uses what was defined later."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf


# %% reordered.ipynb cell 2
@udf
class Late(Handler):
    """Uses what was defined later."""

    table = None

    def point(self, point, state):
        return TABLE


# %% reordered.ipynb cell 4
def build(n):
    return [start() for _ in range(n)]


# %% reordered.ipynb cell 5
def start():
    return FIRST


FIRST = 1


# %% reordered.ipynb cell 3
TABLE = build(3)


if __name__ == "__main__":
    from kapnb.agent import run

    run(Late)
