// Who may reach the admin port.
#include <filesystem>

#include "app/config.h"
#include "app/config_changes.h"
#include "support/catch.h"
#include "support/tls_files.h"
#include "unit/app/config_problems.h"

using namespace edge;
using namespace edge::app;
using namespace edge::test;

namespace {

struct Folder {
  TlsFiles files;

  Folder() {
    files.make("a", {});
    files.make("b", {});
    files.write_text("token", "0123456789abcdef");
    std::filesystem::permissions(files.path("token"), std::filesystem::perms::owner_all);
  }
  // Of what the section says.
  std::string problems(const std::string& keys) const { return app::problems("admin: {" + keys + "}", files.path("")); }
  AdminOptions good(const std::string& keys) const { return app::good("admin: {" + keys + "}", files.path("")).admin; }
};

const std::string kTls = "tls: {certificate: a.pem, key: a.key}";
const std::string kUnix = "address: \"unix:/run/x.sock\"";

}  // namespace

TEST_CASE("an admin port that is a UNIX socket needs no token, because its file's permissions guard it",
          "[app][admin]") {
  const Folder folder;
  const AdminOptions admin = folder.good(kUnix);
  CHECK(admin.is_unix());
  CHECK(admin.socket_mode == "0660");
  CHECK(folder.good(kUnix + ", socket_mode: \"0600\"").socket_mode == "0600");
  CHECK(folder.good(kUnix + ", token_file: token").token == "0123456789abcdef");
}

TEST_CASE("a UNIX socket that everybody may write to needs a token", "[app][admin]") {
  const Folder folder;
  CHECK(folder.problems(kUnix + ", socket_mode: \"0666\"") ==
        "f:1:51: admin.token_file is missing; with admin.socket_mode (0666) everybody may connect, so requests need a "
        "token\n");
  CHECK(folder.good(kUnix + ", socket_mode: \"0666\", token_file: token").token.size() == 16);
  CHECK(folder.good(kUnix + ", socket_mode: \"0664\"").token.empty());  // To read alone is not to connect.
}

TEST_CASE("path and permissions of a UNIX socket are checked", "[app][admin]") {
  const Folder folder;
  CHECK(folder.problems("address: \"unix:run/x\"").starts_with("f:1:18: admin.address: not the path of a UNIX socket"));
  CHECK(folder.problems("address: \"unix:/" + std::string(200, 'x') + "\"").find("has room for 107") !=
        std::string::npos);
  for (const char* wrong : {"660x", "0680", "0060", "1660", "06600", "rw-rw----", "06"}) {
    CAPTURE(wrong);
    CHECK(folder.problems(kUnix + ", socket_mode: \"" + wrong + "\"")
              .starts_with("f:1:51: admin.socket_mode: not permissions of a socket: '"));
  }
  CHECK(problems("listen: [{address: \"unix:/run/x.sock\"}]").starts_with("f:1:20: listen[0].address: not a"));
}

TEST_CASE("what a UNIX socket cannot use, and what only it can, is a contradiction", "[app][admin]") {
  const Folder folder;
  CHECK(folder.problems(kUnix + ", " + kTls)
            .find("admin.tls is of no use, because admin.address (unix:/run/x.sock) is a UNIX socket") !=
        std::string::npos);
  CHECK(folder.problems("socket_mode: \"0600\"") ==
        "f:1:22: admin.socket_mode is of no use, because admin.address (127.0.0.1:9180) is no UNIX socket\n");
}

TEST_CASE("an admin port that others can reach does with clients' certificates instead of a token", "[app][admin]") {
  const Folder folder;
  const std::string open = "address: 0.0.0.0:9180, tls: {certificate: a.pem, key: a.key";
  CHECK(folder.problems(open + "}").find("admin.token_file is missing") != std::string::npos);
  const AdminOptions admin = folder.good(open + ", client_ca_file: b.pem}");
  const ListenOptions listener = admin.listener();
  CHECK(listener.address == "0.0.0.0:9180");
  REQUIRE(listener.tls.certificates.size() == 1);
  CHECK(listener.tls.client_certificates == net::ClientCertificates::Required);
  CHECK(folder.good(open + "}, token_file: token").listener().tls.client_certificates == net::ClientCertificates::Off);
  CHECK_FALSE(folder.good("token_file: null").listener().has_tls());
}

TEST_CASE("the files of the admin port's TLS are read, and what is wrong is told where they are named",
          "[app][admin]") {
  const Folder folder;
  CHECK(folder.problems("tls: {certificate: a.pem}") ==
        "f:1:28: admin.tls.key is missing; admin.tls.certificate needs it\n");
  CHECK(folder.problems("tls: {key: a.key}").find("admin.tls.certificate is missing; admin.tls.key needs it") !=
        std::string::npos);
  CHECK(folder.problems("tls: {certificate: a.pem, key: b.key}") ==
        "f:1:40: admin.tls.key: 'b.key': the key does not match the certificate in 'a.pem'\n");
  CHECK(folder.problems("tls: {certificate: a.pem, key: a.key, client_ca_file: a.key}")
            .starts_with("f:1:63: admin.tls.client_ca_file: 'a.key': no certificate in it"));
  CHECK(folder.problems("tls: {client_ca_file: a.pem}") ==
        "f:1:31: admin.tls.client_ca_file is of no use without admin.tls.certificate\n");
}

TEST_CASE("what commands show and believe is of use with TLS alone", "[app][admin]") {
  const Folder folder;
  CHECK(folder.problems("client: {certificate: a.pem, key: a.key}").find("admin.client.certificate is of no use") !=
        std::string::npos);
  CHECK(folder.problems("client: {ca_file: a.pem}").find("admin.client.ca_file is of no use") != std::string::npos);
  CHECK(folder.problems(kTls + ", client: {certificate: a.pem}").find("admin.client.key is missing") !=
        std::string::npos);
  CHECK(folder.problems(kTls + ", client: {server_name: \"a/b\"}").find("admin.client.server_name: not a host name") !=
        std::string::npos);
  const AdminOptions admin = folder.good(kTls + ", client: {certificate: b.pem, key: b.key, server_name: a.example}");
  CHECK(admin.client.key == folder.files.path("b.key"));
  CHECK(admin.client.server_name == "a.example");
}

TEST_CASE("whether the admin port speaks TLS, and its permissions, take a restart to change", "[app][admin]") {
  const Folder folder;
  Config running;
  Config next;
  next.admin = folder.good(kTls);
  next.admin.socket_mode = "0600";
  CHECK(changes_needing_restart(running, next) == std::vector<std::string>{"admin.socket_mode", "admin.tls"});
  running = next;
  next.admin.tls.certificate = next.admin.tls.key = next.admin.tls.client_ca_file = "other";
  CHECK(changes_needing_restart(running, next).empty());
}
