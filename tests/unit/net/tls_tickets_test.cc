#include "net/tls_tickets.h"

#include <fstream>

#include "support/catch.h"
#include "support/tls_files.h"
#include "support/tls_pair.h"

using namespace edge;
using namespace edge::net;
using namespace edge::test;
using namespace std::chrono_literals;

namespace {

// 80 bytes of one value, in Base64.
std::string key_line(unsigned char value) {
  const std::string bytes(80, static_cast<char>(value));
  std::string line(112, '\0');
  line.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(line.data()),
                                                       reinterpret_cast<const unsigned char*>(bytes.data()), 80)));
  return line;
}

struct Node {
  explicit Node(TlsFiles& files) {
    options.certificates.push_back(files.make("node", {}));
    options.ticket_rotation = 1h;
  }
  std::shared_ptr<const TlsContext> context() const { return *make_tls_context(options, keys); }
  void pass(std::chrono::nanoseconds time) { worker.pass(time); }

  // One connection that tries to resume; the ticket that it got.
  struct Visit {
    bool resumed;
    TlsSession session;
    int tickets;
  };
  Visit visit(int version, const TlsSession& resume, std::shared_ptr<const TlsContext> of = nullptr) {
    TlsPair pair(worker, of ? of : context(), {.server_name = "a.example", .version = version, .resume = resume});
    pair.shake_hands();
    REQUIRE(pair.server.is_established());
    const bool resumed = pair.client.is_resumed();
    CHECK(pair.server.take_handshake_end() == (resumed ? HandshakeEnd::Resumed : HandshakeEnd::Full));
    CHECK_FALSE(pair.server.take_handshake_end());
    // Still of use for data, and no renegotiation of anything.
    pair.client_says("ping");
    pair.read();
    CHECK(pair.received() == "ping");
    return {resumed, pair.client.session() ? pair.client.session() : resume, pair.client.tickets()};
  }

  TlsWorker worker;
  std::shared_ptr<TlsTicketKeys> keys = std::make_shared<TlsTicketKeys>(worker.clock);
  TlsOptions options;
};

}  // namespace

TEST_CASE("a ticket of one context is good for another with the same keys", "[net][tls]") {
  TlsFiles files;
  Node node(files);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto first = node.visit(version, nullptr);
  CHECK_FALSE(first.resumed);
  CHECK(first.tickets == 1);
  // Another context, as after a reload, that other workers have too.
  const auto second = node.visit(version, first.session);
  CHECK(second.resumed);
  // One of TLS 1.3 should be used once.
  CHECK(second.tickets == (version == TLS1_3_VERSION ? 1 : 0));
  CHECK(node.visit(version, second.session).resumed);
}

TEST_CASE("a ticket is good whichever certificate the name has chosen", "[net][tls]") {
  TlsFiles files;
  Node node(files);
  node.options.certificates.insert(node.options.certificates.begin(), files.make("first", {.names = {"b.example"}}));
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto first = node.visit(version, nullptr);
  CHECK(node.visit(version, first.session).resumed);
}

TEST_CASE("a ticket of keys that nobody has leads to a full handshake", "[net][tls]") {
  TlsFiles files;
  Node node(files);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto first = node.visit(version, nullptr);
  node.keys = std::make_shared<TlsTicketKeys>(node.worker.clock);
  const auto second = node.visit(version, first.session);
  CHECK_FALSE(second.resumed);
  CHECK(second.tickets == 1);
}

TEST_CASE("keys rotate: the one before still decrypts and is replaced, older ones do not", "[net][tls]") {
  TlsFiles files;
  Node node(files);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto first = node.visit(version, nullptr);
  node.pass(59min);
  CHECK(node.visit(version, first.session).resumed);
  node.pass(2min);
  const auto renewed = node.visit(version, first.session);
  CHECK(renewed.resumed);
  CHECK(renewed.tickets == 1);
  node.pass(1h);
  CHECK_FALSE(node.visit(version, first.session).resumed);
  CHECK(node.visit(version, renewed.session).resumed);
}

