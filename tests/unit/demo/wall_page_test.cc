#include "demo/wall_page.h"

#include <string>

#include "demo/wall_html.h"
#include "http/fields.h"
#include "support/catch.h"

namespace edge::demo {
namespace {

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_CASE("the page links to the admin port that it is given", "[demo]") {
  const WallPage page = make_wall_page("127.0.0.1:9180", "n0nce");
  CHECK(count(page.html, "href=\"http://127.0.0.1:9180/status\"") == 1);
  CHECK(count(page.html, "href=\"http://127.0.0.1:9180/metrics\"") == 1);
  CHECK(count(page.html, "{{") == 0);
}

TEST_CASE("what is inserted cannot end an attribute", "[demo]") {
  const WallPage page = make_wall_page("\"><b>&", "n");
  CHECK(count(page.html, "http://&quot;&gt;&lt;b&gt;&amp;/status") == 1);
}

TEST_CASE("only the page's own script and style may run", "[demo]") {
  const WallPage page = make_wall_page("a:1", "n0nce");
  const std::string policy = http::parse_lines(page.fields).combined("content-security-policy");
  CHECK(count(policy, "default-src 'none'") == 1);
  CHECK(count(policy, "script-src 'nonce-n0nce'") == 1);
  CHECK(count(policy, "style-src 'nonce-n0nce'") == 1);
  CHECK(count(policy, "unsafe") == 0);
  CHECK(count(page.html, "<script nonce=\"n0nce\">") == 1);
  CHECK(count(page.html, "<style nonce=\"n0nce\">") == 1);
}

TEST_CASE("the page needs nothing from elsewhere and nothing that the policy forbids", "[demo]") {
  const std::string html(kWallHtml);
  CHECK(count(html, "<script") == 1);
  CHECK(count(html, "<style") == 1);
  CHECK(count(html, "@import") == 0);
  for (const std::string_view inline_code : {" style=\"", " onclick=\"", " onload=\"", " onerror=\"", " onchange=\""})
    CHECK(count(html, inline_code) == 0);
  CHECK(count(html, "\"//") == 0);
  CHECK(count(html, "https:") == 0);
  CHECK(count(html, "http:") == count(html, "http://{{admin}}/"));  // No other host.
  CHECK(html.starts_with("<!doctype html>"));
  CHECK(html.ends_with("</html>\n"));
}

}  // namespace
}  // namespace edge::demo
