#include "app/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "app/config_format.h"
#include "app/config_table.h"
#include "app/yaml_reader.h"
#include "support/catch.h"
#include "unit/app/config_problems.h"

using namespace edge::app;
using namespace std::chrono_literals;

namespace {

// A folder of its own, gone with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "config-test-XXXXXX").native();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }

  std::filesystem::path write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::filesystem::path file = path_ / name;
    std::ofstream(file) << text;
    REQUIRE(chmod(file.c_str(), mode) == 0);
    return file;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::filesystem::path sample_file() {
  return "config/avatar-edge.yaml";  // Tests run in the project's root.
}

// Every leaf of a configuration, as text.
std::vector<std::string> forms(const Config& config) {
  std::vector<std::string> out;
  constexpr std::array<std::size_t, 2> kFirst{};
  for (const ConfigKey& key : config_keys())
    out.push_back(std::string(key.path) + ": " + format_value(key, config, kFirst));
  return out;
}

}  // namespace

TEST_CASE("an empty file is a configuration of defaults", "[app]") {
  for (const char* text : {"", "{}", "---\n", "# only a comment\n", "cache:\nlog: {}\n"}) {
    CAPTURE(text);
    CHECK(forms(good(text)) == forms(Config{}));
  }
}

TEST_CASE("a URL of the origin may have a weight", "[app]") {
  const Config config = good("origin: {urls: [\"http://a\", {url: \"http://b\", weight: 3}, {url: \"http://c\"}]}");
  CHECK(config.origin.urls == std::vector<std::string>{"http://a", "http://b", "http://c"});
  CHECK(config.origin.weights == std::vector<std::uint32_t>{1, 3, 1});
  CHECK(format_value(*find_config_key("origin.urls"), config) == "[http://a, {url: http://b, weight: 3}, http://c]");
}

TEST_CASE("values reach the options of the classes that they are for", "[app]") {
  const Config config = good(
      "site: sha-1\n"
      "workers: 3\n"
      "listen:\n"
      "  - address: 127.0.0.1:0\n"
      "  - address: \"[::1]:8443\"\n"
      "http: {header_bytes_max: 32KiB, timeouts: {idle: 90s}}\n"
      "origin: {urls: [\"http://127.0.0.1:1\", \"https://pics.example\"], timeouts: {total: 1m}, "
      "http2: false, tls: {verify: false}}\n"
      "avatars: {routes: [\"/u/{avatar}\"], version_header: V}\n"
      "cache: {memory: 64MiB, object_max: 1MiB, default_ttl: 500ms, negative_ttl: 0}\n"
      "log: {level: debug, access: all}\n"
      "drain: 0s\n");
  CHECK(config.site == "sha-1");
  CHECK(config.workers == 3);
  REQUIRE(config.listen.size() == 2);
  CHECK(config.listen[0].address == "127.0.0.1:0");
  CHECK(config.listen[1].address == "[::1]:8443");
  CHECK(config.http.header_bytes_max == 32 * 1024);
  CHECK(config.http.idle_timeout == 90s);
  CHECK(config.origin.urls == std::vector<std::string>{"http://127.0.0.1:1", "https://pics.example"});
  CHECK(config.origin.total_timeout == 60s);
  CHECK_FALSE(config.origin.http2);
  CHECK_FALSE(config.origin.verify_tls);
  CHECK(config.avatars.routes == std::vector<std::string>{"/u/{avatar}"});
  CHECK(config.avatars.version_header == "V");
  CHECK(config.cache.memory_bytes == 64u << 20);
  CHECK(config.caching.freshness.default_ttl == 500ms);
  CHECK(config.caching.freshness.negative_ttl == 0s);
  CHECK(config.log.level == edge::LogLevel::Debug);
  CHECK(config.access_log == edge::frontend::AccessLogMode::All);
  CHECK(config.drain == 0s);
}

TEST_CASE("a body that may be stored may be collected", "[app]") {
  CHECK(good("cache: {object_max: 1MiB}").origin.collect_bytes_max == 1u << 20);
  CHECK(good("").origin.collect_bytes_max == Config{}.origin.collect_bytes_max);
}

