#include <sys/stat.h>

#include <fstream>

#include "app/config.h"
#include "support/catch.h"
#include "support/temporary_folder.h"
#include "unit/app/config_problems.h"

using namespace edge;
using namespace edge::app;
using namespace edge::test;

namespace {

struct Folder {
  TemporaryFolder folder;

  void write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(folder.file(name)) << text;
    REQUIRE(chmod(folder.file(name).c_str(), mode) == 0);
  }
  LoadedConfig load(std::string_view text) const { return parse_config(text, folder.file("")); }
  std::string problems(std::string_view text) const { return app::problems(text, folder.file("")); }
};

}  // namespace

TEST_CASE("keys have the secrets that their files hold", "[app][signed]") {
  Folder in;
  in.write("one", "a secret-of-some-length\n");
  in.write("two", "sixteen-or-more-characters\n");
  const LoadedConfig loaded =
      in.load("signed_urls: {routes: [\"/private/{avatar}\"], keys: [{id: new, secret_file: two}]}");
  REQUIRE(loaded);
  REQUIRE(loaded.config->signed_urls.keys.size() == 1);
  CHECK(loaded.config->signed_urls.keys[0].id == "new");
  CHECK(loaded.config->signed_urls.keys[0].secret == "sixteen-or-more-characters");
  CHECK(in.problems("signed_urls: {routes: [\"/p/{avatar}\"], keys: [{id: a, secret_file: one}]}")
            .find("besides visible ASCII") != std::string::npos);
}

TEST_CASE("a key without a name, a file or a secret is a problem where it stands", "[app][signed]") {
  Folder in;
  in.write("good", "sixteen-or-more-characters");
  in.write("open", "sixteen-or-more-characters", 0644);
  const std::string routes = "signed_urls:\n  routes: [\"/p/{avatar}\"]\n";
  CHECK(in.problems(routes) == "f:2:11: signed_urls.keys is missing; signed_urls.routes needs one\n");
  CHECK(in.problems(routes + "  keys: [{id: a, secret_file: open}]\n")
            .starts_with("f:3:31: signed_urls.keys[0].secret_file: everybody may read"));
  CHECK(in.problems(routes + "  keys: [{id: \"a b\", secret_file: good}]\n")
            .starts_with("f:3:15: signed_urls.keys[0].id: not a key's name"));
  CHECK(in.problems(routes + "  keys: [{secret_file: good}]\n") == "f:3:10: signed_urls.keys[0].id is missing\n");
  CHECK(in.problems(routes + "  keys: [{id: a}]\n") == "f:3:10: signed_urls.keys[0].secret_file is missing\n");
  CHECK(in.problems(routes + "  keys: [{id: a, secret_file: good}, {id: a, secret_file: good}]\n") ==
        "f:3:43: signed_urls.keys[1].id (a) is there already\n");
  CHECK(in.problems("signed_urls:\n  keys: [{id: a, secret_file: good}]\n") ==
        "f:2:10: signed_urls.keys is of no use without signed_urls.routes\n");
}

TEST_CASE("the sample file shows every key of a key", "[app][signed]") {
  std::ifstream file("config/avatar-edge.yaml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text.find("\n  # keys:\n") != std::string::npos);
  CHECK(text.find("\n  #   - id: ") != std::string::npos);
  CHECK(text.find("\n  #     secret_file: ") != std::string::npos);
}
