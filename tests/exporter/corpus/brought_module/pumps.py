from units import LITRE


def curve(x):
    return x * LITRE
