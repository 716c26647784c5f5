#include "net/proxy_header.h"

#include "support/catch.h"

using namespace edge::net;
using State = ProxyHeader::State;

namespace {

std::string binary(char command, char family, std::string_view rest) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += command;
  header += family;
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size() & 0xFF);
  return header.append(rest);
}

const std::string kFour("\xC0\x00\x02\x01\xC6\x33\x64\x01\x04\xD2\x01\xBB", 12);
const std::string kSix = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" + std::string(16, '\x02') +
                         std::string("\x04\xD2\x01\xBB", 4);

struct Read {
  State state;
  std::string client;  // "-": none.
  std::size_t taken;
};

// What comes of it whole, which must be what comes of it byte by byte.
Read read(std::string_view bytes) {
  const auto result = [](const ProxyHeader& header, std::size_t taken) {
    return Read{header.state(), header.client() ? header.client()->text() : "-", taken};
  };
  ProxyHeader whole;
  const Read of_whole = result(whole, whole.take(bytes));
  ProxyHeader piecemeal;
  std::size_t taken = 0;
  for (const char& c : bytes) taken += piecemeal.take({&c, 1});
  const Read of_pieces = result(piecemeal, taken);
  CHECK(of_whole.state == of_pieces.state);
  CHECK(of_whole.client == of_pieces.client);
  CHECK(of_whole.taken == of_pieces.taken);
  return of_whole;
}

}  // namespace

TEST_CASE("version 1 names the client in words", "[net][proxy-protocol]") {
  CHECK(read("PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\n").client == "192.0.2.1");
  CHECK(read("PROXY TCP6 2001:db8::1 2001:db8::2 1234 443\r\n").client == "2001:db8::1");
  CHECK(read("PROXY UNKNOWN\r\n").state == State::Complete);
  CHECK(read("PROXY UNKNOWN ffff:f 1 2 3\r\n").client == "-");
}

TEST_CASE("version 2 names the client in bytes", "[net][proxy-protocol]") {
  CHECK(read(binary(0x21, 0x11, kFour)).client == "192.0.2.1");
  CHECK(read(binary(0x21, 0x21, kSix)).client == "2001:db8::1");
  CHECK(read(binary(0x21, 0x11, kFour + std::string("\x03\x00\x04\x01\x02\x03\x04", 7))).client == "192.0.2.1");
}

TEST_CASE("a header without a client leaves the connection's own", "[net][proxy-protocol]") {
  for (const std::string& header : {binary(0x20, 0x00, ""), binary(0x20, 0x11, kFour), binary(0x21, 0x00, ""),
                                    binary(0x21, 0x31, std::string(216, 'x'))}) {
    const Read whole = read(header);
    CHECK(whole.state == State::Complete);
    CHECK(whole.client == "-");
  }
}

TEST_CASE("nothing behind the header is taken", "[net][proxy-protocol]") {
  const std::string text = "PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\n";
  CHECK(read(text + "GET / HTTP/1.1\r\n").taken == text.size());
  CHECK(read(binary(0x21, 0x11, kFour) + "\x16\x03\x01").taken == 28);
}

TEST_CASE("a beginning needs more", "[net][proxy-protocol]") {
  for (const std::string& header :
       {std::string("PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\n"), binary(0x21, 0x11, kFour)})
    for (std::size_t size = 0; size < header.size(); ++size)
      CHECK(read(header.substr(0, size)).state == State::NeedMore);
}

TEST_CASE("anything else is malformed, as soon as it can be told", "[net][proxy-protocol]") {
  CHECK(read("G").taken == 1);
  for (const std::string& wrong :
       {std::string("GET / HTTP/1.1\r\n"), std::string("PROXX"), std::string("PROXY TCP4\r\n"),
        std::string("\r\n\r\nx"), std::string("PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.1 1234 65536\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.1 1234 443 5\r\n"),
        std::string("PROXY TCP4 2001:db8::1 2001:db8::2 1234 443\r\n"),
        std::string("PROXY TCP4 192.0.2.1  198.51.100.1 1234 443\r\n"),
        std::string("PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n"), "PROXY UNKNOWN " + std::string(100, 'x'),
        binary(0x11, 0x11, kFour), binary(0x22, 0x11, kFour), binary(0x21, 0x11, kFour.substr(1)),
        binary(0x21, 0x21, kFour), binary(0x21, 0x00, std::string(5000, 'x'))}) {
    CAPTURE(wrong.substr(0, 60));
    CHECK(read(wrong).state == State::Malformed);
  }
}