TEST_CASE("keys that nobody asked for over two rotations are gone", "[net][tls]") {
  TlsFiles files;
  Node node(files);
  const auto first = node.visit(TLS1_3_VERSION, nullptr);
  node.pass(121min);
  CHECK_FALSE(node.visit(TLS1_3_VERSION, first.session).resumed);
}

TEST_CASE("keys that another process made up are good here, and rotate when they would have there", "[net][tls]") {
  TlsFiles files;
  Node before(files), after(files);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto oldest = before.visit(version, nullptr);
  before.pass(61min);
  const auto first = before.visit(version, nullptr);
  before.pass(50min);
  after.keys->take(before.keys->made_up());
  CHECK(after.visit(version, oldest.session).resumed);
  CHECK(after.visit(version, first.session).resumed);
  after.pass(11min);
  CHECK_FALSE(after.visit(version, oldest.session).resumed);
  CHECK(after.visit(version, first.session).resumed);
  after.pass(1h);
  CHECK_FALSE(after.visit(version, first.session).resumed);
}

TEST_CASE("keys are made up before they are handed over, so that both processes have the same", "[net][tls]") {
  TlsFiles files;
  Node before(files), after(files);
  after.keys->take(before.keys->made_up());
  const auto first = before.visit(TLS1_3_VERSION, nullptr);
  CHECK(after.visit(TLS1_3_VERSION, first.session).resumed);
}

TEST_CASE("nodes with one file of keys resume each other's sessions, by its old keys too", "[net][tls]") {
  TlsFiles files;
  Node node(files), other(files);
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  node.options.ticket_keys_file = files.write_text("keys", "# Monday\n" + key_line(1) + "\n");
  other.options.ticket_keys_file = files.write_text("keys2", key_line(2) + "\r\n\n  # Monday's\n" + key_line(1) + "\n");
  const auto first = node.visit(version, nullptr);
  const auto second = other.visit(version, first.session);
  CHECK(second.resumed);
  CHECK(second.tickets == 1);  // By its own first key.
  CHECK_FALSE(node.visit(version, second.session).resumed);
}

TEST_CASE("a ticket that was tampered with leads to a full handshake", "[net][tls]") {
  TlsFiles files;
  Node node(files), other(files);
  // The same name of a key, other bytes: the MAC does not match.
  std::string bytes(80, '\1');
  node.options.ticket_keys_file = files.write_text("keys", key_line(1));
  const auto first = node.visit(TLS1_3_VERSION, nullptr);
  std::string line(112, '\0');
  for (std::size_t i = 16; i < 80; ++i) bytes[i] = '\2';
  line.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(line.data()),
                                                       reinterpret_cast<const unsigned char*>(bytes.data()), 80)));
  other.options.ticket_keys_file = files.write_text("keys2", line);
  CHECK_FALSE(other.visit(TLS1_3_VERSION, first.session).resumed);
}

TEST_CASE("a file of ticket keys has one a line", "[net][tls]") {
  const auto keys = parse_ticket_keys("# two of them\n" + key_line(7) + "\n\n" + key_line(9));
  REQUIRE(keys);
  REQUIRE(keys->size() == 2);
  CHECK((*keys)[0].name[0] == 7);
  CHECK((*keys)[1].cipher[31] == 9);
  const auto wrong = [](const std::string& text) {
    const auto parsed = parse_ticket_keys(text);
    return parsed ? std::string("fine") : parsed.error().message;
  };
  CHECK(wrong(key_line(1) + "\nAAAA\n").starts_with("line 2 "));
  CHECK(wrong(key_line(1).substr(0, 107) + "\n").starts_with("line 1 "));
  CHECK(wrong(key_line(1).substr(0, 106) + "==\n").starts_with("line 1 "));
  CHECK(wrong("*" + key_line(1).substr(1)).starts_with("line 1 "));
  CHECK(wrong("# none\n").starts_with("no ticket key"));
  CHECK(wrong("").starts_with("no ticket key"));
  std::string many;
  for (unsigned char i = 0; i < 17; ++i) many += key_line(i) + "\n";
  CHECK(wrong(many).starts_with("17 ticket keys"));
}
