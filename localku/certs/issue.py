"""Making certificates: a CA that can speak for this machine alone, and leaves under it.

The CA is name-constrained (RFC 5280 section 4.2.1.10): whoever steals its key can pretend to be
localhost, and nothing on the network. Imported only when something has to be made: `cryptography`
takes longer to load than a start may last.
"""

from __future__ import annotations

import ipaddress
import secrets
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localku.certs.names import NAMES

NETWORKS = ("127.0.0.0/8", "::1/128")
CA_DAYS = 3650
LEAF_DAYS = 397  # browsers take no more (CA/Browser Forum, Baseline Requirements 6.3.2)
_SKEW = timedelta(hours=1)  # a virtual machine's clock may be behind
_COMMON_NAME_MAX = 64  # RFC 5280 appendix A.1


class Authority:
    """The CA: its certificate and its key."""

    def __init__(self, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.cert = cert
        self.key = key

    @property
    def cert_pem(self) -> bytes:
        """The certificate, for those who are to trust it."""
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, for nobody."""
        return _key_pem(self.key)

    @property
    def expires(self) -> float:
        """Until when it is valid, seconds since the epoch."""
        return self.cert.not_valid_after_utc.timestamp()


def new_authority(now: float, owner: str) -> Authority:
    """A fresh CA. owner: who and where, for its name in lists of certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"localku CA {secrets.token_hex(4)}", owner)
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in NAMES]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in NETWORKS]
    builder = (
        _builder(name, name, key.public_key(), now, _end(now, CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(_server_alone(), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def read_authority(cert_pem: bytes, key_pem: bytes) -> Authority:
    """A CA from its two files. Raises ValueError when they are not what they should be."""
    try:
        cert = x509.load_pem_x509_certificate(cert_pem)
        key = serialization.load_pem_private_key(key_pem, None)
    except TypeError as error:  # a key with a password
        raise ValueError(str(error)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or cert.public_key() != key.public_key():
        raise ValueError("certificate and key do not belong together")
    return Authority(cert, key)


def new_leaf(authority: Authority, host: str, now: float) -> tuple[bytes, float]:
    """(PEM of a key and its certificate, until when it is valid) for a host."""
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host == "localhost":
        names += [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
    issuer = authority.cert
    public = authority.key.public_key()
    end = min(_end(now, LEAF_DAYS), issuer.not_valid_after_utc)
    builder = (
        _builder(_name(host[:_COMMON_NAME_MAX]), issuer.subject, key.public_key(), now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(_server_alone(), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    cert = builder.sign(authority.key, hashes.SHA256())
    pem = _key_pem(key) + cert.public_bytes(serialization.Encoding.PEM)
    return pem, cert.not_valid_after_utc.timestamp()


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: float,
    end: datetime,
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=_moment(now) - _SKEW,
        not_valid_after=end,
    )


def _end(now: float, days: int) -> datetime:
    return _moment(now) - _SKEW + timedelta(days=days)


def _moment(now: float) -> datetime:
    return datetime.fromtimestamp(int(now), timezone.utc)


def _name(common: str, owner: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "localku development")]
    if owner:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, owner[:64]))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _server_alone() -> x509.ExtendedKeyUsage:
    """For servers, not for signing code or mail; in the CA it binds all below."""
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
