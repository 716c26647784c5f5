#include "base/log.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace edge;
using edge::test::lines_of;
using edge::test::TemporaryFolder;

namespace {

// The log of the process, started for one test.
struct StartedLog {
  explicit StartedLog(LogOptions options) { REQUIRE(start_log(options)); }
  ~StartedLog() { stop_log(); }
};

// "… 37 more of this kind in the last second" -> 37; 0 for any other line.
std::uint64_t lines_summed_up_in(const std::string& line) {
  const std::size_t mark = line.find("… ");
  return mark == std::string::npos ? 0 : std::stoull(line.substr(mark + std::string_view("… ").size()));
}

}  // namespace

TEST_CASE("a line of the log has time, level, event and text", "[base][log]") {
  TemporaryFolder folder;
  {
    StartedLog log({.file = folder.file("log")});
    log_info("config.reloaded", "3 keys changed");
  }
  const auto lines = lines_of(folder.file("log"));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].substr(10, 1) == "T");
  CHECK(lines[0].substr(23) == "Z INFO config.reloaded 3 keys changed");
}

TEST_CASE("nobody can forge a line of the log", "[base][log]") {
  TemporaryFolder folder;
  {
    StartedLog log({.file = folder.file("log")});
    log_warning("test.forged", "evil\n2026-11-22T21:00:00.123Z INFO all.well");
  }
  CHECK(lines_of(folder.file("log")).size() == 1);
}

