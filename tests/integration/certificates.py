# SPDX-License-Identifier: Apache-2.0
"""Certificates for an engine that listens on the network."""

import os
import subprocess


def make(folder):
    """A CA, a certificate for the engine and its key: their paths, by the names of the engine's flags."""
    ca, ca_key, cert, key, request = (
        os.path.join(folder, name) for name in ("ca.pem", "ca-key.pem", "cert.pem", "key.pem", "request.pem")
    )
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    sign = ["openssl", "x509", "-req", "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2"]
    for command in (
        [*new, "-x509", "-subj", "/CN=ca", "-days", "2", "-keyout", ca_key, "-out", ca],
        [*new, "-subj", "/CN=localhost", "-keyout", key, "-out", request],
        [*sign, "-in", request, "-out", cert],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return {"tlscacert": ca, "tlscert": cert, "tlskey": key}
