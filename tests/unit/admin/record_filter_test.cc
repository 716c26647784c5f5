#include "admin/record_filter.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::admin;

namespace {

serving::Routes routes() {
  auto routes = serving::parse_routes({"/avatars/{avatar}/{variant}"});
  REQUIRE(routes);
  return *std::move(routes);
}

frontend::AccessRecord record_of_a_miss() {
  frontend::AccessRecord record;
  record.client = "10.1.2.3";
  record.method = "GET";
  record.target = "/avatars/42/96?v=1";
  record.protocol = "HTTP/2";
  record.status = 502;
  record.bytes_sent = 2048;
  record.outcome = metrics::Outcome::Miss;
  record.detail = "connection_timeout";
  record.duration = std::chrono::milliseconds{150};
  record.request_id = "2a-1";
  record.trace_id = "0af7";
  return record;
}

bool admits(std::string_view filter, const frontend::AccessRecord& record = record_of_a_miss()) {
  const auto parsed = parse_record_filter(filter, routes());
  INFO((parsed ? std::string() : parsed.error().message));
  REQUIRE(parsed);
  return parsed->admits(record);
}

std::string complaint(std::string_view filter) {
  const auto parsed = parse_record_filter(filter, routes());
  REQUIRE_FALSE(parsed);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("an empty filter admits every record", "[admin][record_filter]") {
  CHECK(admits(""));
  CHECK(admits("   "));
}

TEST_CASE("numbers are compared as numbers, with their units", "[admin][record_filter]") {
  for (const auto* const holds : {"status=502", "status!=500", "status>=500", "status>=502", "status>501",
                                  "status<=502", "status<503", "duration>100ms", "duration>=150ms", "duration=150000us",
                                  "duration<1s", "bytes=2048", "bytes=2KiB", "bytes<1MiB"})
    CHECK(admits(holds));
  for (const auto* const fails : {"status=200", "status!=502", "status>502", "status<502", "status>=503", "status<=501",
                                  "duration>150ms", "duration<100us", "bytes>2KiB"})
    CHECK_FALSE(admits(fails));
}

TEST_CASE("texts are equal, are not, or begin so", "[admin][record_filter]") {
  for (const auto* const holds :
       {"method=GET", "method!=POST", "target^=/avatars/42/", "protocol=HTTP/2", "detail=connection_timeout",
        "detail^=connection", "request_id=2a-1", "trace_id=0af7", "outcome=miss", "outcome!=hit", "complete=true"})
    CHECK(admits(holds));
  for (const auto* const fails : {"method=POST", "method!=GET", "target=/avatars/42", "target^=/avatars/4/",
                                  "outcome=hit", "complete=false", "detail=x"})
    CHECK_FALSE(admits(fails));
}

TEST_CASE("clients are in a network or not", "[admin][record_filter]") {
  CHECK(admits("client=10.0.0.0/8"));
  CHECK(admits("client=10.1.2.3"));
  CHECK(admits("client!=192.0.2.0/24"));
  CHECK_FALSE(admits("client!=10.0.0.0/8"));
  auto of_a_socket = record_of_a_miss();
  of_a_socket.client = "uid 1000";
  CHECK_FALSE(admits("client=10.0.0.0/8", of_a_socket));
  CHECK(admits("client!=10.0.0.0/8", of_a_socket));
}

TEST_CASE("the avatar of a record is the one that its target's route names", "[admin][record_filter]") {
  CHECK(admits("avatar=42"));
  CHECK(admits("avatar!=4"));
  CHECK_FALSE(admits("avatar=4"));
  auto escaped = record_of_a_miss();
  escaped.target = "/avatars/a%20b/96";
  CHECK(admits(R"(avatar="a b")", escaped));
  auto broken = record_of_a_miss();
  broken.target = "/%2f";
  CHECK_FALSE(admits("avatar=42", broken));
  CHECK(admits("avatar!=42", broken));
}

TEST_CASE("all comparisons that are joined by and must hold", "[admin][record_filter]") {
  CHECK(admits("status>=500 and outcome=miss and avatar=42"));
  CHECK_FALSE(admits("status>=500 and outcome=hit"));
  CHECK(admits("  status >= 500   and   method = \"GET\"  "));
}

TEST_CASE("what is wrong with a filter is said, and where", "[admin][record_filter]") {
  CHECK(complaint("stauts=500").starts_with("filter, character 1: there is no field 'stauts'; there are avatar, "));
  CHECK(complaint("status=500 and =3").starts_with("filter, character 16: a field is missing"));
  CHECK(complaint("status=500 and ").starts_with("filter, character 16: a field is missing"));
  CHECK(complaint("status~500") == "filter, character 7: behind status must stand one of = != < <= > >=");
  CHECK(complaint("status^=5") == "filter, character 7: behind status must stand one of = != < <= > >=");
  CHECK(complaint("method>GET") == "filter, character 7: behind method must stand one of = != ^=");
  CHECK(complaint("avatar^=4") == "filter, character 7: behind avatar must stand one of = !=");
  CHECK(complaint("status=") == "filter, character 8: a value is missing");
  CHECK(complaint("status=abc") == "filter, character 8: not a number: 'abc'");
  CHECK(complaint("status=500 or status=400") == "filter, character 12: 'and' must stand between comparisons");
  CHECK(complaint("target=\"/a") == "filter, character 8: the quotes are not closed");
  CHECK(complaint("outcome=hti").starts_with("filter, character 9: there is no outcome 'hti'; there are hit, tier2"));
  CHECK(complaint("complete=yes") == "filter, character 10: complete is true or false");
  CHECK(complaint("client=10.0.0.1/8").starts_with("filter, character 8: "));
  CHECK(complaint("duration>100").starts_with("filter, character 10: "));
}

TEST_CASE("a filter has bounds", "[admin][record_filter]") {
  CHECK(complaint(std::string(1025, ' ')) == "filter: at most 1024 bytes");
  std::string many = "status>0";
  for (int i = 1; i < 16; ++i) many += " and status>0";
  CHECK(admits(many));
  CHECK(complaint(many + " and status>0").find("at most 16 comparisons") != std::string::npos);
}
