#include "demo/wall_page.h"

#include "demo/wall_html.h"
#include "http/fields.h"

namespace edge::demo {
namespace {

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

struct Placeholder {
  std::string_view name;
  std::string value;
};

// `page` with each "{{name}}" replaced by its value.
template <std::size_t Count>
std::string fill_in(std::string_view page, const Placeholder (&placeholders)[Count]) {
  std::string filled;
  filled.reserve(page.size() + 256);
  while (!page.empty()) {
    const std::size_t open = page.find("{{");
    filled.append(page.substr(0, open));
    if (open == std::string_view::npos) break;
    page.remove_prefix(open);
    std::size_t taken = 2;
    std::string_view value = "{{";
    for (const Placeholder& placeholder : placeholders) {
      if (!page.substr(2).starts_with(placeholder.name) || !page.substr(2 + placeholder.name.size()).starts_with("}}"))
        continue;
      taken = placeholder.name.size() + 4;
      value = placeholder.value;
    }
    filled.append(value);
    page.remove_prefix(taken);
  }
  return filled;
}

}  // namespace

WallPage make_wall_page(std::string_view admin_address, std::string_view nonce) {
  WallPage page;
  http::append_line(page.fields, "content-type", "text/html; charset=utf-8");
  http::append_line(page.fields, "cache-control", "no-store");
  std::string policy = "default-src 'none'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; ";
  policy.append("form-action 'none'; frame-ancestors 'none'; script-src 'nonce-").append(nonce);
  policy.append("'; style-src 'nonce-").append(nonce).append("'");
  http::append_line(page.fields, "content-security-policy", policy);
  http::append_line(page.fields, "referrer-policy", "no-referrer");
  http::append_line(page.fields, "x-content-type-options", "nosniff");
  page.html = fill_in(kWallHtml, {{"admin", escape_html(admin_address)}, {"nonce", escape_html(nonce)}});
  return page;
}

}  // namespace edge::demo
