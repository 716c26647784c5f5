#include "admin/explain.h"

#include "admin/answers.h"
#include "base/rfc3339.h"
#include "http/target.h"

namespace edge::admin {
namespace {

using std::chrono::milliseconds;

std::string why_not_stored(http::Storability storability) {
  switch (storability) {
    case http::Storability::Storable:
      return "its body was larger than cache.object_max";
    case http::Storability::MethodNotGet:
      return "the method was not GET";
    case http::Storability::StatusNotFinal:
    case http::Storability::StatusPartial:
      return "the origin answered with no whole picture (206, 304 or 1xx)";
    case http::Storability::NotUnderstood:
      return "it said must-understand with a status that this cache does not know";
    case http::Storability::ResponseNoStore:
      return "it said no-store";
    case http::Storability::Private:
      return "it said private";
    case http::Storability::Authorized:
      return "the request had Authorization, and the response said neither public nor s-maxage nor must-revalidate";
    case http::Storability::SetsCookie:
      return "it set a cookie (cache.set_cookie)";
    case http::Storability::VariesByAnything:
      return "it said Vary: *";
    case http::Storability::NothingAllows:
      return "it did not say for how long, and its status does not allow guessing";
    case http::Storability::FreshForNoTime:
      return "nothing said that it would be fresh for any time, and it had neither ETag nor Last-Modified to ask again "
             "with";
  }
  return {};
}

// "40 s", "1 h 2 min": whole seconds, for people.
std::string in_words(milliseconds time) {
  const auto all = std::chrono::floor<std::chrono::seconds>(time).count();
  if (all >= 86'400) return std::to_string(all / 86'400) + " d " + std::to_string(all % 86'400 / 3'600) + " h";
  if (all >= 3'600) return std::to_string(all / 3'600) + " h " + std::to_string(all % 3'600 / 60) + " min";
  if (all >= 60) return std::to_string(all / 60) + " min " + std::to_string(all % 60) + " s";
  return std::to_string(all) + " s";
}

std::string explain_stale(const cache::EntryReport& entry) {
  const milliseconds since = -entry.fresh_for;
  std::string text = entry.is_suspect ? "purged softly" : "stale for " + in_words(since);
  text += std::string(" (lifetime by ") += http::to_text(entry.lifetime_source);
  text += !entry.is_suspect && since < entry.stale_while_revalidate
              ? "): served as it is, and revalidated behind the answer"
              : "): the origin is asked before the next use";
  if (since < entry.stale_if_error) text += "; served as it is should the origin fail";
  return text;
}

std::string describe(const cache::EntryReport& entry, WallTime now) {
  std::string text = "- " + std::to_string(entry.status) + ", " + std::to_string(entry.body_bytes) + " bytes, age " +
                     in_words(entry.age);
  if (!entry.etag.empty()) text += ", ETag " + entry.etag;
  if (entry.version) text += ", version " + std::to_string(*entry.version);
  text += "\n  " + explain(entry) + "\n";
  if (entry.fresh_for.count() > 0) text += "  fresh until " + std::string(Rfc3339(now + entry.fresh_for).view()) + "\n";
  if (entry.stale_while_revalidate.count() > 0)
    text += "  then for " + in_words(entry.stale_while_revalidate) + " served while it is revalidated\n";
  if (entry.stale_if_error.count() > 0)
    text += "  then for " + in_words(entry.stale_if_error) + " served should the origin fail\n";
  for (const http::Field& field : http::parse_lines(entry.selecting))
    text += "  for requests with " + std::string(field.name) + ": " + std::string(field.value) + "\n";
  return text;
}

std::string describe_mark(const cache::EntryReport& entry) { return "- " + explain(entry) + "\n"; }

}  // namespace

std::string explain(const cache::EntryReport& entry) {
  const bool is_current = entry.fresh_for.count() > 0;
  if (entry.status == 0) {
    const std::string why = why_not_stored(entry.storability);
    return is_current ? "not stored because " + why + "; each request asks the origin for itself, for another " +
                            in_words(entry.fresh_for)
                      : "was not stored because " + why + "; the next request tries again";
  }
  if (!is_current) return explain_stale(entry);
  if (!entry.is_trusted)
    return "fresh, but the update feed has not been heard for a lease, or had a gap, since it was asked for: the "
           "origin "
           "is asked before the next use";
  return "fresh for another " + in_words(entry.fresh_for) + " (lifetime by " +
         std::string(http::to_text(entry.lifetime_source)) + "): served without asking the origin";
}

void explain_url(frontend::Exchange& exchange, std::string_view target, const cache::MemoryCache& cache,
                 const serving::Routes& routes) {
  std::string scratch;
  const auto parsed = http::parse_target(target, scratch);
  if (!parsed) return answer_error(exchange, 400, parsed.error().message);
  std::string avatar_scratch;
  const serving::RouteMatch match = routes.avatar_of(parsed->path, avatar_scratch);
  const cache::AvatarReport report = cache.report(match.avatar);

  std::string text(parsed->path_and_query);
  text += "\navatar " + std::string(match.avatar) + ", ";
  text += match.route ? "by the route " + match.route->pattern : "by no route: the path names an avatar of its own";
  text += '\n';
  if (report.floor && report.floor->version)
    text += "no version below " + std::to_string(*report.floor->version) + " is stored\n";
  if (report.floor && report.floor->id != cache::EventId{})
    text += "its last update event was " + report.floor->id.text() + "\n";
  std::size_t held = 0;
  for (const auto& entry : report.entries) {
    if (entry.url != parsed->path_and_query) continue;
    ++held;
    text += entry.status == 0 ? describe_mark(entry) : describe(entry, exchange.loop().wall());
  }
  for (const auto& [url, waiters] : report.fills)
    if (url == parsed->path_and_query)
      text += "- the origin is being asked for it; " + std::to_string(waiters) + " requests wait\n";
  if (held == 0)
    text +=
        "nothing is held: it was not asked for, its answer was an error or for one client alone, it was invalidated, "
        "or it made room for others\n";
  answer_text(exchange, 200, text);
}

}  // namespace edge::admin
