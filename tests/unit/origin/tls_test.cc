// TLS to the origin, against a server of OpenSSL's own.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using http::ProxyError;

namespace {

// A directory with a fresh self-signed certificate for 127.0.0.1, served over TLS as files.
class TlsServer {
 public:
  TlsServer() {
    char pattern[] = "/tmp/edge-tls-XXXXXX";
    directory_ = mkdtemp(pattern);
    const std::string make_certificate =
        "cd " + directory_ +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key.pem"
        " -out cert.pem -subj /CN=origin -addext subjectAltName=IP:127.0.0.1 2>/dev/null";
    REQUIRE(std::system(make_certificate.c_str()) == 0);
    std::ofstream(directory_ + "/hello.txt") << "hello";
    // `exec`, so that the process to end is the server itself.
    int out[2];
    REQUIRE(pipe(out) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      if (chdir(directory_.c_str()) == 0)
        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem",
               "-WWW", static_cast<char*>(nullptr));
      _exit(1);
    }
    close(out[1]);
    std::string line;
    for (char c; read(out[0], &c, 1) == 1 && !(c == '\n' && line.starts_with("ACCEPT"));)
      c == '\n' ? line.clear() : line.push_back(c);
    output_ = out[0];
    REQUIRE(line.starts_with("ACCEPT"));
    port_ = line.substr(line.rfind(':') + 1);
  }
  ~TlsServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(output_);
    std::filesystem::remove_all(directory_);
  }

  std::string url() const { return "https://127.0.0.1:" + port_; }
  std::string certificate() const { return directory_ + "/cert.pem"; }

 private:
  std::string directory_;
  std::string port_;
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace

TEST_CASE("an origin's certificate must be one that is trusted, unless told otherwise", "[origin][tls]") {
  TlsServer server;
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  SECTION("unknown") {
    fetch.start({.method = "POST", .target = "/hello.txt"}).finish();
    REQUIRE(fetch.error);
    CHECK(fetch.error->error == ProxyError::TlsCertificateError);
    CHECK_FALSE(fetch.error->may_have_arrived);
  }
  SECTION("named by ca_file") {
    worker.options.ca_file = server.certificate();
    fetch.get("/hello.txt").finish();
    CHECK(fetch.body == "hello");
  }
  SECTION("not verified") {
    worker.options.verify_tls = false;
    fetch.get("/hello.txt").finish();
    CHECK(fetch.body == "hello");
  }
}
