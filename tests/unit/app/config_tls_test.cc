#include <algorithm>
#include <array>

#include "app/config.h"
#include "app/config_changes.h"
#include "app/config_format.h"
#include "app/config_table.h"
#include "support/catch.h"
#include "support/temporary_folder.h"
#include "support/tls_files.h"
#include "unit/app/config_problems.h"

using namespace edge;
using namespace edge::app;
using namespace edge::test;
using namespace std::chrono_literals;

namespace {

struct Folder {
  TlsFiles files;

  Folder() {
    files.make("a", {});
    files.make("b", {});
  }
  // A listener in block style; `keys` begin on line 4 with a column of 5.
  std::string text(const std::string& keys) const { return "listen:\n- address: 127.0.0.1:8443\n  tls:\n" + keys; }
  // All problems of those keys.
  std::string problems(const std::string& keys) const { return problems_of(text(keys)); }
  std::string problems_of(const std::string& yaml) const { return app::problems(yaml, files.path("")); }
  net::TlsOptions good(const std::string& keys) const { return app::good(text(keys), files.path("")).listen[0].tls; }
};

const std::string kA = "    certificates: [{certificate: a.pem, key: a.key}]\n";

}  // namespace

TEST_CASE("a listener with certificates speaks TLS, with defaults for the rest", "[app][tls]") {
  const Folder folder;
  const net::TlsOptions tls = folder.good(kA);
  REQUIRE(tls.certificates.size() == 1);
  CHECK(tls.certificates[0].certificate == folder.files.path("a.pem"));
  CHECK(tls.certificates[0].key == folder.files.path("a.key"));
  CHECK(tls.certificates[0].ocsp.empty());
  CHECK(tls.min_version == net::TlsVersion::Tls12);
  CHECK(tls.ticket_rotation == 12h);
  for (const char* text : {"listen: [{address: \"127.0.0.1:1\"}]", "listen: [{address: \"127.0.0.1:1\", tls: null}]"}) {
    const LoadedConfig loaded = parse_config(text, {});
    REQUIRE(loaded);
    CHECK_FALSE(loaded.config->listen[0].has_tls());
  }
}

TEST_CASE("each listener and each certificate has its own values", "[app][tls]") {
  const Folder folder;
  const auto loaded = parse_config(
      "listen:\n"
      "- address: 127.0.0.1:1\n"
      "- address: 127.0.0.1:2\n"
      "  tls: {min_version: 1.3, certificates: [{certificate: a.pem, key: a.key}, {certificate: b.pem, key: b.key}]}\n"
      "- address: 127.0.0.1:3\n"
      "  tls: {ticket_rotation: 1h, client_certificates: optional, client_ca_file: a.pem,\n"
      "        certificates: [{certificate: b.pem, key: b.key}]}\n",
      folder.files.path(""));
  REQUIRE(loaded);
  const auto& listen = loaded.config->listen;
  CHECK_FALSE(listen[0].has_tls());
  REQUIRE(listen[1].tls.certificates.size() == 2);
  CHECK(listen[1].tls.certificates[1].key == folder.files.path("b.key"));
  CHECK(listen[1].tls.min_version == net::TlsVersion::Tls13);
  CHECK(listen[1].tls.ticket_rotation == 12h);
  REQUIRE(listen[2].tls.certificates.size() == 1);
  CHECK(listen[2].tls.ticket_rotation == 1h);
  CHECK(listen[2].tls.client_certificates == net::ClientCertificates::Optional);

  const ConfigKey& key = *find_config_key("listen[].tls.certificates[].key");
  const auto form = [&](std::size_t listener, std::size_t certificate) {
    const std::array items{listener, certificate};
    return format_value(key, *loaded.config, items);
  };
  CHECK(form(1, 1) == folder.files.path("b.key"));
  CHECK(form(2, 0) == folder.files.path("b.key"));
  CHECK(form(2, 1) == "null");  // There is none.
}

