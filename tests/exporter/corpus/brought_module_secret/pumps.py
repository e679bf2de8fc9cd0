def curve(password="correct-horse-battery"):
    return password
