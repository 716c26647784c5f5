#include "net/stream.h"

#include <numeric>

#include "support/catch.h"
#include "support/tls_files.h"
#include "support/tls_pair.h"

using namespace edge;
using namespace edge::net;
using namespace edge::test;
using namespace std::chrono_literals;

namespace {

// A connection, its hands shaken.
struct Connected {
  explicit Connected(const TlsClientOptions& client = {}) : pair(worker, make(), client) {
    pair.shake_hands();
    REQUIRE(pair.server.is_established());
  }
  std::shared_ptr<const TlsContext> make() {
    TlsOptions options;
    options.certificates.push_back(files.make("node", {}));
    const auto context = make_tls_context(options, std::make_shared<TlsTicketKeys>(worker.clock));
    REQUIRE(context);
    return *context;
  }
  // Writes until the socket takes no more; what was taken in all.
  std::size_t fill(const std::string& much) {
    std::size_t taken = 0;
    for (IoResult result = pair.write({much}); result.state == IoResult::Ok; result = pair.write({much}))
      taken += result.bytes;
    return taken;
  }

  TlsFiles files;
  TlsWorker worker;
  TlsPair pair;
};

// Lengths of the records in what went over the wire.
std::vector<std::size_t> records(std::string_view wire) {
  std::vector<std::size_t> lengths;
  while (wire.size() >= 5) {
    const std::size_t length = static_cast<unsigned char>(wire[3]) * 256u + static_cast<unsigned char>(wire[4]);
    lengths.push_back(length);
    wire.remove_prefix(std::min(5 + length, wire.size()));
  }
  return lengths;
}

constexpr std::size_t kOverhead = 17;  // Of a record of TLS 1.3, beyond its five bytes of header.

}  // namespace

TEST_CASE("a stream in the clear is its socket", "[net]") {
  TlsWorker worker;
  TlsPair pair(worker, nullptr);
  CHECK(pair.server.is_established());
  CHECK(pair.server.alpn() == Alpn::None);
  CHECK_FALSE(pair.server.take_handshake_end());
  pair.send("in");
  CHECK(pair.read().bytes == 2);
  CHECK(pair.received() == "in");
  CHECK(pair.write({"o", "ut"}).bytes == 3);
  CHECK_FALSE(pair.server.has_unsent());
  CHECK(pair.receive() == "out");
  pair.client_leaves();
  CHECK(pair.read().state == IoResult::EndOfFile);
}

TEST_CASE("bytes come through TLS as they were", "[net][tls]") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Connected here({.version = version});
  CHECK(SSL_version(here.pair.client.ssl()) == version);
  here.pair.client_says("hello");
  CHECK(here.pair.read().bytes == 5);
  CHECK(here.pair.received() == "hello");
  CHECK(here.pair.read().state == IoResult::WouldBlock);
  CHECK(here.pair.write({"a", "", "bcd"}).bytes == 4);
  CHECK(here.pair.client_hears() == "abcd");
}

TEST_CASE("a request that comes with the end of the handshake is read at once", "[net][tls]") {
  Connected here;
  TlsPair pair(here.worker, here.make());
  pair.client.shake_hands();
  pair.send(pair.client.take());
  CHECK(pair.read().state == IoResult::WouldBlock);
  CHECK_FALSE(pair.server.is_established());
  pair.client.give(pair.receive());
  CHECK(pair.client.shake_hands());
  pair.client.write("GET");
  pair.send(pair.client.take());
  CHECK(pair.read().state == IoResult::Ok);
  CHECK(pair.server.is_established());
  CHECK(pair.received() == "GET");
}

