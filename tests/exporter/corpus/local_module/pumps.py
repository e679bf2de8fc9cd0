def curve(point):
    return point
