#include "frontend/access_log.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/catch.h"

using namespace edge;
using namespace edge::frontend;

namespace {

struct KeptLines final : LineWriter {
  void write(std::string_view line) override { lines.emplace_back(line); }
  void reopen() override {}
  std::vector<std::string> lines;
};

AccessRecord record_of_a_hit() {
  AccessRecord record;
  record.time = WallTime{std::chrono::milliseconds{1'795'381'200'123}};
  record.client = "192.0.2.7";
  record.method = "GET";
  record.target = "/avatars/42/64";
  record.protocol = "HTTP/1.1";
  record.status = 200;
  record.bytes_sent = 4321;
  record.outcome = metrics::Outcome::Hit;
  record.duration = std::chrono::nanoseconds{152'999};
  record.request_id = "2a-1";
  return record;
}

std::string line_of(const AccessRecord& record) {
  KeptLines kept;
  AccessLog(AccessLogMode::All, kept).write(record);
  REQUIRE(kept.lines.size() == 1);
  return kept.lines[0];
}

std::string target_as_read(std::string_view target) {
  AccessRecord record = record_of_a_hit();
  record.target = target;
  return nlohmann::json::parse(line_of(record)).at("target");
}

}  // namespace

TEST_CASE("a finished exchange is one JSON object", "[frontend][access_log]") {
  CHECK(line_of(record_of_a_hit()) ==
        R"({"time":"2026-11-22T21:00:00.123Z","client":"192.0.2.7","method":"GET","target":"/avatars/42/64",)"
        R"("protocol":"HTTP/1.1","status":200,"bytes":4321,"outcome":"hit","duration_us":152,"request_id":"2a-1"})");
}

TEST_CASE("detail, complete and trace_id stand in the access log only where they tell something",
          "[frontend][access_log]") {
  AccessRecord record = record_of_a_hit();
  record.detail = "origin_timeout";
  record.complete = false;
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  const auto json = nlohmann::json::parse(line_of(record));
  CHECK(json.at("detail") == "origin_timeout");
  CHECK(json.at("complete") == false);
  CHECK(json.at("trace_id") == "0af7651916cd43dd8448eb211c80319c");
}

TEST_CASE("whatever a client sends, the access log stays one line of JSON", "[frontend][access_log][rfc8259]") {
  CHECK(target_as_read("/a\"b\\c") == "/a\"b\\c");
  CHECK(target_as_read("/a\nb\x1b\x7f") == "/a\nb\x1b\x7f");
  CHECK(target_as_read(std::string_view("\0", 1)) == std::string(1, '\0'));
  CHECK(target_as_read("/größe/平/😀") == "/größe/平/😀");
  CHECK(target_as_read("/\xFF\xC3") == "/\u00FF\u00C3");            // Not UTF-8: each byte by itself.
  CHECK(target_as_read("/\xED\xA0\x80") == "/\u00ED\u00A0\u0080");  // A surrogate.

  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
  AccessRecord record = record_of_a_hit();
  record.target = every_byte;
  const std::string line = line_of(record);
  CHECK(nlohmann::json::accept(line));
  for (const char c : line) CHECK((c >= ' ' && c <= '~'));
}

TEST_CASE("the mode decides what the access log wants", "[frontend][access_log]") {
  KeptLines kept;
  AccessLog log(AccessLogMode::Errors, kept);
  CHECK_FALSE(log.wants(200, true));
  CHECK(log.wants(200, false));
  CHECK(log.wants(404, true));
  CHECK(log.wants(0, true));
  log.set_mode(AccessLogMode::All);
  CHECK(log.wants(200, true));
  log.set_mode(AccessLogMode::Off);
  CHECK_FALSE(log.wants(500, false));
}
