#include "app/handover_tickets.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::app;
using namespace std::chrono_literals;

namespace {

net::TlsTicketKey key_of(unsigned char value) {
  net::TlsTicketKey key;
  key.name.fill(value);
  key.mac.fill(static_cast<unsigned char>(value + 1));
  key.cipher.fill(static_cast<unsigned char>(value + 2));
  return key;
}

// What comes out at the other end of a link.
struct Sent {
  explicit Sent(const std::vector<ListenerTls::TicketKeys>& all) {
    auto ends = *net::socket_pair();
    HandoverLink first(loop, std::move(ends.first), {[](const HandoverFrame&) {}, [] {}, [] {}});
    HandoverLink second(loop, std::move(ends.second),
                        {[this](const HandoverFrame& frame) {
                           auto keys = try_tickets(frame);
                           REQUIRE(keys);
                           REQUIRE(*keys);
                           told.push_back(**std::move(keys));
                         },
                         [] {}, [] {}});
    send_tickets(first, all);
    first.flush();
    second.read_some();
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  std::vector<ListenerTls::TicketKeys> told;
};

std::string error_of(std::vector<std::string_view> words, std::string_view bytes) {
  const auto keys = try_tickets({std::move(words), bytes});
  REQUIRE(keys);
  return *keys ? std::string() : keys->error().message;
}

}  // namespace

TEST_CASE("ticket keys come as they went, with the listener that they are of", "[app][handover][tls]") {
  Sent sent({{.place = 1, .address = "127.0.0.1:443", .made_up = {{key_of(1), key_of(101)}, 5min}},
             {.place = 4, .address = "unix:/a b", .made_up = {{key_of(11)}, 0ms}}});
  REQUIRE(sent.told.size() == 2);
  CHECK(sent.told[0].place == 1);
  CHECK(sent.told[0].address == "127.0.0.1:443");
  CHECK(sent.told[0].made_up.age == 5min);
  REQUIRE(sent.told[0].made_up.keys.size() == 2);
  CHECK(sent.told[0].made_up.keys[1].name == key_of(101).name);
  CHECK(sent.told[0].made_up.keys[1].mac == key_of(101).mac);
  CHECK(sent.told[0].made_up.keys[1].cipher == key_of(101).cipher);
  CHECK(sent.told[1].address == "unix:/a b");
  REQUIRE(sent.told[1].made_up.keys.size() == 1);
}

TEST_CASE("ticket keys that are none are refused, and not named", "[app][handover][tls]") {
  const std::string good = "[::1]:1" + std::string(80, 'k');
  CHECK(error_of({"tickets", "0", "1", "7"}, good).empty());
  for (const std::string& bytes :
       {good.substr(0, 86), good + "k", good + std::string(160, 'k'), good.substr(0, 7), std::string("::")}) {
    const std::string error = error_of({"tickets", "0", "1", "7"}, bytes);
    CHECK_FALSE(error.empty());
    CHECK(error.find("kk") == std::string::npos);
  }
  for (const std::vector<std::string_view>& words : {std::vector<std::string_view>{"tickets"},
                                                     {"tickets", "0", "1"},
                                                     {"tickets", "-1", "1", "7"},
                                                     {"tickets", "0", "99999999999999", "7"},
                                                     {"tickets", "0", "1", "18446744073709551615"}})
    CHECK_FALSE(error_of(words, good).empty());
}

TEST_CASE("what is no frame of ticket keys is left to others", "[app][handover][tls]") {
  CHECK_FALSE(try_tickets({{"switches", "0", "1", "7"}, {}}));
}