TEST_CASE("the sample file is valid, says the defaults, and names every key of the table", "[app]") {
  CHECK(forms(good(load_config(sample_file()))) == forms(Config{}));

  const YamlDocument document = [] {
    std::ifstream file(sample_file());
    return parse_yaml(std::string{std::istreambuf_iterator<char>(file), {}});
  }();
  for (const ConfigKey& key : config_keys()) {
    // In comments: config_tls_test.cc, config_limits_test.cc, config_signed_urls_test.cc.
    if (key.path.starts_with("listen[].tls.") || key.path.starts_with("limits.rates[].") ||
        key.path.starts_with("signed_urls.keys[]."))
      continue;
    CAPTURE(key.path);
    const YamlNode* node = &document.root;
    for (std::string_view rest = key.path; !rest.empty() && node;) {
      const std::size_t end = std::min(rest.find('.'), rest.size());
      const bool in_list = rest.substr(0, end).ends_with("[]");
      const std::string_view name = rest.substr(0, in_list ? end - 2 : end);
      const auto& entries = node->entries;
      const auto found = std::ranges::find(entries, name, &YamlEntry::key);
      node = found == entries.end() ? nullptr : in_list ? &found->value.items.at(0) : &found->value;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    CHECK(node != nullptr);
  }
}

TEST_CASE("every default lies within its range, and every key has its sentence", "[app]") {
  for (const ConfigKey& key : config_keys()) {
    CAPTURE(key.path);
    CHECK(key.help.ends_with('.'));
    if (const auto* quantity = std::get_if<Quantity>(&key.kind)) {
      const std::uint64_t value = quantity->member.read(Config{}, {});
      CHECK(value >= quantity->min);
      CHECK(value <= quantity->max);
    }
  }
}

TEST_CASE("an unknown key is named, with what was probably meant", "[app]") {
  CHECK(problems("cache:\n  memroy: 1MiB\n") == "f:2:3: unknown key 'memroy' in cache; did you mean 'memory'?\n");
  CHECK(problems("cahce: {}\n") == "f:1:1: unknown key 'cahce'; did you mean 'cache'?\n");
  CHECK(problems("memory: 1MiB\n") == "f:1:1: unknown key 'memory'; did you mean cache.memory?\n");
  CHECK(problems("admin: {bandwidth: 1}\n") ==
        "f:1:9: unknown key 'bandwidth' in admin; there are address, socket_mode, token_file, tls, client\n");
  CHECK(problems("listen:\n- adress: 0.0.0.0:1\n") ==
        "f:2:3: unknown key 'adress' in listen[0]; did you mean 'address'?\n");
  CHECK(problems("cache: {<<: {}}\n") ==
        "f:1:9: unknown key '<<' in cache; merge keys are not supported, write the keys out\n");
}

TEST_CASE("a path is not a key", "[app]") {
  CHECK(problems("cache.memory: 1MiB\n").starts_with("f:1:1: unknown key 'cache.memory'"));
  CHECK(problems("\"listen[]\": {}\n").starts_with("f:1:1: unknown key 'listen[]'"));
  CHECK(problems("\"\": 1\n").starts_with("f:1:1: unknown key ''"));
}

TEST_CASE("keys of later versions are unknown", "[app]") {
  for (const char* text : {"redis: {cluster: true}", "sync: {}"}) {
    CAPTURE(text);
    CHECK(problems(text).find("unknown key") != std::string::npos);
  }
}

TEST_CASE("the update feed has a Redis, a stream and a lease, or there is none", "[app]") {
  const Config config =
      good("updates: {url: \"redis://:secret@10.0.0.1:7000/3\", stream: faces, lease: 2s, registry: 4s, settle: 0s}");
  CHECK(config.updates.url.place() == "10.0.0.1:7000");
  CHECK(config.updates.url.database == 3);
  CHECK(config.updates.stream == "faces");
  CHECK(config.updates.lease == 2s);
  CHECK(config.cache.settle == 0s);
  CHECK(good("updates: {url: null}").updates_url.empty());
  CHECK(problems("updates: {url: \"http://a\"}").starts_with("f:1:16: updates.url: not a Redis URL"));
  CHECK(problems("updates: {url: \"redis://a/x\"}").find("secret") == std::string::npos);
  CHECK(problems("updates: {stream: \"a{b}\"}").starts_with("f:1:19: updates.stream: not a key"));
  CHECK(problems("updates: {lease: 10s, registry: 19s}") ==
        "f:1:33: updates.registry (19s) is less than twice updates.lease (10s)\n");
}

TEST_CASE("a list of maps that may be empty is so by default", "[app]") {
  CHECK(good("limits: {rates: []}").limits.rates.empty());
  CHECK(problems("listen: []\n") == "f:1:9: listen: 0 of them; write 1 to 64\n");
}

TEST_CASE("a key that is there twice is a problem at its second place", "[app]") {
  CHECK(problems("cache:\n  memory: 1GiB\n  object_max: 1MiB\n  memory: 2GiB\n") ==
        "f:4:3: cache.memory is here a second time; it stands on line 2 already\n");
}

TEST_CASE("a size with a wrong unit is told the right one", "[app]") {
  CHECK(problems("cache: {memory: 512MB}\n") == "f:1:17: cache.memory: not a size: '512MB'; write 512MiB\n");
  CHECK(problems("cache: {memory: 512 mb}\n") == "f:1:17: cache.memory: not a size: '512 mb'; write 512MiB\n");
  CHECK(problems("cache: {memory: 1073741824}\n") ==
        "f:1:17: cache.memory: not a size: '1073741824'; write a whole number and its unit, such as 64KiB, 512MiB or "
        "1GiB\n");
  for (const char* wrong : {"1.5GiB", "-1MiB", "0x10MiB", "1e3", "MiB", "''"}) {
    CAPTURE(wrong);
    CHECK(problems(std::string("cache: {memory: ") + wrong + "}").find("cache.memory: not a size") !=
          std::string::npos);
  }
}

TEST_CASE("a duration with a wrong unit is told the right one", "[app]") {
  CHECK(problems("drain: 30sec\n") == "f:1:8: drain: not a duration: '30sec'; write 30s\n");
  CHECK(problems("drain: 5 min\n") == "f:1:8: drain: not a duration: '5 min'; write 5m\n");
  for (const char* wrong : {"30", "-1s", "1.5s", "1h30m", "forever", "99999999999999999999s"}) {
    CAPTURE(wrong);
    CHECK(problems(std::string("drain: ") + wrong).starts_with("f:1:8: drain: not a duration"));
  }
}

TEST_CASE("a number is decimal digits and nothing else", "[app]") {
  CHECK(good("workers: 0").workers == 0);
  CHECK(good("workers: 256").workers == 256);
  for (const char* wrong : {"0x10", "1e1", "-1", "+1", "010", "1_0", "1.0", "two", "true"}) {
    CAPTURE(wrong);
    CHECK(problems(std::string("workers: ") + wrong) ==
          "f:1:10: workers: not a whole number: '" + std::string(wrong) + "'; write decimal digits alone\n");
  }
  CHECK(problems("workers: \"4\"") == "f:1:10: workers: a text, not a number: \"4\"; write it without quotes\n");
}

TEST_CASE("a value out of range is told the range in its own unit", "[app]") {
  CHECK(problems("workers: 257") == "f:1:10: workers: 257 is out of range; write 0 to 256\n");
  CHECK(problems("drain: 2d") == "f:1:8: drain: 2d is out of range; write 0s to 1d\n");
  CHECK(problems("http: {header_bytes_max: 5GiB}") ==
        "f:1:26: http.header_bytes_max: 5GiB is out of range; write 1KiB to 1MiB\n");
}

TEST_CASE("only true and false are true or false", "[app]") {
  CHECK(good("origin: {tls: {verify: true}}").origin.verify_tls);
  for (const char* wrong : {"yes", "no", "on", "True", "1", "\"true\""}) {
    CAPTURE(wrong);
    CHECK(problems(std::string("origin: {tls: {verify: ") + wrong + "}}")
              .starts_with("f:1:24: origin.tls.verify: not true or false"));
  }
}

TEST_CASE("a choice lists its values", "[app]") {
  CHECK(problems("log: {level: loud}") ==
        "f:1:14: log.level: not one of its values: 'loud'; write debug, info, warning or error\n");
}

TEST_CASE("a value of the wrong shape is told the right one", "[app]") {
  CHECK(problems("cache: [1]") == "f:1:8: cache: found a list; write a map of keys, such as memory: ...\n");
  CHECK(problems("cache: 1MiB").starts_with("f:1:8: cache: found a single value; write a map of keys"));
  CHECK(problems("- a\n").starts_with("f:1:1: the file: found a list; write a map of keys"));
  CHECK(problems("cache: {memory: [1MiB]}") == "f:1:17: cache.memory: found a list; write a size such as 512MiB\n");
  CHECK(problems("origin: {urls: http://a}").starts_with("f:1:16: origin.urls: found a single value; write a list"));
  CHECK(problems("origin: {urls: []}").starts_with("f:1:16: origin.urls: an empty list"));
  CHECK(problems("origin: {urls: [[a]]}").starts_with("f:1:17: origin.urls[0]: found a list; write one text"));
  CHECK(problems("avatars: {routes: [{a: b}]}").starts_with("f:1:20: avatars.routes[0]: found a map; write one text"));
  CHECK(problems("origin: {urls: [{a: b}]}").starts_with("f:1:18: origin.urls[0]: 'a' will not do; write {url: URL"));
  CHECK(problems("origin: {urls: [{weight: 3}]}").starts_with("f:1:17: origin.urls[0]: has no url"));
  for (const char* const weight : {"0", "1001", "heavy", "1.5", "[1]"})
    CHECK(problems(std::string("origin: {urls: [{url: \"http://a\", weight: ") + weight + "}]}")
              .starts_with("f:1:35: origin.urls[0]: 'weight' will not do"));
  CHECK(
      problems("origin: {urls: [\"http://a\", {url: \"http://a\", weight: 2}]}").ends_with("is in the list already\n"));
  CHECK(problems("listen: 0.0.0.0:80").starts_with("f:1:9: listen: found a single value; write a list"));
  CHECK(problems("listen: []") == "f:1:9: listen: 0 of them; write 1 to 64\n");
  CHECK(problems("listen: [0.0.0.0:80]").starts_with("f:1:10: listen[0]: found a single value; write a map"));
}

TEST_CASE("a key without a value is a problem where it stands, except where null means none", "[app]") {
  CHECK(problems("cache:\n  memory:\n  object_max: 1MiB\n") ==
        "f:2:3: cache.memory: has no value; leave the key out for the default, 512MiB\n");
  CHECK(problems("log: {file: ~}").starts_with("f:1:7: log.file: has no value"));
  CHECK(good("admin: {token_file: null}\norigin: {tls: {ca_file: ~}}\n").origin.ca_file.empty());
}

TEST_CASE("texts are checked", "[app]") {
  CHECK(problems("site: Shanghai").starts_with("f:1:7: site: not a site name: 'Shanghai'; write 1 to 64"));
  CHECK(problems("site: " + std::string(65, 'a')).starts_with("f:1:7: site: not a site name"));
  CHECK(good("site: " + std::string(64, 'a')).site.size() == 64);
  CHECK(problems("avatars: {version_header: \"X Y\"}").starts_with("f:1:27: avatars.version_header: not a field name"));
  CHECK(problems("admin: {address: localhost:1}").starts_with("f:1:18: admin.address: not an address"));
  CHECK(problems("origin: {urls: [\"http://a\", \"gopher://b\"]}").starts_with("f:1:29: origin.urls[1]: "));
  CHECK(problems("avatars: {routes: [\"avatars\"]}").starts_with("f:1:20: avatars.routes[0]: "));
  CHECK(problems("origin: {urls: [\"http://a\", \"http://a\"]}") ==
        "f:1:29: origin.urls[1]: 'http://a' is in the list already\n");
}

TEST_CASE("timeouts that can never be reached are a contradiction at the later key", "[app]") {
  CHECK(problems("origin:\n  timeouts:\n    first_byte: 60s\n    total: 30s\n") ==
        "f:4:12: origin.timeouts.first_byte (1m) is longer than origin.timeouts.total (30s)\n");
  CHECK(problems("origin:\n  timeouts:\n    total: 2s\n") ==
        "f:3:12: origin.timeouts.first_byte (5s) is longer than origin.timeouts.total (2s)\n");
  CHECK(problems("origin: {timeouts: {connect: 6s}}") ==
        "f:1:30: origin.timeouts.connect (6s) is longer than origin.timeouts.first_byte (5s)\n");
}

TEST_CASE("what the origin's URLs are asked for when they are checked is a path, or nothing", "[app]") {
  CHECK(good("").origin.health.path.empty());
  CHECK(good("origin: {health: {path: null}}").origin.health.path.empty());
  CHECK(good("origin: {health: {path: \"/a?b=c\"}}").origin.health.path == "/a?b=c");
  for (const char* wrong : {"healthz", "'*'", "'/a b'", "http://a/"})
    CHECK(problems(std::string("origin: {health: {path: ") + wrong + "}}")
              .starts_with("f:1:25: origin.health.path: not a path"));
  CHECK(problems("origin: {health: {timeout: 6s}}") ==
        "f:1:28: origin.health.timeout (6s) is longer than origin.health.interval (5s)\n");
  CHECK(problems("origin: {health: {status_min: 500}}") ==
        "f:1:31: origin.health.status_min (500) is more than origin.health.status_max (399)\n");
}

TEST_CASE("what cannot be kept is a contradiction", "[app]") {
  CHECK(problems("cache: {memory: 4MiB}") == "f:1:17: cache.object_max (8MiB) is more than cache.memory (4MiB)\n");
  CHECK(good("cache: {memory: 8MiB}").cache.memory_bytes == 8u << 20);
  CHECK(problems("workers: 8\norigin: {max_concurrent: 4}") ==
        "f:2:26: workers (8) is more than origin.max_concurrent (4)\n");
}

TEST_CASE("a key that is wrong in itself contradicts no other", "[app]") {
  CHECK(problems("cache: {memory: 512MB, object_max: 1GiB}") ==
        "f:1:17: cache.memory: not a size: '512MB'; write 512MiB\n");
}

TEST_CASE("two listeners may not ask for the same", "[app]") {
  CHECK(problems("listen:\n- address: 127.0.0.1:80\n- address: 127.0.0.1:80\n") ==
        "f:3:12: listen[1].address (127.0.0.1:80) takes what listen[0].address (127.0.0.1:80) asks for\n");
  CHECK(problems("listen:\n- address: 127.0.0.1:80\n- address: 0.0.0.0:80\n").starts_with("f:3:12: "));
  CHECK(problems("listen:\n- address: \"[::1]:80\"\n- address: \"[0:0:0:0:0:0:0:1]:80\"\n").starts_with("f:3:12: "));
  CHECK(problems("listen: [{address: 0.0.0.0:9180}]") ==
        "f:1:20: listen[0].address (0.0.0.0:9180) takes what admin.address (127.0.0.1:9180) asks for\n");
  CHECK(
      good("listen:\n- address: 127.0.0.1:0\n- address: 127.0.0.1:0\nadmin: {address: 127.0.0.1:0}\n").listen.size() ==
      2);
  CHECK(good("listen:\n- address: 0.0.0.0:80\n- address: \"[::]:80\"\n").listen.size() == 2);
}

TEST_CASE("an admin port that others can reach needs a token", "[app]") {
  TestFolder folder;
  folder.write("token", "  0123456789abcdef\n");
  CHECK(
      problems("admin: {address: 0.0.0.0:9180}") ==
      "f:1:18: admin.token_file is missing; admin.address (0.0.0.0:9180) is not loopback, so requests need a token, or "
      "clients a certificate (admin.tls.client_ca_file)\n");
  const Config config = good("admin: {address: 0.0.0.0:9180, token_file: token}", folder.path());
  CHECK(config.admin.token == "0123456789abcdef");
  CHECK(config.admin.token_file == (folder.path() / "token").native());
  CHECK(good("admin: {address: \"[::1]:9180\"}").admin.token.empty());
}

TEST_CASE("a token file must be there, long enough, and not for everybody", "[app]") {
  TestFolder folder;
  folder.write("short", "0123456789abcde\n\n");
  folder.write("open", "0123456789abcdef\n", 0644);
  folder.write("lines", "0123456789abcdef\n0123456789abcdef\n");
  folder.write("blank", " \n\t\n");
  const auto token = [&](const std::string& name) {
    return problems("admin: {token_file: " + name + "}", folder.path());
  };
  CHECK(token("absent").find("absent': No such file or directory") != std::string::npos);
  CHECK(token("absent").starts_with("f:1:21: admin.token_file: cannot read '"));
  CHECK(token("short").find("has 15 bytes; write at least 16") != std::string::npos);
  CHECK(token("blank").find("has 0 bytes; write at least 16") != std::string::npos);
  CHECK(token("open").starts_with("f:1:21: admin.token_file: everybody may read or write"));
  CHECK(token("lines").find("has characters besides visible ASCII") != std::string::npos);
  CHECK(token(".").find("not a regular file") != std::string::npos);
}

TEST_CASE("files are looked for from the folder of the configuration", "[app]") {
  TestFolder folder;
  folder.write("ca.pem", "x");
  const auto file = folder.write("edge.yaml", "origin: {tls: {ca_file: ca.pem}}\nlog: {file: edge.log}\n");
  const LoadedConfig loaded = load_config(file);
  REQUIRE(loaded);
  CHECK(loaded.config->origin.ca_file == (folder.path() / "ca.pem").native());
  CHECK(loaded.config->log.file == (folder.path() / "edge.log").native());
  CHECK(problems("origin: {tls: {ca_file: no.pem}}", folder.path()).starts_with("f:1:25: origin.tls.ca_file: cannot"));
  CHECK(problems("log: {file: no/edge.log}", folder.path()).starts_with("f:1:13: log.file: cannot write into"));
  CHECK(problems("log: {file: ca.pem, access_file: ca.pem}", folder.path()) ==
        "f:1:34: log.access_file is the same file as log.file; give each its own\n");
}

TEST_CASE("all problems of a file come in one go, in the order of their places", "[app]") {
  CHECK(problems("drain: soon\ncache: {memory: 4MiB, objekt_max: 1}\nworkers: many\n") ==
        "f:1:8: drain: not a duration: 'soon'; write a whole number and its unit, such as 200ms, 5s, 10m or 1h\n"
        "f:2:17: cache.object_max (8MiB) is more than cache.memory (4MiB)\n"
        "f:2:23: unknown key 'objekt_max' in cache; did you mean 'object_max'?\n"
        "f:3:10: workers: not a whole number: 'many'; write decimal digits alone\n");
}

TEST_CASE("a file full of problems is cut short", "[app]") {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "unheard_of_" + std::to_string(i) + ": 1\n";
  const LoadedConfig loaded = parse_config(text, {});
  REQUIRE(loaded.problems.size() == 101);
  CHECK(loaded.problems.back().text == "and 4900 more problems after this");
}

TEST_CASE("a file that is absent, a folder, or too large is a problem without a line", "[app]") {
  TestFolder folder;
  const auto line = [](const std::filesystem::path& file) {
    const LoadedConfig loaded = load_config(file);
    REQUIRE(loaded.problems.size() == 1);
    return format_problem("f", loaded.problems.front());
  };
  CHECK(line(folder.path() / "absent.yaml").starts_with("f: cannot read '"));
  CHECK(line(folder.path()).starts_with("f: cannot read '"));
  CHECK(line(folder.write("large.yaml", std::string((1 << 20) + 1, '#'))).ends_with("is larger than 1MiB"));
  CHECK(load_config(folder.write("full.yaml", std::string(1 << 20, '#'))));
}

TEST_CASE("anchors spare repetition", "[app]") {
  const Config config = good("http: {timeouts: &all {idle: 7s}}\ndrain: &d 9s\norigin: {eject: *d}\n");
  CHECK(config.http.idle_timeout == 7s);
  CHECK(config.origin.eject == 9s);
}

TEST_CASE("values in messages are shortened and escaped", "[app]") {
  CHECK(quote("a\x01\n") == "'a\\x01\\x0a'");
  CHECK(quote(std::string(1000, 'x')).size() == 85);
}