TEST_CASE("TLS without certificates is a problem, and so is half a certificate", "[app][tls]") {
  const Folder folder;
  CHECK(folder.problems_of("listen: [{address: \"127.0.0.1:1\", tls: {}}]") ==
        "f:1:35: listen[0].tls.certificates is missing; write at least one, or leave out tls\n");
  CHECK(folder.problems("    min_version: 1.3\n") ==
        "f:3:3: listen[0].tls.certificates is missing; write at least one, or leave out tls\n");
  CHECK(folder.problems("    certificates: []\n") ==
        "f:4:19: listen[0].tls.certificates: 0 of them; write 1 to 1000\n");
  CHECK(folder.problems("    certificates: [{certificate: a.pem}]\n") ==
        "f:4:20: listen[0].tls.certificates[0].key is missing\n");
  CHECK(folder.problems("    certificates: [{key: a.key}]\n") ==
        "f:4:20: listen[0].tls.certificates[0].certificate is missing\n");
  CHECK(folder.problems("    certificates: [null]\n") ==
        "f:4:19: listen[0].tls.certificates[0]: found nothing; write a map\n");
}

TEST_CASE("what is wrong with a file is said where the file is named", "[app][tls]") {
  Folder folder;
  CHECK(folder.problems("    certificates:\n    - certificate: a.pem\n      key: b.key\n") ==
        "f:6:12: listen[0].tls.certificates[0].key: 'b.key': the key does not match the certificate in 'a.pem'\n");
  CHECK(folder.problems("    certificates:\n    - certificate: a.key\n      key: a.key\n") ==
        "f:5:20: listen[0].tls.certificates[0].certificate: 'a.key': no certificate in it; write PEM, -----BEGIN "
        "CERTIFICATE-----\n");
  CHECK(folder.problems("    certificates: [{certificate: none.pem, key: a.key}]\n") ==
        "f:4:34: listen[0].tls.certificates[0].certificate: cannot read 'none.pem': No such file or directory\n");
  CHECK(
      folder.problems("    certificates: [{certificate: a.pem, key: a.key, ocsp: a.pem}]\n") ==
      "f:4:59: listen[0].tls.certificates[0].ocsp: 'a.pem': not an OCSP response; write DER, as openssl ocsp -respout "
      "does\n");
  CHECK(folder.problems(kA + "    ticket_keys_file: a.pem\n")
            .starts_with("f:5:23: listen[0].tls.ticket_keys_file: 'a.pem': line 1 is not a ticket key"));
  CHECK(folder.problems(kA + "    client_certificates: required\n    client_ca_file: a.key\n")
            .starts_with("f:6:21: listen[0].tls.client_ca_file: 'a.key': no certificate in it"));
}

TEST_CASE("lists of ciphers and versions are checked", "[app][tls]") {
  const Folder folder;
  CHECK(folder.problems(kA + "    ciphers: ECDHE-RSA-AES128-GCM-SHA256:RC5\n")
            .starts_with("f:5:14: listen[0].tls.ciphers: no cipher of TLS 1.2: 'RC5'"));
  CHECK(folder.problems(kA + "    ciphersuites: TLS_ROT13\n")
            .starts_with("f:5:19: listen[0].tls.ciphersuites: no ciphersuite of TLS 1.3: 'TLS_ROT13'"));
  CHECK(folder.problems(kA + "    ciphers: \"a b\"\n").starts_with("f:5:14: listen[0].tls.ciphers: not a list: 'a b'"));
  CHECK(folder.problems(kA + "    min_version: 1.1\n") ==
        "f:5:18: listen[0].tls.min_version: not one of its values: '1.1'; write 1.2 or 1.3\n");
  CHECK(folder.problems(kA + "    ticket_rotation: 5s\n") ==
        "f:5:22: listen[0].tls.ticket_rotation: 5s is out of range; write 1m to 3d\n");
  CHECK(folder.problems(kA + "    versions: 1\n").starts_with("f:5:5: unknown key 'versions' in listen[0].tls; "));
  CHECK(folder.problems("    certificates: [{certificat: a.pem}]\n")
            .find("unknown key 'certificat' in listen[0].tls.certificates[0]; did you mean 'certificate'?") !=
        std::string::npos);
}

