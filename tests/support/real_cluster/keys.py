# SPDX-License-Identifier: Apache-2.0
"""Who is who in the cluster: one authority, certificates for who is dialled, a token for everybody who dials."""
import base64
import json
import pathlib
import secrets
import subprocess

# token's file: (user, groups)
USERS = {
    "admin": ("admin", "system:masters"),
    "coredns": ("coredns", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
}


def _openssl(*words, directory):
    done = subprocess.run(["openssl", *map(str, words)], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {words}: {done.stderr}"


class Keys:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def path(self, name):
        return self.directory / name

    def make(self, nodes, server_addresses):
        """All of it; `nodes` is {name: address}."""
        self.directory.mkdir(mode=0o700, parents=True)
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", 30,
                 "-subj", "/CN=test-cluster", "-addext", "keyUsage=critical,keyCertSign,digitalSignature", directory=self.directory)
        names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"]
        self.sign("apiserver", "/CN=kube-apiserver", [f"IP:{each}" for each in server_addresses] + [f"DNS:{each}" for each in names])
        self.sign("apiserver-kubelet", "/O=system:masters/CN=kube-apiserver-kubelet-client", ["DNS:kube-apiserver"])
        for name, address in nodes.items():
            self.sign(name, f"/CN=system:node:{name}", [f"DNS:{name}", f"IP:{address}"])
        _openssl("genrsa", "-out", "accounts.key", 2048, directory=self.directory)
        users = {**USERS, **{name: (f"system:node:{name}", "system:nodes") for name in nodes}}
        tokens = {name: secrets.token_hex(16) for name in users}
        self.path("tokens.csv").write_text("".join(f'{tokens[name]},{user},{name},"{groups}"\n' for name, (user, groups) in users.items()))
        self.path("tokens.json").write_text(json.dumps(tokens))

    def sign(self, name, subject, alternatives):
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject,
                 directory=self.directory)
        self.path(f"{name}.ext").write_text(f"subjectAltName={','.join(alternatives)}\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.crt", "-days", 30,
                 "-extfile", f"{name}.ext", directory=self.directory)

    def kubeconfig(self, user, server, path=None):
        """Writes the file by which `user` dials `server`; its path."""
        path = path or self.path(f"{user}.kubeconfig")
        token = json.loads(self.path("tokens.json").read_text())[user]
        authority = base64.b64encode(self.path("ca.crt").read_bytes()).decode()
        path.touch(mode=0o600)
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "cluster",
            "clusters": [{"name": "cluster", "cluster": {"server": server, "certificate-authority-data": authority}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": user}}]}, indent=2))
        return path
