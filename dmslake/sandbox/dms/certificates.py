"""Certificates that endpoints trust: imported at once, never changed, kept while in use."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dmslake.sandbox.dms import tags
from dmslake.sandbox.dms.faults import (
    Fault,
    already_exists,
    invalid_combination,
    invalid_state,
    not_found,
)
from dmslake.sandbox.dms.names import identifier
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.quotas import check_quota
from dmslake.sandbox.dms.records import Certificate, Endpoint
from dmslake.sandbox.dms.service import Call, Service

LISTING: Listing[Certificate] = Listing(
    filters={
        "certificate-arn": lambda certificate: [certificate.arn],
        "certificate-id": lambda certificate: [certificate.name],
    },
    order=lambda certificate: certificate.name,
    noun="Certificates",
    default_records=10,
)
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def import_one(call: Call) -> Json:
    """ImportCertificate: a PEM chain, or an Oracle wallet; synchronous."""
    service, asked = call.service, call.input
    name = identifier("CertificateIdentifier", asked.text("CertificateIdentifier"), longest=255)
    labels = tags.read(asked.structures("Tags"))
    pem, wallet = asked.text("CertificatePem"), asked.text("CertificateWallet")
    if bool(pem) == bool(wallet):
        raise invalid_combination(
            "Exactly one of CertificatePem and CertificateWallet must be provided."
        )
    if wallet:
        _check_wallet(wallet)
    with service.lock:
        for other in call.all(Certificate):
            if other.name == name:
                raise already_exists(f"Certificate {name} already exists.", other.arn)
        check_quota(service, call.region, Certificate)
        certificate = Certificate(
            arn=service.new_arn(call.region, "cert", None),
            region=call.region,
            name=name,
            status="active",
            created=service.clock(),
            tags=labels,
            pem=pem,
            wallet=wallet,
            owner=service.account,
            kms_key=asked.optional_text("KmsKeyId") or service.default_kms_key(call.region),
        )
        certificate = _described(certificate)
        service.store.put(certificate)
        return {"Certificate": wire(certificate)}


def describe(call: Call) -> Json:
    """DescribeCertificates: ten to a page unless told otherwise."""
    with call.service.lock:
        certificates, marker = LISTING.page(call.all(Certificate), call.input)
        return {"Certificates": [wire(one) for one in certificates], "Marker": marker}


def delete(call: Call) -> Json:
    """DeleteCertificate: refused while an endpoint uses it."""
    service = call.service
    with service.lock:
        certificate = find(service, call.input.text("CertificateArn"))
        users = [
            endpoint.name
            for endpoint in service.store.all(Endpoint)
            if endpoint.attributes.get("CertificateArn") == certificate.arn
        ]
        if users:
            raise invalid_state(
                f"Certificate {certificate.arn} is being used by one or more endpoints: "
                f"{', '.join(users)}."
            )
        service.store.remove(Certificate, certificate.key)
        return {"Certificate": wire(certificate)}


def find(service: Service, arn: str) -> Certificate:
    """Return a certificate, or raise ResourceNotFoundFault."""
    certificate = service.store.get(Certificate, arn)
    if certificate is None:
        raise not_found(f"Certificate {arn} not found.")
    return certificate


def wire(certificate: Certificate) -> Json:
    """Return the certificate as the service answers it."""
    answer: Json = {
        "CertificateIdentifier": certificate.name,
        "CertificateArn": certificate.arn,
        "CertificateCreationDate": certificate.created.timestamp(),
        "CertificateOwner": certificate.owner,
        "KmsKeyId": certificate.kms_key,
    }
    if certificate.wallet:
        return {**answer, "CertificateWallet": certificate.wallet}
    if certificate.valid_from is not None and certificate.valid_to is not None:
        answer["ValidFromDate"] = certificate.valid_from.timestamp()
        answer["ValidToDate"] = certificate.valid_to.timestamp()
    if certificate.key_length is not None:
        answer["KeyLength"] = certificate.key_length
    return {
        **answer,
        "CertificatePem": certificate.pem,
        "SigningAlgorithm": certificate.algorithm,
    }


def _described(certificate: Certificate) -> Certificate:
    """Add what the first certificate of a chain says of itself; refuse what is no chain."""
    if certificate.wallet:
        return certificate
    blocks = _BLOCK.findall(certificate.pem)
    try:
        chain = [x509.load_pem_x509_certificate(block.encode()) for block in blocks]
    except ValueError as error:
        raise _invalid(f"The certificate {certificate.name} cannot be read: {error}") from error
    if not chain:
        raise _invalid(f"The certificate {certificate.name} is not a valid PEM certificate.")
    first = chain[0]
    key = first.public_key()
    return replace(
        certificate,
        key_length=key.key_size
        if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        else None,
        algorithm=_algorithm(first),
        valid_from=first.not_valid_before_utc,
        valid_to=first.not_valid_after_utc,
    )


def _algorithm(certificate: x509.Certificate) -> str:
    digest = certificate.signature_hash_algorithm
    elliptic = isinstance(certificate.signature_algorithm_parameters, ec.ECDSA)
    kind = "ECDSA" if elliptic else "RSA"
    return f"{digest.name.upper() if digest else ''}with{kind}"


def _check_wallet(wallet: str) -> None:
    try:
        base64.b64decode(wallet, validate=True)
    except binascii.Error as error:
        raise _invalid("The certificate wallet is not valid Base64.") from error


def _invalid(message: str) -> Fault:
    return Fault("InvalidCertificateFault", message)
