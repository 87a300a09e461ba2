import os

os.environ.setdefault("MOODGATE_OFFLINE", "1")  # no test fetches anything from the network