TEST_CASE("a client may send one byte at a time", "[net][tls]") {
  Connected here;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsPair pair(here.worker, here.make(), {.version = version});
  const auto drip = [&] {
    for (const char byte : pair.client.take()) {
      pair.send({&byte, 1});
      REQUIRE(pair.read().state != IoResult::Broken);
      pair.client.give(pair.receive());
    }
  };
  for (int turn = 0; turn < 10; ++turn) {
    pair.client.shake_hands();
    drip();
  }
  REQUIRE(pair.server.is_established());
  pair.client.write("drop by drop");
  drip();
  CHECK(pair.received() == "drop by drop");
}

TEST_CASE("nothing that was received stays behind, whatever the sizes of records", "[net][tls]") {
  Connected here;
  std::string sent;
  std::string wire;
  // As much as the socket holds, so that calls end within records.
  for (std::size_t i = 1; i < 12; ++i) {
    std::string piece(i * 1'501, static_cast<char>('a' + i));
    here.pair.client.write(piece);
    wire += here.pair.client.take();
    sent += piece;
  }
  while (!wire.empty()) {
    const std::size_t some = std::min<std::size_t>(wire.size(), 52'001);
    here.pair.send(wire.substr(0, some));
    wire.erase(0, some);
    while (here.pair.read().state == IoResult::Ok) {
    }
  }
  CHECK(here.pair.received() == sent);
}

TEST_CASE("a head and its body share a record", "[net][tls]") {
  Connected here;
  const std::string head(300, 'h'), body(4'096, 'b');
  here.pair.write({head, body});
  CHECK(records(here.pair.receive()) == std::vector<std::size_t>{4'396 + kOverhead});
}

TEST_CASE("a long write begins with small records, until the network has warmed up", "[net][tls]") {
  Connected here;
  const std::string much(40'000, 'x');
  CHECK(here.pair.write({much}).bytes == much.size());
  auto lengths = records(here.pair.receive());
  REQUIRE(lengths.size() == 8 + 2);
  for (std::size_t i = 0; i < 8; ++i) CHECK(lengths[i] == 1'300 + kOverhead);
  CHECK(lengths[8] == 16'384 + kOverhead);
  // Warm now, and for as long as it is used.
  here.worker.pass(900ms);
  here.pair.write({much});
  here.worker.pass(900ms);
  CHECK(records(here.pair.receive()).front() == 16'384 + kOverhead);
  here.pair.write({much});
  CHECK(records(here.pair.receive()).front() == 16'384 + kOverhead);
  here.worker.pass(1'001ms);
  here.pair.write({much});
  CHECK(records(here.pair.receive()).front() == 1'300 + kOverhead);
}

TEST_CASE("short writes are one record from the start, and warm the network up as well", "[net][tls]") {
  Connected here;
  const std::string avatar(8'192, 'x'), picture(40'000, 'y');
  here.pair.write({avatar});
  CHECK(records(here.pair.receive()) == std::vector<std::size_t>{8'192 + kOverhead});
  here.pair.write({avatar});
  here.pair.receive();
  here.pair.write({picture});
  CHECK(records(here.pair.receive()).front() == 16'384 + kOverhead);
}

TEST_CASE("a client that takes nothing is waited for, and what was taken arrives later", "[net][tls]") {
  Connected here;
  // A socket that takes a part of what it is given.
  const int bytes = 16 * 1024;
  REQUIRE(setsockopt(here.pair.server.fd(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0);
  std::string much(100'000, '\0');
  std::iota(much.begin(), much.end(), '\0');
  const std::size_t taken = here.fill(much);
  CHECK(taken < 100'000);
  CHECK(here.pair.server.has_unsent());
  CHECK(here.pair.write({much}).state == IoResult::WouldBlock);
  CHECK(here.pair.write({}).state == IoResult::WouldBlock);

  std::string heard;
  int sends = 0;
  for (; here.pair.server.has_unsent() && sends < 1'000; ++sends) {
    heard += here.pair.client_hears(5'000);
    here.pair.write({});
  }
  CHECK(sends > 2);  // Bit by bit.
  heard += here.pair.client_hears();
  REQUIRE(heard.size() == taken);
  // Each write took the first 64 KiB.
  for (std::size_t i = 0; i < heard.size(); i += 65'536) CHECK(heard.substr(i, 65'536) == much.substr(0, 65'536));
  CHECK(here.pair.write({"more"}).bytes == 4);
  CHECK(here.pair.client_hears() == "more");
}

TEST_CASE("who has taken much without a pause is given more at once, until it lets something wait", "[net][tls]") {
  Connected here;
  const std::string much(200'000, 'x');
  const auto write = [&] {
    const std::size_t expected = here.pair.server.write_bytes_max();
    const IoResult result = here.pair.write({much});
    CHECK(result.bytes == expected);
    return result.bytes;
  };
  const auto hear = [&] {
    while (here.pair.server.has_unsent()) {
      here.pair.client_hears();
      here.pair.write({});
    }
    here.pair.client_hears();
  };
  for (int i = 0; i < 8; ++i) {
    CHECK(write() == 64 * 1024);
    hear();
  }
  CHECK(write() == 128 * 1024);
  REQUIRE_FALSE(here.pair.server.has_unsent());
  // Nobody takes that.
  while (!here.pair.server.has_unsent()) write();
  hear();
  CHECK(write() == 64 * 1024);
}

TEST_CASE("a client can ask while it takes nothing", "[net][tls]") {
  Connected here;
  here.fill(std::string(100'000, 'x'));
  here.pair.client_says("still there?");
  CHECK(here.pair.read().state == IoResult::Ok);
  CHECK(here.pair.received() == "still there?");
}

TEST_CASE("a client that makes TLS answer for ever and takes nothing is cut off", "[net][tls]") {
  Connected here;
  here.fill(std::string(100'000, 'x'));
  IoResult last;
  int asked = 0;
  for (; last.state != IoResult::Broken && asked < 100'000; ++asked) {
    SSL_key_update(here.pair.client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    here.pair.client_says("x");
    last = here.pair.read();
  }
  CHECK(last.state == IoResult::Broken);
  CHECK(here.pair.write({"x"}).state == IoResult::Broken);
}

TEST_CASE("ending the writing says close_notify, and reading goes on", "[net][tls]") {
  Connected here;
  here.pair.write({"last words"});
  here.pair.server.shutdown_writes();
  CHECK(here.pair.client_hears() == "last words");
  CHECK(here.pair.client.has_ended());
  CHECK(here.pair.is_hung_up());
  here.pair.client_says("thanks");
  CHECK(here.pair.read().state == IoResult::Ok);
  CHECK(here.pair.received() == "thanks");
}

TEST_CASE("close_notify comes behind what the socket had not taken", "[net][tls]") {
  Connected here;
  const std::size_t taken = here.fill(std::string(100'000, 'x'));
  here.pair.server.shutdown_writes();
  std::size_t heard = 0;
  for (int turn = 0; turn < 1'000 && !here.pair.client.has_ended(); ++turn) {
    heard += here.pair.client_hears().size();
    here.pair.write({});
  }
  CHECK(heard == taken);
  CHECK(here.pair.client.has_ended());
  CHECK_FALSE(here.pair.server.has_unsent());
  CHECK(here.pair.is_hung_up());
}

TEST_CASE("a stream that ends before its hands are shaken says nothing", "[net][tls]") {
  Connected here;
  TlsPair pair(here.worker, here.make());
  pair.client.shake_hands();
  pair.send(pair.client.take());
  pair.read();
  pair.receive();
  pair.server.shutdown_writes();
  CHECK(pair.is_hung_up());
}

TEST_CASE("the other side's close_notify is the end, behind what it has said", "[net][tls]") {
  Connected here;
  here.pair.client.write("bye");
  here.pair.client.end();
  here.pair.send(here.pair.client.take());
  CHECK_FALSE(here.pair.server.has_ended());
  CHECK(here.pair.read().bytes == 3);
  CHECK(here.pair.server.has_ended());
  CHECK(here.pair.read().state == IoResult::EndOfFile);
  CHECK(here.pair.write({"you are still owed this"}).state == IoResult::Ok);
  CHECK(here.pair.client_hears() == "you are still owed this");
}

TEST_CASE("a client that leaves without close_notify is the end too", "[net][tls]") {
  Connected here;
  here.pair.client_leaves();
  CHECK(here.pair.read().state == IoResult::EndOfFile);
}

TEST_CASE("what is no TLS is refused", "[net][tls]") {
  Connected here;
  using namespace std::string_literals;
  const std::string said = GENERATE("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n"s, "SSH-2.0-client\r\n"s,
                                    std::string(20'000, '\xff'), "\x16\x03\x01\0\x05hello"s);
  TlsPair pair(here.worker, here.make());
  pair.send(said);
  CHECK(pair.read().state == IoResult::Broken);
  CHECK(pair.server.take_handshake_end() == HandshakeEnd::Failed);
  CHECK_FALSE(pair.server.take_handshake_end());
  // What looks like TLS gets an alert.
  CHECK(pair.receive().starts_with("\x15") == said.starts_with("\x16"));
  CHECK(pair.read().state == IoResult::Broken);
  CHECK(pair.write({"x"}).state == IoResult::Broken);
  pair.server.shutdown_writes();
}

TEST_CASE("a record that was tampered with breaks the connection", "[net][tls]") {
  Connected here;
  here.pair.client.write("secret");
  std::string wire = here.pair.client.take();
  wire.back() = static_cast<char>(wire.back() ^ 1);
  here.pair.send(wire);
  CHECK(here.pair.read().state == IoResult::Broken);
  CHECK(here.pair.received().empty());
  // What failed is of no concern to the next on this thread.
  Connected next;
  next.pair.client_says("fine");
  CHECK(next.pair.read().state == IoResult::Ok);
}

TEST_CASE("a handshake that is left in its middle has failed, one that was not begun has not", "[net][tls]") {
  Connected here;
  TlsPair probe(here.worker, here.make());
  probe.client_leaves();
  CHECK(probe.read().state == IoResult::EndOfFile);
  CHECK_FALSE(probe.server.take_handshake_end());

  TlsPair pair(here.worker, here.make());
  pair.client.shake_hands();
  pair.send(pair.client.take());
  CHECK(pair.read().state == IoResult::WouldBlock);
  CHECK_FALSE(pair.server.take_handshake_end());
  pair.client_leaves();
  CHECK(pair.read().state != IoResult::Ok);
  CHECK(pair.server.take_handshake_end() == HandshakeEnd::Failed);
}

TEST_CASE("a client of TLS 1.2 may not renegotiate", "[net][tls]") {
  Connected here({.version = TLS1_2_VERSION});
  SSL_renegotiate(here.pair.client.ssl());
  here.pair.client.shake_hands();
  here.pair.send(here.pair.client.take());
  CHECK(here.pair.read().state != IoResult::Ok);
  here.pair.client_hears();
  CHECK(here.pair.client.failure() == "no renegotiation");
}

TEST_CASE("connections of one worker do not mix", "[net][tls]") {
  Connected here;
  TlsPair a(here.worker, here.make()), b(here.worker, here.make());
  // Handshakes step by step by turns.
  for (int turn = 0; turn < 6; ++turn)
    for (TlsPair* pair : {&a, &b}) {
      pair->client.shake_hands();
      pair->send(pair->client.take());
      pair->read();
      pair->client.give(pair->receive());
    }
  for (TlsPair* pair : {&a, &b}) REQUIRE(pair->server.is_established());
  a.client_says("from a");
  b.client_says("from b");
  b.read();
  a.read();
  a.write({"to a"});
  b.write({"to b"});
  CHECK(a.received() == "from a");
  CHECK(b.received() == "from b");
  CHECK(b.client_hears() == "to b");
  CHECK(a.client_hears() == "to a");
}
