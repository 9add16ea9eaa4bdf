# SPDX-License-Identifier: Apache-2.0
"""Certificates of an authority of our own: for an engine that listens on the network, for hosts of a fleet."""

import os
import subprocess

NEW = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def make_authority(folder):
    """The paths of its certificate and its key."""
    ca, key = os.path.join(folder, "ca.pem"), os.path.join(folder, "ca-key.pem")
    command = [*NEW, "-x509", "-subj", "/CN=ca", "-days", "2", "-keyout", key, "-out", ca]
    subprocess.run(command, check=True, capture_output=True)
    return ca, key


def sign(authority, folder, name):
    """A certificate for a machine and its key: their paths, and the authority's, by what they are."""
    ca, ca_key = authority
    cert, key, request, names = (os.path.join(folder, f"{name}-{part}") for part in ("cert", "key", "request", "names"))
    with open(names, "w") as f:
        f.write(f"subjectAltName=DNS:{name}\n")
    command = ["openssl", "x509", "-req", "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2"]
    for step in (
        [*NEW, "-subj", f"/CN={name}", "-keyout", key, "-out", request],
        [*command, "-extfile", names, "-in", request, "-out", cert],
    ):
        subprocess.run(step, check=True, capture_output=True)
    return {"ca": ca, "cert": cert, "key": key}


def make(folder):
    """For an engine: paths by the names of the engine's flags."""
    files = sign(make_authority(folder), folder, "localhost")
    return {"tlscacert": files["ca"], "tlscert": files["cert"], "tlskey": files["key"]}
