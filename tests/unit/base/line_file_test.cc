#include "base/line_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace edge;
using edge::test::lines_of;
using edge::test::TemporaryFolder;

namespace {

// A disk that is full after so many bytes, for this process.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &old_); }
  rlimit old_{};
};

}  // namespace

TEST_CASE("lines are appended to what the file has", "[base][log]") {
  TemporaryFolder folder;
  std::atomic<std::uint64_t> dropped{0};
  for (const std::string_view line : {"first", "second"}) {
    auto file = LineFile::open(folder.file("log"), STDERR_FILENO, dropped);
    REQUIRE(file);
    CHECK(file->append(line));
  }
  CHECK(lines_of(folder.file("log")) == std::vector<std::string>{"first", "second"});
  CHECK(dropped == 0);
}

TEST_CASE("a line that the disk cut short spoils no line after it", "[base][log]") {
  TemporaryFolder folder;
  std::atomic<std::uint64_t> dropped{0};
  auto file = LineFile::open(folder.file("log"), STDERR_FILENO, dropped);
  REQUIRE(file);
  {
    FileSizeLimit full_after(9);
    CHECK(file->append("first"));
    CHECK(file->append("second"));
    CHECK(file->append("third"));
    CHECK_FALSE(file->flush());
    CHECK(dropped == 2);
    CHECK(file->append("fourth"));
    CHECK_FALSE(file->flush());
    CHECK(dropped == 3);
  }
  CHECK(file->append("fifth"));
  CHECK(file->flush());
  CHECK(lines_of(folder.file("log")) == std::vector<std::string>{"first", "sec", "fifth"});
  CHECK(dropped == 3);
}

TEST_CASE("a file that cannot be opened again goes on being written", "[base][log]") {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("logs"));
  std::atomic<std::uint64_t> dropped{0};
  auto file = LineFile::open(folder.file("logs/log"), STDERR_FILENO, dropped);
  REQUIRE(file);
  std::filesystem::rename(folder.file("logs"), folder.file("moved"));
  CHECK_FALSE(file->reopen());
  CHECK(file->append("kept"));
  CHECK(file->flush());
  CHECK(lines_of(folder.file("moved/log")) == std::vector<std::string>{"kept"});
}