TEST_CASE("keys of TLS that contradict each other are a problem at the later one", "[app][tls]") {
  Folder folder;
  folder.files.write_text("tickets", "#\n");
  CHECK(folder.problems(kA + "    client_certificates: required\n") ==
        "f:5:26: listen[0].tls.client_ca_file is missing; listen[0].tls.client_certificates needs it\n");
  CHECK(folder.problems(kA + "    client_ca_file: a.pem\n") ==
        "f:5:21: listen[0].tls.client_ca_file is of no use, because listen[0].tls.client_certificates is off; write "
        "optional or required\n");
  CHECK(folder.problems(kA + "    ticket_rotation: 1h\n    ticket_keys_file: tickets\n")
            .starts_with("f:6:23: listen[0].tls.ticket_rotation is of no use"));
  CHECK(folder.problems(kA + "    min_version: 1.3\n    ciphers: ECDHE-RSA-AES128-GCM-SHA256\n")
            .starts_with("f:6:14: listen[0].tls.ciphers is of no use"));
}

TEST_CASE("an expired certificate is no problem of the configuration", "[app][tls]") {
  Folder folder;
  folder.files.make("a", {.valid_for = -1h});
  CHECK(folder.good(kA).certificates.size() == 1);
}

TEST_CASE("whether an address speaks TLS takes a restart to change, how it does not", "[app][tls]") {
  Folder folder;
  Config running;
  running.listen = {{"127.0.0.1:1"}, {"127.0.0.1:2"}};
  running.listen[1].tls = folder.good(kA);
  Config next = running;
  next.listen[1].tls.certificates[0].certificate = "other.pem";
  next.listen[1].tls.certificates.push_back({});
  next.listen[1].tls.min_version = net::TlsVersion::Tls13;
  next.listen[1].tls.ticket_rotation = 1h;
  CHECK(changes_needing_restart(running, next).empty());
  std::swap(next.listen[0].tls, next.listen[1].tls);
  next.listen[1].address = "127.0.0.1:3";
  next.admin.address = "127.0.0.1:4";
  CHECK(changes_needing_restart(running, next) ==
        std::vector<std::string>{"listen[1].address", "listen[0].tls", "listen[1].tls", "admin.address"});
}

TEST_CASE("the sample file shows every key of TLS with its default, in a comment", "[app][tls]") {
  Folder folder;
  std::string keys;
  bool is_inside = false;
  for (std::string line : lines_of("config/avatar-edge.yaml")) {
    is_inside = line == "    # tls:" || (is_inside && line.starts_with("    #   "));
    // What stands behind the mark is YAML, with comments of its own.
    if (is_inside && line != "    # tls:") keys += "  " + line.substr(6) + "\n";
  }
  for (const auto& [theirs, ours] : {std::pair{"certificate.pem", "a.pem"}, std::pair{"key.pem", "a.key"}}) {
    REQUIRE(keys.find(theirs) != std::string::npos);
    keys.replace(keys.find(theirs), std::string_view(theirs).size(), ours);
  }
  CAPTURE(keys);
  for (const ConfigKey& key : config_keys())
    if (key.path.starts_with("listen[].tls.")) {
      const std::string name(key.path.substr(key.path.rfind('.') + 1));
      CAPTURE(name);
      CHECK((keys.find("    " + name + ":") != std::string::npos || keys.find("- " + name + ":") != std::string::npos));
    }
  const net::TlsOptions shown = folder.good(keys), expected;
  CHECK(shown.certificates.size() == 1);
  CHECK(shown.certificates[0].ocsp == "");
  CHECK(shown.min_version == expected.min_version);
  CHECK(shown.ciphers == expected.ciphers);
  CHECK(shown.ciphersuites == expected.ciphersuites);
  CHECK(shown.client_certificates == expected.client_certificates);
  CHECK(shown.client_ca_file == expected.client_ca_file);
  CHECK(shown.ticket_keys_file == expected.ticket_keys_file);
  CHECK(shown.ticket_rotation == expected.ticket_rotation);
}
