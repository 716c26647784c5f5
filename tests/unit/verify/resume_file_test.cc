#include "verify/resume_file.h"

#include <fstream>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace edge;
using namespace edge::verify;
using namespace std::chrono_literals;

namespace {

Standing some_standing() {
  Tally tally({"sha-1", "http://127.0.0.1:1"}, {200ms, 1'000ms});
  tally.add(0, 1, Outcome::Consistent);
  tally.add(1, 0, Outcome::Inconsistent);
  return {.stream = "avatar:updates",
          .position = cache::EventId{17, 3},
          .changes = {.read = 9, .checked = 4, .skipped = 3, .malformed = 2},
          .rows = tally.rows()};
}

}  // namespace

TEST_CASE("what is written is read back", "[verify]") {
  const auto read = parse_standing(write_standing(some_standing()));
  REQUIRE(read);
  CHECK(read->stream == "avatar:updates");
  CHECK(read->position == cache::EventId{17, 3});
  CHECK((read->changes.read == 9 && read->changes.checked == 4 && read->changes.skipped == 3));
  Tally tally({"http://127.0.0.1:1", "new"}, {200ms});
  for (const auto& row : read->rows) tally.restore(row);
  CHECK(tally.rows()[0].of(Outcome::Inconsistent) == 1);
  CHECK(tally.rows()[1].decided() == 0);
  CHECK(tally.inconsistent_now() == 0);
}

TEST_CASE("what is no resume file is refused", "[verify]") {
  for (const auto* text : {"", "{}", "[]", "{\"stream\":\"s\",\"position\":\"x\",\"checks\":[]}"})
    CHECK_FALSE(parse_standing(text));
  // Odd counts are none.
  CHECK(parse_standing("{\"stream\":\"s\",\"position\":null,\"checks\":[1,{\"site\":2,\"late\":-1}]}"));
}

TEST_CASE("the file is replaced as a whole", "[verify]") {
  test::TemporaryFolder folder;
  const std::string file = folder.file("standing");
  CHECK_FALSE(load_standing(file)->has_value());
  for (int i = 0; i < 2; ++i) REQUIRE(save_standing(file, some_standing()));
  CHECK(load_standing(file)->has_value());
  CHECK_FALSE(std::filesystem::exists(file + ".new"));
  CHECK_FALSE(save_standing(folder.file("no/such/folder"), some_standing()));
  std::ofstream(file) << "nonsense";
  CHECK_FALSE(load_standing(file));
}
