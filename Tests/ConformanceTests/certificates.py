"""Certificates of an authority that exists only for a test."""

import datetime
import ipaddress
import os
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """The paths of a certificate and its key, as PEM."""

    file: str
    key_file: str


class Authority:
    """Signs certificates; `file` is its own, which those who trust it read."""

    def __init__(self, folder, name="test authority"):
        folder.mkdir(exist_ok=True)
        self._folder, self._name = folder, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = self._builder(self._name, self._key.public_key(), valid=DAY)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file = str(folder / "authority.pem")
        self._write(self.file, own.sign(self._key, hashes.SHA256()))

    def issue(self, name, hosts=(), valid=DAY):
        """A certificate for these names and addresses; `valid` until then, which may be past."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_named(name), key.public_key(), valid)
        if hosts:
            names = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = Certificate(str(self._folder / f"{name}.pem"), str(self._folder / f"{name}.key"))
        self._write(certificate.file, builder.sign(self._key, hashes.SHA256()))
        with open(certificate.key_file, "wb") as file:
            os.chmod(file.fileno(), 0o600)
            file.write(key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return certificate

    def _builder(self, subject, key, valid):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - 2 * DAY).not_valid_after(now + valid))

    @staticmethod
    def _write(path, certificate):
        with open(path, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))


def _named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
