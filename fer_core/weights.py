import hashlib


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
