#include "net/tls_context.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

#include "support/catch.h"
#include "support/tls_files.h"
#include "support/tls_pair.h"

using namespace edge;
using namespace edge::net;
using namespace edge::test;
using namespace std::chrono_literals;

namespace {

// A site with certificates to choose from.
struct Site {
  TlsFiles files;
  TlsWorker worker;
  std::shared_ptr<TlsTicketKeys> keys = std::make_shared<TlsTicketKeys>(worker.clock);
  TlsOptions options;

  void add(const std::string& name, std::vector<std::string> names, TlsFiles::Kind kind = TlsFiles::Kind::Ec) {
    options.certificates.push_back(files.make(name, {.names = std::move(names), .kind = kind, .common_name = name}));
  }
  std::shared_ptr<const TlsContext> context() const {
    const auto made = make_tls_context(options, keys);
    if (!made) FAIL(made.error().message);
    return *made;
  }
  // Who answers.
  std::string answers(const TlsClientOptions& client) {
    TlsPair pair(worker, context(), client);
    pair.shake_hands();
    return pair.server.is_established() ? pair.client.server() : "nobody: " + pair.client.failure();
  }
  // What is wrong: "At item: text" of each fault.
  std::vector<TlsFault> faults() const {
    LoadedTls loaded = load_tls(options, keys);
    CHECK((loaded.context == nullptr) == !loaded.faults.empty());
    return loaded.faults;
  }
};

std::string content(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool says(const std::vector<TlsFault>& faults, TlsFault::At at, std::size_t item, std::string_view text) {
  return std::ranges::any_of(faults, [&](const TlsFault& fault) {
    return fault.at == at && fault.item == item && fault.text.find(text) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("the server name chooses the certificate: exact, then wildcard, then the first", "[net][tls]") {
  Site site;
  site.add("first", {"first.example"});
  site.add("exact", {"pics.b.example", "b.example"});
  site.add("wild", {"*.b.example"});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto asked = [&](const std::string& name) { return site.answers({.server_name = name, .version = version}); };
  CHECK(asked("pics.b.example") == "exact");
  CHECK(asked("b.example") == "exact");
  CHECK(asked("other.b.example") == "wild");
  CHECK(asked("OTHER.B.Example") == "wild");
  CHECK(asked("PICS.b.example") == "exact");
  CHECK(asked("deep.other.b.example") == "first");  // A wildcard is one label.
  CHECK(asked("elsewhere.example") == "first");
  CHECK(asked("") == "first");
}

TEST_CASE("a certificate without alternatives has its common name", "[net][tls]") {
  Site site;
  site.add("first", {"first.example"});
  site.add("old.example", {});
  CHECK(site.answers({.server_name = "old.example"}) == "old.example");
}

TEST_CASE("of certificates for one name, the client's signatures choose", "[net][tls]") {
  Site site;
  site.add("first", {"first.example"});
  site.add("ec", {"a.example"}, TlsFiles::Kind::Ec);
  site.add("rsa", {"a.example", "b.example"}, TlsFiles::Kind::Rsa);
  CHECK(site.answers({.server_name = "a.example", .signatures = "ECDSA+SHA256"}) == "ec");
  CHECK(site.answers({.server_name = "a.example", .signatures = "RSA-PSS+SHA256"}) == "rsa");
  CHECK(site.answers({.server_name = "a.example", .version = TLS1_2_VERSION, .signatures = "RSA+SHA256"}) == "rsa");
  CHECK(site.answers({.server_name = "b.example", .signatures = "ECDSA+SHA256"}).starts_with("nobody"));
}

TEST_CASE("a wildcard certificate of another kind stands in for an exact one", "[net][tls]") {
  Site site;
  site.add("ec", {"a.example"}, TlsFiles::Kind::Ec);
  site.add("rsa", {"*.example"}, TlsFiles::Kind::Rsa);
  CHECK(site.answers({.server_name = "a.example"}) == "ec");
  CHECK(site.answers({.server_name = "a.example", .signatures = "RSA-PSS+SHA256"}) == "rsa");
  CHECK(site.answers({.signatures = "RSA-PSS+SHA256"}) == "rsa");
}

TEST_CASE("versions below the lowest allowed are refused", "[net][tls]") {
  Site site;
  site.add("first", {"a.example"});
  CHECK(site.answers({.version = TLS1_2_VERSION}) == "first");
  CHECK(site.answers({.version = TLS1_1_VERSION}).starts_with("nobody"));
  site.options.min_version = TlsVersion::Tls13;
  CHECK(site.answers({.version = TLS1_2_VERSION}).starts_with("nobody"));
  CHECK(site.answers({.version = TLS1_3_VERSION}) == "first");
}

TEST_CASE("both sides agree on HTTP/2 before HTTP/1.1, or on nothing (RFC 7301)", "[net][tls]") {
  Site site;
  site.add("first", {"a.example"});
  const auto agreed = [&](const std::string& alpn) {
    TlsPair pair(site.worker, site.context(), {.alpn = alpn});
    pair.shake_hands();
    CHECK((pair.server.alpn() == Alpn::Http2) == (pair.client.alpn() == "h2"));
    CHECK((pair.server.alpn() == Alpn::Http1) == (pair.client.alpn() == "http/1.1"));
    return pair.client.failure().empty() ? pair.client.alpn() : pair.client.failure();
  };
  CHECK(agreed("\x08http/1.1\x02h2") == "h2");
  CHECK(agreed("\x08http/1.1") == "http/1.1");
  CHECK(agreed("") == "");
  CHECK(agreed("\x02h3").ends_with("no application protocol"));
  site.options.http2 = false;
  CHECK(agreed("\x02h2\x08http/1.1") == "http/1.1");
  CHECK(agreed("\x02h2").ends_with("no application protocol"));
}

TEST_CASE("an OCSP response is stapled for who asks, while it says anything", "[net][tls]") {
  Site site;
  site.files.make("ca", {.is_authority = true});
  auto files = site.files.make("leaf", {.issuer = "ca"});
  files.ocsp = site.files.make_ocsp("leaf", "ca", 1h);
  site.options.certificates = {files};
  const auto staple = [&](bool asks) {
    TlsPair pair(site.worker, site.context(), {.asks_for_staple = asks});
    pair.shake_hands();
    CHECK(pair.server.is_established());
    return pair.client.staple();
  };
  CHECK(staple(true) == content(files.ocsp));
  CHECK(staple(false).empty());
  site.files.make_ocsp("leaf", "ca", -60s);
  CHECK(staple(true).empty());
}

TEST_CASE("an OCSP response about another certificate is a fault", "[net][tls]") {
  Site site;
  site.files.make("ca", {.is_authority = true});
  site.files.make("other", {.issuer = "ca"});
  auto files = site.files.make("leaf", {.issuer = "ca"});
  files.ocsp = site.files.make_ocsp("other", "ca", 1h);
  site.options.certificates = {files};
  CHECK(says(site.faults(), TlsFault::At::Ocsp, 0, "about another certificate"));
  site.options.certificates[0].ocsp = files.certificate;
  CHECK(says(site.faults(), TlsFault::At::Ocsp, 0, "not an OCSP response"));
}

TEST_CASE("clients' certificates are verified where they are asked for", "[net][tls]") {
  Site site;
  site.add("first", {"a.example"});
  site.files.make("ca", {.common_name = "ca", .is_authority = true});
  site.options.client_ca_file = site.files.path("ca.pem");
  const auto good = site.files.make("good", {.issuer = "ca"});
  const auto expired = site.files.make("expired", {.valid_for = -60s, .issuer = "ca"});
  const auto foreign = site.files.make("foreign", {});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto is_let_in = [&](const TlsCertificateFiles& own) {
    TlsPair pair(site.worker, site.context(), {.version = version, .certificate = own});
    pair.shake_hands();
    return pair.server.is_established();
  };
  site.options.client_certificates = ClientCertificates::Off;
  CHECK(is_let_in({}));
  CHECK(is_let_in(foreign));  // Not even asked for.
  site.options.client_certificates = ClientCertificates::Optional;
  CHECK(is_let_in({}));
  CHECK(is_let_in(good));
  CHECK_FALSE(is_let_in(foreign));
  CHECK_FALSE(is_let_in(expired));
  site.options.client_certificates = ClientCertificates::Required;
  CHECK_FALSE(is_let_in({}));
  CHECK(is_let_in(good));
  CHECK_FALSE(is_let_in(foreign));
}

TEST_CASE("a stream says whose certificate the other side has shown", "[net][tls]") {
  Site site;
  site.add("first", {"a.example"});
  site.files.make("ca", {.common_name = "ca", .is_authority = true});
  site.options.client_ca_file = site.files.path("ca.pem");
  site.options.client_certificates = ClientCertificates::Optional;
  // What parts names from each other does not pass for a part of another.
  const auto ann = site.files.make("ann", {.common_name = "ann, O=Other\n", .issuer = "ca"});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsPair shown(site.worker, site.context(), {.version = version, .certificate = ann});
  shown.shake_hands();
  CHECK(shown.server.peer_subject() == "CN=ann\\, O=Other\\0A");
  TlsPair silent(site.worker, site.context(), {.version = version});
  silent.shake_hands();
  CHECK(silent.server.peer_subject().empty());
}

TEST_CASE("a ticket never spares a client the verification of its certificate", "[net][tls]") {
  Site site;
  site.add("first", {"a.example"});
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsPair before(site.worker, site.context(), {.version = version});
  before.shake_hands();
  REQUIRE(before.client.session());

  site.files.make("ca", {.common_name = "ca", .is_authority = true});
  site.options.client_ca_file = site.files.path("ca.pem");
  site.options.client_certificates = ClientCertificates::Required;
  TlsPair without(site.worker, site.context(), {.version = version, .resume = before.client.session()});
  without.shake_hands();
  CHECK_FALSE(without.server.is_established());
  const auto good = site.files.make("good", {.issuer = "ca"});
  TlsPair with(site.worker, site.context(),
               {.version = version, .certificate = good, .resume = before.client.session()});
  with.shake_hands();
  CHECK(with.server.is_established());
  CHECK_FALSE(with.client.is_resumed());
  CHECK(with.client.tickets() == 0);
}

TEST_CASE("faults name the file and what is wrong with it", "[net][tls]") {
  Site site;
  using At = TlsFault::At;
  CHECK(says(site.faults(), At::Certificates, 0, "no certificates"));
  site.add("good", {"a.example"});
  site.add("other", {"b.example"});
  CHECK(site.faults().empty());
  auto& second = site.options.certificates[1];

  second.key = site.files.path("good.key");
  CHECK(says(site.faults(), At::Key, 1, "good.key': the key does not match the certificate in"));
  second.key = site.files.path("none.key");
  CHECK(says(site.faults(), At::Key, 1, "none.key': No such file"));
  second.key = second.certificate;
  CHECK(says(site.faults(), At::Key, 1, "no private key in it"));
  second.key = site.files.write_text("secret.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n");
  CHECK(says(site.faults(), At::Key, 1, "passphrase"));
  second.key = site.files.path("other.key");
  second.certificate = second.key;
  CHECK(says(site.faults(), At::Certificate, 1, "other.key': no certificate in it"));
  second.certificate =
      site.files.write_text("torn.pem", content(site.files.path("other.pem")) + "-----BEGIN CERTIFICATE-----\nAAAA\n");
  CHECK(says(site.faults(), At::Certificate, 1, "damaged"));
  second.certificate = site.files.path("other.pem");

  site.options.ciphers = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA265";
  site.options.ciphersuites = "TLS_AES_128_GCM_SHA256:TLS_AES_512_GCM_SHA256";
  site.options.ticket_keys_file = site.files.write_text("tickets", "nonsense\n");
  site.options.client_certificates = ClientCertificates::Required;
  site.options.client_ca_file = site.files.path("good.key");
  const auto all = site.faults();
  CHECK(all.size() == 4);
  CHECK(says(all, At::Ciphers, 0, "ECDHE-RSA-AES128-GCM-SHA265"));
  CHECK(says(all, At::Ciphersuites, 0, "TLS_AES_512_GCM_SHA256"));
  CHECK(says(all, At::TicketKeys, 0, "tickets': line 1 "));
  CHECK(says(all, At::ClientCa, 0, "good.key': no certificate in it"));
}

TEST_CASE("cipher lists may have OpenSSL's keywords", "[net][tls]") {
  Site site;
  site.add("first", {"a.example"});
  site.options.ciphers = "ECDHE+AESGCM:!AES256:@STRENGTH";
  CHECK(site.faults().empty());
  site.options.ciphers = "";
  CHECK(says(site.faults(), TlsFault::At::Ciphers, 0, "no cipher"));
  site.options.ciphers = TlsOptions{}.ciphers;
  site.options.ciphersuites = "";
  CHECK(says(site.faults(), TlsFault::At::Ciphersuites, 0, "no ciphersuite"));
}

TEST_CASE("workers share a context and its ticket keys", "[net][tls]") {
  Site site;
  site.add("first", {"first.example"});
  site.add("ec", {"a.example"}, TlsFiles::Kind::Ec);
  site.add("rsa", {"a.example"}, TlsFiles::Kind::Rsa);
  site.options.ticket_rotation = 20ms;  // So it happens in the middle; 60 visits take 30 ms.
  const auto context = site.context();
  std::atomic<int> answered{0}, resumed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      TlsWorker own;
      TlsSession session;
      for (int visit = 0; visit < 20; ++visit) {
        TlsPair pair(own, context, {.server_name = "a.example", .resume = session});
        pair.shake_hands();
        answered += pair.client.server() == "ec";
        resumed += pair.client.is_resumed();
        session = pair.client.session();
        site.worker.clock.advance(500us);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(answered == 60);
  CHECK(resumed == 57);
}

TEST_CASE("an expired certificate is used, and its time is known", "[net][tls]") {
  Site site;
  site.options.certificates.push_back(site.files.make("old", {.common_name = "old", .valid_for = -1h}));
  CHECK(site.answers({}) == "old");
  const auto context = site.context();
  REQUIRE(context->expiries().size() == 1);
  CHECK(context->expiries()[0].file == site.files.path("old.pem"));
  const auto since = std::chrono::system_clock::now() - context->expiries()[0].not_after;
  CHECK(since > 59min);
  CHECK(since < 61min);
}
