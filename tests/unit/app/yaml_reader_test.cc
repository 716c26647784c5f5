#include "app/yaml_reader.h"

#include "support/catch.h"

using namespace edge::app;

namespace {

Problem only_problem(const std::string& text) {
  const YamlDocument document = parse_yaml(text);
  REQUIRE(document.problems.size() == 1);
  return document.problems.front();
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("a map keeps its keys in order, each with its place", "[app]") {
  const YamlDocument document = parse_yaml("b: 1\na:\n  c: [x, \"2\"]\n");
  REQUIRE(document.problems.empty());
  const YamlNode& root = document.root;
  REQUIRE(root.kind == YamlNode::Kind::Map);
  REQUIRE(root.entries.size() == 2);
  CHECK(root.entries[0].key == "b");
  CHECK(root.entries[0].key_at == Position{1, 1});
  CHECK(root.entries[0].value.text == "1");
  CHECK(root.entries[0].value.at == Position{1, 4});
  const YamlEntry& inner = root.entries[1].value.entries.at(0);
  CHECK(inner.key_at == Position{3, 3});
  REQUIRE(inner.value.items.size() == 2);
  CHECK(inner.value.at == Position{3, 6});
  CHECK(inner.value.items[1].at == Position{3, 10});
  CHECK_FALSE(inner.value.items[0].in_quotes);
  CHECK(inner.value.items[1].in_quotes);
}

TEST_CASE("an empty text, comments alone and ~ are null", "[app]") {
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "~", "null\n", "\xef\xbb\xbf"}) {
    CAPTURE(text);
    const YamlDocument document = parse_yaml(text);
    CHECK(document.problems.empty());
    CHECK(document.root.kind == YamlNode::Kind::Null);
  }
}

TEST_CASE("lines that end in CR LF are read like others", "[app]") {
  const YamlDocument document = parse_yaml("a: 1\r\nb: 2\r\n");
  REQUIRE(document.problems.empty());
  CHECK(document.root.entries.at(1).value.text == "2");
  CHECK(document.root.entries.at(1).key_at == Position{2, 1});
}

TEST_CASE("an alias stands for what was anchored", "[app]") {
  const YamlDocument document = parse_yaml("a: &ten 10s\nb: *ten\n");
  REQUIRE(document.problems.empty());
  CHECK(document.root.entries.at(1).value.text == "10s");
  CHECK(document.root.entries.at(1).value.at == Position{2, 4});
}

TEST_CASE("a syntax error is a problem at its place", "[app]") {
  CHECK(only_problem("a: [1, 2\nb: 3\n").at.line == 2);
  CHECK(only_problem("a: 1\n b: 2\n").at.line == 2);
  CHECK(only_problem("a: *nobody\n").at.line == 1);
}

TEST_CASE("a quote that never ends does not swallow the rest of the file", "[app]") {
  const Problem problem = only_problem("a: 1\nb: \"open\nc: 3\n");
  CHECK(problem.at == Position{2, 4});
  CHECK(problem.text == "a quote that never ends");
  CHECK(only_problem("b: 'it''s open\n").at == Position{1, 4});
  CHECK(only_problem("b: &x \"open\\\"\n").at == Position{1, 4});
  CHECK(parse_yaml("a: \"\\\"\"\nb: 'it''s'\nc: \"two\n  lines\"\nd: &x ''\n").problems.empty());
}

TEST_CASE("a tab in the indentation is called by its name", "[app]") {
  const Problem problem = only_problem("cache:\n\tmemory: 1MiB\n");
  CHECK(problem.at.line == 2);
  CHECK(problem.text == "a tab in the indentation; YAML indents with spaces");
}

TEST_CASE("what would be taken for the end of the text is a problem instead", "[app]") {
  using namespace std::string_literals;
  CHECK(only_problem("a: 1\nb\x04: 2\n").at == Position{2, 2});
  CHECK(only_problem("a: \0"s).text == "a control character, '\\x00'; the file must be UTF-8 text");
  CHECK(only_problem("\xff\xfe"
                     "a\0:\0"s)
            .at == Position{1, 4});
}

TEST_CASE("endless nesting is a problem, not a crash", "[app]") {
  CHECK(only_problem(repeat("[", 50'000)).text == "nested too deeply");
  CHECK(only_problem(repeat("{a: ", 50'000)).text == "nested too deeply");
  CHECK(only_problem(repeat("- ", 50'000)).text == "nested too deeply");
  CHECK(only_problem("a: &x [[[[[[[[[[1]]]]]]]]]]\nb: [[[[[[[*x]]]]]]]\n").text == "nested too deeply");
}

TEST_CASE("aliases that multiply are a problem, not a full memory", "[app]") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string above = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + above + repeat(", " + above, 9) + "]\n";
  }
  CHECK(only_problem(text).text == "too many values, or aliases that multiply");
}

TEST_CASE("an alias within what it stands for is a problem", "[app]") {
  CHECK(only_problem("a: &a [*a]\n").text == "an alias inside of what it stands for");
}

TEST_CASE("tags, several documents and keys that are no text are problems", "[app]") {
  CHECK(only_problem("a: !!int 1\n").at.line == 1);
  CHECK(only_problem("a: 1\n---\nb: 2\n").text == "a second YAML document; write one");
  CHECK(only_problem("[a, b]: 1\n").text.starts_with("a key must be plain text, not a list"));
  CHECK(only_problem("~: 1\n").text.starts_with("a key must be plain text, not nothing"));
}

TEST_CASE("every beginning of a text is answered, with a tree or with one problem", "[app]") {
  const std::string text = "a: {b: [1, \"x\", 'y'], c: &n ~}\nd: *n\ne: |\n  many\n  lines\n? f\n: - 1\n  - {g: h}\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CAPTURE(size);
    CHECK(parse_yaml(std::string_view(text).substr(0, size)).problems.size() <= 1);
  }
}
