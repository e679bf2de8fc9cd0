"""Pumps."""

import matplotlib.pyplot as plt


def curve():
    return plt.figure()
