#include "app/config_table.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/config_checks.h"
#include "base/overloaded.h"
#include "base/units.h"

namespace edge::app {
namespace {

using cache::CacheOptions;
using feed::FeedOptions;
using frontend::ServerOptions;
using http::FreshnessDefaults;
using http::StaleDefaults;
using origin::OriginOptions;
using serving::CachingPolicy;

// The member at the end of a path of member pointers; a list on the way gives its `item`.
template <auto first, auto... rest, class Object>
auto& follow(Object& object, std::size_t item) {
  auto& next = object.*first;
  if constexpr (sizeof...(rest) == 0)
    return next;
  else if constexpr (requires { next.at(item); })
    return follow<rest...>(next.at(item), item);
  else
    return follow<rest...>(next, item);
}

template <auto... path>
using MemberType = std::remove_reference_t<decltype(follow<path...>(std::declval<Config&>(), 0))>;

template <class T>
constexpr bool kIsDuration = false;
template <class Rep, class Period>
constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

// Integers, enumerations and milliseconds, all as one kind of number.
template <auto... path>
constexpr Member<std::uint64_t> number{[](const Config& config, std::size_t item) -> std::uint64_t {
                                         const auto& member = follow<path...>(config, item);
                                         if constexpr (kIsDuration<MemberType<path...>>)
                                           return static_cast<std::uint64_t>(member.count());
                                         else
                                           return static_cast<std::uint64_t>(member);
                                       },
                                       [](Config& config, std::size_t item, std::uint64_t value) {
                                         using T = MemberType<path...>;
                                         if constexpr (kIsDuration<T>)
                                           follow<path...>(config, item) = T{static_cast<typename T::rep>(value)};
                                         else
                                           follow<path...>(config, item) = static_cast<T>(value);
                                       }};

// Strings, lists of strings and bools, as they are.
template <auto... path>
constexpr Member<MemberType<path...>> plain{
    [](const Config& config, std::size_t item) { return follow<path...>(config, item); },
    [](Config& config, std::size_t item, MemberType<path...> value) {
      follow<path...>(config, item) = std::move(value);
    }};

template <auto... path>
constexpr Member<std::size_t> size_of{
    [](const Config& config, std::size_t item) { return follow<path...>(config, item).size(); },
    [](Config& config, std::size_t item, std::size_t size) { follow<path...>(config, item).resize(size); }};

constexpr std::uint64_t kKiB = 1ull << 10;
constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::uint64_t kSecond = 1'000;
constexpr std::uint64_t kHour = 3'600 * kSecond;
constexpr std::uint64_t kDay = 24 * kHour;

template <auto... path>
constexpr Quantity count(std::uint64_t min, std::uint64_t max) {
  return {Unit::Count, number<path...>, min, max};
}
template <auto... path>
constexpr Quantity bytes(std::uint64_t min, std::uint64_t max) {
  return {Unit::Bytes, number<path...>, min, max};
}
template <auto... path>
constexpr Quantity time(std::uint64_t min, std::uint64_t max) {
  return {Unit::Time, number<path...>, min, max};
}

constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 3> kRequestDirectives{"limited", "obey", "ignore"};
constexpr std::array<std::string_view, 3> kSetCookie{"pass", "strip", "store"};
constexpr std::array<std::string_view, 3> kAccessModes{"off", "errors", "all"};

constexpr Change kLive = Change::Live;
constexpr Change kRestart = Change::Restart;

const std::array kKeys{
    ConfigKey{"site", Text{plain<&Config::site>, check_site}, kRestart,
              "Name of this point of presence, in metrics and logs."},
    ConfigKey{"workers", count<&Config::workers>(0, 256), kRestart,
              "Threads that serve, each with its own event loop; 0 is one per core."},
    ConfigKey{"listen", Maps{size_of<&Config::listen>, 64}, kRestart, "Where clients connect."},
    ConfigKey{"listen[].address", Text{plain<&Config::listen, &ListenOptions::address>, check_address}, kRestart,
              "IPv4:port or [IPv6]:port; port 0 lets the kernel pick one."},

    ConfigKey{"admin.address", Text{plain<&Config::admin, &AdminOptions::address>, check_address}, kRestart,
              "Where operators connect, for metrics, status and purges; IPv4:port or [IPv6]:port."},
    ConfigKey{"admin.token_file", File{File::Use::Read, plain<&Config::admin, &AdminOptions::token_file>}, kLive,
              "File with the token that admin requests must show; required unless the address is loopback."},

    ConfigKey{"http.connections_max", count<&Config::http, &ServerOptions::connections_max>(1, 10'000'000), kLive,
              "Client connections in all; more are told 503 and closed."},
    ConfigKey{"http.requests_per_connection_max",
              count<&Config::http, &ServerOptions::requests_per_connection_max>(0, 4'000'000'000), kLive,
              "Requests after which a connection is closed, so that load can move; 0 is no limit."},
    ConfigKey{"http.header_bytes_max", bytes<&Config::http, &ServerOptions::header_bytes_max>(1 * kKiB, 1 * kMiB),
              kLive, "Field lines of a request in all; more is answered 431."},
    ConfigKey{"http.header_count_max", count<&Config::http, &ServerOptions::header_count_max>(8, 10'000), kLive,
              "Field lines of a request by number; more is answered 431."},
    ConfigKey{"http.target_bytes_max", bytes<&Config::http, &ServerOptions::target_bytes_max>(64, 1 * kMiB), kLive,
              "Target of a request (path and query); a longer one is answered 414."},
    ConfigKey{"http.body_bytes_max", bytes<&Config::http, &ServerOptions::body_bytes_max>(0, 1024 * kGiB), kLive,
              "Body of a request, such as an upload; a larger one is answered 413."},
    ConfigKey{"http.timeouts.idle", time<&Config::http, &ServerOptions::idle_timeout>(10, kDay), kLive,
              "Between two requests; then the connection is closed."},
    ConfigKey{"http.timeouts.header", time<&Config::http, &ServerOptions::header_timeout>(10, kHour), kLive,
              "From the first byte of a request to the end of its head; then the answer is 408."},
    ConfigKey{"http.timeouts.body", time<&Config::http, &ServerOptions::body_timeout>(10, kHour), kLive,
              "Between two pieces of a request body; then the answer is 408."},
    ConfigKey{"http.timeouts.write", time<&Config::http, &ServerOptions::write_timeout>(10, kHour), kLive,
              "A client that takes nothing of an answer for so long is cut off."},

    ConfigKey{"origin.urls", TextList{plain<&Config::origin, &OriginOptions::urls>, check_url}, kLive,
              "Where avatars come from, http or https; several are balanced."},
    ConfigKey{"origin.timeouts.connect", time<&Config::origin, &OriginOptions::connect_timeout>(1, kHour), kLive,
              "For a connection to the origin to stand, TLS included."},
    ConfigKey{"origin.timeouts.first_byte", time<&Config::origin, &OriginOptions::first_byte_timeout>(1, kHour), kLive,
              "From the start of a fetch, waiting for its turn included, to the head of the answer."},
    ConfigKey{"origin.timeouts.total", time<&Config::origin, &OriginOptions::total_timeout>(1, kDay), kLive,
              "From the start of a fetch to its last byte."},
    ConfigKey{"origin.timeouts.idle", time<&Config::origin, &OriginOptions::idle_timeout>(1, kDay), kLive,
              "A connection to the origin that is unused for so long is closed."},
    ConfigKey{"origin.max_concurrent", count<&Config::origin, &OriginOptions::concurrent_max>(1, 100'000), kLive,
              "Fetches under way at once, all workers together."},
    ConfigKey{"origin.queue_max", count<&Config::origin, &OriginOptions::queue_max>(0, 10'000'000), kLive,
              "Fetches that wait for one of those, all workers together; more are answered 503."},
    ConfigKey{"origin.eject", time<&Config::origin, &OriginOptions::eject>(0, kHour), kLive,
              "A URL that could not be connected to is not tried for so long."},
    ConfigKey{"origin.tls.ca_file", File{File::Use::Read, plain<&Config::origin, &OriginOptions::ca_file>}, kLive,
              "Certificates, PEM, that an https origin is verified against; null is those of the system."},
    ConfigKey{"origin.tls.verify", Flag{plain<&Config::origin, &OriginOptions::verify_tls>}, kLive,
              "Whether the certificate of an https origin must be valid."},

    ConfigKey{"avatars.routes", TextList{plain<&Config::avatars, &AvatarOptions::routes>, check_route}, kRestart,
              "Patterns that name the avatar of a URL; the first match decides."},
    ConfigKey{"avatars.version_header", Text{plain<&Config::avatars, &AvatarOptions::version_header>, check_field_name},
              kRestart, "Response field with which the origin may tell the version of an avatar, an unsigned integer."},

    ConfigKey{"cache.memory", bytes<&Config::cache, &CacheOptions::memory_bytes>(1 * kMiB, 64 * 1024 * kGiB), kLive,
              "Stored responses with all overhead; a hard budget."},
    ConfigKey{"cache.object_max", bytes<&Config::cache, &CacheOptions::object_bytes_max>(1 * kKiB, 4 * kGiB), kLive,
              "A response with a larger body is streamed, not stored."},
    ConfigKey{"cache.default_ttl",
              time<&Config::caching, &CachingPolicy::freshness, &FreshnessDefaults::default_ttl>(0, 365 * kDay), kLive,
              "Freshness of a response where the origin says nothing; 0s is not to store it."},
    ConfigKey{"cache.heuristic_max",
              time<&Config::caching, &CachingPolicy::freshness, &FreshnessDefaults::heuristic_max>(0, 365 * kDay),
              kLive, "Longest freshness guessed from Last-Modified, a tenth of the time since; 0s is not to guess."},
    ConfigKey{"cache.negative_ttl",
              time<&Config::caching, &CachingPolicy::freshness, &FreshnessDefaults::negative_ttl>(0, kDay), kLive,
              "Freshness of 404 and 410 where the origin says nothing."},
    ConfigKey{"cache.stale_while_revalidate",
              time<&Config::caching, &CachingPolicy::stale, &StaleDefaults::while_revalidate>(0, 365 * kDay), kLive,
              "For so long after it was fresh a response is served while it is revalidated behind the answer."},
    ConfigKey{"cache.stale_if_error",
              time<&Config::caching, &CachingPolicy::stale, &StaleDefaults::if_error>(0, 365 * kDay), kLive,
              "For so long after it was fresh a response stands in for an origin that fails."},
    ConfigKey{"cache.request_directives",
              Choice{kRequestDirectives, number<&Config::caching, &CachingPolicy::request_directives>}, kLive,
              "Which of a request's Cache-Control directives count."},
    ConfigKey{"cache.set_cookie", Choice{kSetCookie, number<&Config::caching, &CachingPolicy::set_cookie>}, kLive,
              "What becomes of a response with Set-Cookie."},
    ConfigKey{"cache.targeted_fields",
              TextList{plain<&Config::caching, &CachingPolicy::targeted_fields>, check_field_name, true}, kLive,
              "Response fields that replace Cache-Control and Expires for us, the first that is there."},
    ConfigKey{"cache.forward_targeted", Flag{plain<&Config::caching, &CachingPolicy::forward_targeted>}, kLive,
              "Whether clients see those fields."},
    ConfigKey{"cache.accept_types",
              TextList{plain<&Config::caching, &CachingPolicy::accept_types>, check_media_type, true}, kLive,
              "Media types to which Accept is reduced; none leaves Accept alone."},
    ConfigKey{"cache.range_parts_max", count<&Config::caching, &CachingPolicy::range_parts_max>(0, 1'000), kLive,
              "Parts of a body in one answer; more that are asked for are answered with the whole."},
    ConfigKey{"cache.uncacheable_ttl", time<&Config::caching, &CachingPolicy::uncacheable_ttl>(0, kDay), kLive,
              "For so long it is remembered that a response may not be stored, and nobody waits for it."},
    ConfigKey{"cache.waiters_max", count<&Config::cache, &CacheOptions::waiters_max>(1, 10'000'000), kLive,
              "Requests that may wait for one fill; more are answered 503."},
    ConfigKey{"cache.variants_max", count<&Config::cache, &CacheOptions::variants_max>(1, 100'000), kLive,
              "Stored responses of one avatar, its sizes and what Vary tells apart; the oldest gives way."},
    ConfigKey{"cache.floors_max", count<&Config::cache, &CacheOptions::floors_max>(1'000, 1'000'000'000), kRestart,
              "Avatars whose last update event is remembered, so that nothing older is stored."},

    ConfigKey{"updates.url", Text{plain<&Config::updates_url>, check_redis_url, true}, kRestart,
              "The Redis that has the update feed; null is none, and updates come over the admin port alone."},
    ConfigKey{"updates.stream", Text{plain<&Config::updates, &FeedOptions::stream>, check_stream}, kRestart,
              "Key of the stream that update events are written to."},
    ConfigKey{"updates.lease", time<&Config::updates, &FeedOptions::lease>(kSecond, kHour), kRestart,
              "Cut off from the feed for longer, the edge asks the origin before it answers from what it holds."},
    ConfigKey{"updates.registry", time<&Config::updates, &FeedOptions::registry>(2 * kSecond, kDay), kRestart,
              "For so long a node that is silent is still waited for by --wait."},
    ConfigKey{"updates.batch_max", count<&Config::updates, &FeedOptions::batch_max>(10, 10'000), kRestart,
              "Events of one read."},
    ConfigKey{"updates.length_max", count<&Config::updates, &FeedOptions::length_max>(0, 1'000'000'000), kRestart,
              "Events that the stream keeps, about, when this edge adds one; 0 is all."},
    ConfigKey{"updates.settle", time<&Config::cache, &CacheOptions::settle>(0, kHour), kLive,
              "What is filled so soon after an event is revalidated when that time is over, unless versions tell."},
    ConfigKey{"updates.lag_retries", count<&Config::caching, &CachingPolicy::lag_retries>(0, 10), kLive,
              "Times that an origin which answers an older version than an event named is asked again."},
    ConfigKey{"updates.lag_pause", time<&Config::caching, &CachingPolicy::lag_pause>(1, 10 * kSecond), kLive,
              "Before the first of those; it doubles each time."},

    ConfigKey{"log.level", Choice{kLogLevels, number<&Config::log, &LogOptions::level>}, kLive,
              "The least severe lines that are written."},
    ConfigKey{"log.file", File{File::Use::Write, plain<&Config::log, &LogOptions::file>}, kRestart,
              "A path, or \"-\" for standard error."},
    ConfigKey{"log.lines_per_second_max", count<&Config::log, &LogOptions::per_second_max>(1, 1'000'000), kLive,
              "Lines of one kind in a second; more are counted and summed up in one line."},
    ConfigKey{"log.access", Choice{kAccessModes, number<&Config::access_log>}, kLive,
              "Which requests get a line in the access log; errors are status 400 and above, and answers cut off."},
    ConfigKey{"log.access_file", File{File::Use::Write, plain<&Config::access_file>}, kRestart,
              "A path, or \"-\" for standard output."},

    ConfigKey{"drain", time<&Config::drain>(0, kDay), kLive,
              "From the signal to stop to the end of the last connection."},
};

std::string join(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    out += text;
  }
  return out += "]";
}

}  // namespace

std::span<const ConfigKey> config_keys() { return kKeys; }

const ConfigKey* find_config_key(std::string_view path) {
  const auto found = std::ranges::find(kKeys, path, &ConfigKey::path);
  return found == kKeys.end() ? nullptr : &*found;
}

std::string format_quantity(Unit unit, std::uint64_t value) {
  switch (unit) {
    case Unit::Count:
      return std::to_string(value);
    case Unit::Bytes:
      return format_size(value);
    case Unit::Time:
      return value == 0 ? "0s" : format_duration(std::chrono::milliseconds{value});
  }
  return {};
}

std::string format_value(const ConfigKey& key, const Config& config, std::size_t item) {
  return std::visit(
      Overloaded{
          [&](const Quantity& kind) { return format_quantity(kind.unit, kind.member.read(config, item)); },
          [&](const Flag& kind) { return std::string(kind.member.read(config, item) ? "true" : "false"); },
          [&](const Choice& kind) { return std::string(kind.names[kind.member.read(config, item)]); },
          [&](const Text& kind) {
            const std::string text = kind.member.read(config, item);
            return text.empty() ? "null" : text;
          },
          [&](const TextList& kind) { return join(kind.member.read(config, item)); },
          [&](const File& kind) {
            const std::string path = kind.member.read(config, item);
            return path.empty() ? "null" : path;
          },
          [&](const Maps& kind) { return std::to_string(kind.size.read(config, item)); },
      },
      key.kind);
}

}  // namespace edge::app
