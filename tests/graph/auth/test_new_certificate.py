"""A certificate of our own making: what Entra accepts, and what signs in."""

from datetime import timedelta

from cryptography import x509

from db.clock import utcnow
from graph.auth.certificate import certificate_end, parse_certificate_file
from graph.auth.new_certificate import make_certificate, thumbprint


def test_new_certificate_belongs_to_its_key_and_ends_after_two_years():
    private, public = make_certificate("Tenantkeep " + "x" * 90)
    parsed = parse_certificate_file((private + public).encode())
    certificate = x509.load_pem_x509_certificate(public.encode())
    assert parsed.certificate_pem == public
    assert certificate.public_key().key_size == 3072
    assert abs(certificate_end(public) - utcnow() - timedelta(days=730)) < timedelta(minutes=1)
    assert certificate.not_valid_before_utc.replace(tzinfo=None) < utcnow()
    assert len(thumbprint(public)) == 40
    assert set(thumbprint(public)) <= set("0123456789ABCDEF")
