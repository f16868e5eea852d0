"""StackStorm's encryption of datastore values, where the pack has the package `cryptography`.

Values that the datastore hands out are decrypted by the server: `get_value(name, decrypt=True)`.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os

__all__ = ["AESKey", "read_crypto_key", "symmetric_decrypt", "symmetric_encrypt"]

HEADER = b"00000"
DIGEST_BYTES = 20
BLOCK_BYTES = 16


class AESKey(object):
    """The content of a key file."""

    def __init__(self, aes_key_string, hmac_key_string, hmac_key_size=256, mode="CBC", size=256):
        self.aes_key_string = aes_key_string
        self.hmac_key_string = hmac_key_string
        self.hmac_key_size = int(hmac_key_size)
        self.mode = mode.upper()
        self.size = int(size)
        if self.mode != "CBC":
            raise ValueError("Unsupported mode: %s" % (mode,))

    @classmethod
    def generate(cls, key_size=256):
        return cls(_web_safe(os.urandom(key_size // 8)), _web_safe(os.urandom(32)), size=key_size)

    def to_json(self):
        return json.dumps(
            {
                "hmacKey": {"hmacKeyString": self.hmac_key_string, "size": self.hmac_key_size},
                "aesKeyString": self.aes_key_string,
                "mode": self.mode,
                "size": self.size,
            }
        )


def read_crypto_key(key_path):
    with open(key_path, encoding="utf-8") as file:
        content = json.load(file)
    return AESKey(
        content["aesKeyString"],
        content["hmacKey"]["hmacKeyString"],
        content["hmacKey"]["size"],
        content["mode"],
        content["size"],
    )


def symmetric_encrypt(encrypt_key, plaintext):
    """Upper-case hex of header, IV, AES-CBC ciphertext and HMAC-SHA1."""
    iv = os.urandom(BLOCK_BYTES)
    data = plaintext.encode("utf-8")
    padding = BLOCK_BYTES - len(data) % BLOCK_BYTES
    encryptor = _cipher(encrypt_key, iv).encryptor()
    message = HEADER + iv + encryptor.update(data + bytes([padding]) * padding) + encryptor.finalize()
    return binascii.hexlify(message + _digest(encrypt_key, message)).upper()


def symmetric_decrypt(decrypt_key, ciphertext):
    """The text. Raises `ValueError` for what this key did not encrypt."""
    data = binascii.unhexlify(ciphertext)
    message, digest = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    if not hmac.compare_digest(digest, _digest(decrypt_key, message)):
        raise ValueError("the value was not encrypted with this key, or was changed")
    iv, body = message[len(HEADER) : len(HEADER) + BLOCK_BYTES], message[len(HEADER) + BLOCK_BYTES :]
    decryptor = _cipher(decrypt_key, iv).decryptor()
    plain = decryptor.update(body) + decryptor.finalize()
    return plain[: -plain[-1]].decode("utf-8")


def _digest(key, message):
    return hmac.new(_from_web_safe(key.hmac_key_string), message, hashlib.sha1).digest()


def _cipher(key, iv):
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError:
        raise ImportError(
            "st2common.util.crypto needs the package cryptography; add it to the pack's requirements.txt, or let the server "
            "decrypt: self.action_service.get_value(name, decrypt=True)"
        ) from None
    return Cipher(algorithms.AES(_from_web_safe(key.aes_key_string)), modes.CBC(iv))


def _web_safe(data):
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _from_web_safe(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
