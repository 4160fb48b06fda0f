"""A phone for Python programs that test the server: it enrols by a code, and shows its token and a fresh proof (DPoP) with
each request (docs/protocol.md, "Who asks")."""

import base64
import hashlib
import json
import os
import time

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Phone:
    """A key, and what it shows with each request."""

    def __init__(self, server, code):
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes_raw()
        ask = {
            "code": code,
            "install_id": os.urandom(16).hex(),
            "author": os.urandom(16).hex(),
            "public_key": self.public.hex(),
            "app": "python",
        }
        answer = requests.post(f"{server}/v1/enrol", json=ask, timeout=30)
        answer.raise_for_status()
        self.token = answer.json()["token"]

    def headers(self, method, url):
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url(self.public)}
        head = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk}
        claims = {
            "jti": b64url(os.urandom(16)),
            "htm": method,
            "htu": url.split("?")[0],
            "iat": int(time.time()),
            "ath": b64url(hashlib.sha256(self.token.encode()).digest()),
        }
        text = ".".join(b64url(json.dumps(part).encode()) for part in (head, claims))
        proof = f"{text}.{b64url(self.key.sign(text.encode()))}"
        return {"Authorization": f"DPoP {self.token}", "DPoP": proof}
