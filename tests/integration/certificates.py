"""A private authority and what it signs."""
import pathlib
import ssl
import subprocess


class Certificate:
    """PEM files; `tls` is what the configuration says of them."""

    def __init__(self, file, key):
        self.file, self.key = file, key

    @property
    def tls(self):
        return {"certificate": str(self.file), "key": str(self.key)}


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.file, self.key = self.folder / "authority.pem", self.folder / "authority.key"
        self.openssl("req", "-x509", *new_key("ec"), "-keyout", self.key, "-out", self.file, "-days", "2", "-subj",
                     "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")

    def openssl(self, *arguments, **options):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, **options)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def sign(self, file, *names, kind="ec", days=2):
        """A certificate of these names, as files of that name: "DNS:edge.test", "IP:127.0.0.1"."""
        made = Certificate(self.folder / f"{file}.pem", self.folder / f"{file}.key")
        request, extensions = self.folder / f"{file}.csr", self.folder / f"{file}.extensions"
        extensions.write_text(f"subjectAltName={','.join(names)}\n")
        self.openssl("req", *new_key(kind), "-keyout", made.key, "-out", request, "-subj", f"/CN={file}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days",
                     str(days), "-out", made.file, "-extfile", extensions)
        return made

    def vouch(self, certificate):
        """A file with what an OCSP responder says of it: that it is good."""
        serial = self.openssl("x509", "-in", certificate.file, "-noout", "-serial").decode().strip().split("=")[1]
        index, question = certificate.file.with_suffix(".index"), certificate.file.with_suffix(".question")
        index.write_text(f"V\t491231235959Z\t\t{serial}\tunknown\t/CN={certificate.file.stem}\n")
        self.openssl("ocsp", "-issuer", self.file, "-cert", certificate.file, "-reqout", question)
        answer = certificate.file.with_suffix(".ocsp")
        self.openssl("ocsp", "-index", index, "-CA", self.file, "-rsigner", self.file, "-rkey", self.key, "-reqin", question,
                     "-respout", answer, "-ndays", "1")
        return answer

    def context(self, *protocols):
        """What a client trusts, and offers by ALPN; nothing where there are no protocols."""
        context = ssl.create_default_context(cafile=self.file)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


def new_key(kind):
    how = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else [f"{kind}:2048"]
    return ["-newkey", *how, "-nodes"]
