def attempt():
    try:
        pass
    except* ValueError:
        pass