TEST_CASE("stopping writes everything that is queued, and once is enough", "[base][log]") {
  TemporaryFolder folder;
  REQUIRE(start_log({.file = folder.file("log"), .per_second_max = 0}));
  for (int i = 0; i < 5'000; ++i) log_info("test.queued", std::to_string(i));
  stop_log();
  stop_log();
  const auto lines = lines_of(folder.file("log"));
  REQUIRE(lines.size() == 5'000);
  CHECK(lines.back().ends_with("test.queued 4999"));
}

TEST_CASE("a file that cannot be opened is an error that names path and reason", "[base][log]") {
  TemporaryFolder folder;
  const std::string path = folder.file("absent/log");
  const Status started = start_log({.file = path});
  REQUIRE_FALSE(started);
  CHECK(started.error().message == "cannot open " + path + ": No such file or directory");
  const auto writer = make_line_writer(path);
  REQUIRE_FALSE(writer);
  CHECK(writer.error().message == "cannot open " + path + ": No such file or directory");
}

TEST_CASE("lines below the level are not written, and a reload changes the level", "[base][log]") {
  TemporaryFolder folder;
  {
    StartedLog log({.level = LogLevel::Warning, .file = folder.file("log")});
    log_info("test.level", "before");
    reload_log({.level = LogLevel::Info, .file = folder.file("log")});
    log_info("test.level", "after");
  }
  auto lines = lines_of(folder.file("log"));
  std::erase_if(lines, [](const std::string& line) { return line.find("log.reopened") != std::string::npos; });
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with("after"));
}

TEST_CASE("of a kind that comes too often, each line is written or counted in a summary", "[base][log]") {
  TemporaryFolder folder;
  const std::uint64_t dropped_before = log_lines_dropped();
  {
    StartedLog log({.file = folder.file("log"), .per_second_max = 10});
    for (int i = 0; i < 2'000; ++i) log_info("test.often", "again");
    log_info("test.seldom", "once");
  }
  std::uint64_t written = 0;
  std::uint64_t summed_up = 0;
  std::uint64_t seldom = 0;
  for (const std::string& line : lines_of(folder.file("log"))) {
    if (line.ends_with("test.often again")) ++written;
    if (line.ends_with("test.seldom once")) ++seldom;
    summed_up += lines_summed_up_in(line);
  }
  CHECK(written >= 10);
  CHECK(written < 2'000);
  CHECK(written + summed_up == 2'000);
  CHECK(seldom == 1);
  CHECK(log_lines_dropped() - dropped_before == summed_up);
}

TEST_CASE("several threads log at once and each line stays whole", "[base][log]") {
  TemporaryFolder folder;
  {
    StartedLog log({.file = folder.file("log"), .per_second_max = 0});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 1'000; ++i) log_info("test.threads", "a line that must stay whole");
      });
    threads.clear();
  }
  const auto lines = lines_of(folder.file("log"));
  CHECK(lines.size() == 4'000);
  for (const std::string& line : lines)
    if (!line.ends_with("Z INFO test.threads a line that must stay whole")) FAIL(line);
}

TEST_CASE("a line is written or counted as dropped, however full the queue", "[base][log]") {
  TemporaryFolder folder;
  const std::uint64_t dropped_before = log_lines_dropped();
  auto writer = make_line_writer(folder.file("access"));
  REQUIRE(writer);
  constexpr std::uint64_t kLines = 50'000;
  for (std::uint64_t i = 0; i < kLines; ++i) (*writer)->write("{}");
  writer->reset();
  CHECK(lines_of(folder.file("access")).size() + log_lines_dropped() - dropped_before == kLines);
}

TEST_CASE("after a rotation lines go to a new file of the old name", "[base][log]") {
  TemporaryFolder folder;
  auto writer = make_line_writer(folder.file("access"));
  REQUIRE(writer);
  std::filesystem::rename(folder.file("access"), folder.file("access.1"));
  (*writer)->write("first");
  (*writer)->reopen();
  (*writer)->write("second");
  writer->reset();
  // The first line may be written after the reopening was asked for, but no line is lost.
  const auto renamed = lines_of(folder.file("access.1"));
  const auto current = lines_of(folder.file("access"));
  CHECK(renamed.size() + current.size() == 2);
  REQUIRE_FALSE(current.empty());
  CHECK(current.back() == "second");
}

TEST_CASE("who is opened anew says so in the plain log, and what follows is in the new file", "[base][log]") {
  TemporaryFolder folder;
  {
    StartedLog log({.file = folder.file("log")});
    auto writer = make_line_writer(folder.file("access"));
    REQUIRE(writer);
    log_info("test.rotation", "before");
    std::filesystem::rename(folder.file("log"), folder.file("log.1"));
    reopen_log();
    (*writer)->reopen();
    writer->reset();
    // No line goes to a file that is not there, so that of the reopening itself shows that the new one is.
    while (lines_of(folder.file("log")).size() < 2) std::this_thread::yield();
    log_info("test.rotation", "after");
  }
  const auto renamed = lines_of(folder.file("log.1")), current = lines_of(folder.file("log"));
  const auto has = [](const std::vector<std::string>& lines, const std::string& end) {
    return std::ranges::any_of(lines, [&](const std::string& line) { return line.ends_with(end); });
  };
  CHECK(has(current, "INFO log.reopened '" + folder.file("log") + "'"));
  CHECK(has(current, "INFO log.reopened '" + folder.file("access") + "'"));
  CHECK(has(current, "test.rotation after"));
  CHECK(has(renamed, "test.rotation before") != has(current, "test.rotation before"));
}

TEST_CASE("what goes to a standard stream has nothing to open anew", "[base][log]") {
  TemporaryFolder folder;
  {
    StartedLog log({.file = folder.file("log")});
    auto writer = make_line_writer("-");
    REQUIRE(writer);
    (*writer)->reopen();
  }
  CHECK(lines_of(folder.file("log")).empty());
}

TEST_CASE("a full disk costs lines, which are counted, and is told to the plain log once", "[base][log]") {
  TemporaryFolder folder;
  const std::uint64_t dropped_before = log_lines_dropped();
  {
    StartedLog log({.file = folder.file("log")});
    auto writer = make_line_writer("/dev/full");
    REQUIRE(writer);
    for (int i = 0; i < 100; ++i) (*writer)->write("lost");
  }
  CHECK(log_lines_dropped() - dropped_before == 100);
  const auto lines = lines_of(folder.file("log"));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with("ERROR log.write_failed cannot write to /dev/full: No space left on device"));
}
