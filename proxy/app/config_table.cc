#include "app/config_table.h"

#include <algorithm>
#include <chrono>

#include "app/config_checks.h"
#include "app/config_members.h"

namespace edge::app {
namespace {

using cache::CacheOptions;
using feed::FeedOptions;
using frontend::AccessOptions;
using frontend::Http2Options;
using frontend::ServerOptions;
using http::FreshnessDefaults;
using http::StaleDefaults;
using net::TlsCertificateFiles;
using net::TlsOptions;
using origin::BreakerOptions;
using origin::HealthOptions;
using origin::OriginOptions;
using origin::OutlierOptions;
using origin::RetryOptions;
using serving::CachingPolicy;
using serving::LimitOptions;
using serving::MaintenanceOptions;
using serving::OverloadOptions;
using serving::RateOptions;
using serving::SignedUrlOptions;
using serving::SigningKey;
using tier2::TierOptions;

constexpr std::uint64_t kKiB = 1ull << 10;
constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::uint64_t kSecond = 1'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;

// The files of a certificate, and what else a listener says of TLS.
template <auto member>
constexpr File certificate_file{File::Use::Read,
                                plain<&Config::listen, &ListenOptions::tls, &TlsOptions::certificates, member>};
template <auto member>
constexpr Member<std::string> tls_text = plain<&Config::listen, &ListenOptions::tls, member>;

// A file that the admin port's TLS is made of.
template <auto section, auto member>
constexpr File admin_file{File::Use::Read, plain<&Config::admin, section, member>};

// What one of the rates says.
template <auto member>
constexpr auto rate_number = number<&Config::limits, &LimitOptions::rates, member>;
template <auto member>
constexpr auto rate_plain = plain<&Config::limits, &LimitOptions::rates, member>;

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
constexpr std::array<std::string_view, 2> kTlsVersions{"1.2", "1.3"};
constexpr std::array<std::string_view, 3> kClientCertificates{"off", "optional", "required"};
constexpr std::array<std::string_view, 5> kRateKinds{"address", "header", "token-subject", "avatar", "route"};
constexpr std::array<std::string_view, 3> kUserKinds{"address", "header", "token-subject"};
constexpr std::array<std::string_view, 3> kRateMethods{"all", "safe", "unsafe"};
constexpr std::array<std::string_view, 2> kClientFields{"x-forwarded-for", "forwarded"};
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
    ConfigKey{"listen[].allow", TextList{plain<&Config::listen, &ListenOptions::allow>, check_network, true}, kRestart,
              "Networks that may connect to this address; none is all."},
    ConfigKey{"listen[].deny", TextList{plain<&Config::listen, &ListenOptions::deny>, check_network, true}, kRestart,
              "Networks that may not."},
    ConfigKey{"listen[].proxy_protocol", Flag{plain<&Config::listen, &ListenOptions::proxy_protocol>}, kRestart,
              "Whether connections begin with a PROXY header, which says whose they are."},
    ConfigKey{"listen[].tls.certificates",
              Maps{size_of<&Config::listen, &ListenOptions::tls, &TlsOptions::certificates>, 1'000}, kLive,
              "Certificates, by the names in them; the first is for clients that name none of them."},
    ConfigKey{"listen[].tls.certificates[].certificate", certificate_file<&TlsCertificateFiles::certificate>, kLive,
              "PEM file with the certificate, then those that lead to its issuer."},
    ConfigKey{"listen[].tls.certificates[].key", certificate_file<&TlsCertificateFiles::key>, kLive,
              "PEM file with its private key, without a passphrase."},
    ConfigKey{"listen[].tls.certificates[].ocsp", certificate_file<&TlsCertificateFiles::ocsp>, kLive,
              "DER file with its issuer's OCSP response, to be stapled."},
    ConfigKey{"listen[].tls.min_version",
              Choice{kTlsVersions, number<&Config::listen, &ListenOptions::tls, &TlsOptions::min_version>}, kLive,
              "The lowest version of TLS that clients may use."},
    ConfigKey{"listen[].tls.ciphers", Text{tls_text<&TlsOptions::ciphers>, check_cipher_list}, kLive,
              "Ciphers of TLS 1.2 by their names in OpenSSL, the preferred first."},
    ConfigKey{"listen[].tls.ciphersuites", Text{tls_text<&TlsOptions::ciphersuites>, check_cipher_list}, kLive,
              "The same for TLS 1.3."},
    ConfigKey{
        "listen[].tls.client_certificates",
        Choice{kClientCertificates, number<&Config::listen, &ListenOptions::tls, &TlsOptions::client_certificates>},
        kLive, "Whether clients are asked for a certificate, and whether they must have one."},
    ConfigKey{"listen[].tls.client_ca_file", File{File::Use::Read, tls_text<&TlsOptions::client_ca_file>}, kLive,
              "PEM file with the certificates of who may have issued those of clients."},
    ConfigKey{"listen[].tls.ticket_keys_file", File{File::Use::Read, tls_text<&TlsOptions::ticket_keys_file>}, kLive,
              "File with the keys of session tickets that the nodes of a site share."},
    ConfigKey{"listen[].tls.ticket_rotation",
              time<&Config::listen, &ListenOptions::tls, &TlsOptions::ticket_rotation>(kMinute, 3 * kDay), kLive,
              "How often a node makes up new keys for tickets, where there is no such file."},

    ConfigKey{"admin.address", Text{plain<&Config::admin, &AdminOptions::address>, check_admin_address}, kRestart,
              "Where operators connect, for metrics, status and purges; IPv4:port, [IPv6]:port or unix:/PATH."},
    ConfigKey{"admin.socket_mode", Text{plain<&Config::admin, &AdminOptions::socket_mode>, check_socket_mode}, kRestart,
              "Permissions of the UNIX socket, octal."},
    ConfigKey{"admin.token_file", File{File::Use::Read, plain<&Config::admin, &AdminOptions::token_file>}, kLive,
              "File with the token that admin requests must show; an address that others can reach needs it, or "
              "admin.tls.client_ca_file."},
    ConfigKey{"admin.tls.certificate", admin_file<&AdminOptions::tls, &AdminTlsOptions::certificate>, kLive,
              "PEM file with the admin port's certificate, then those that lead to its issuer; null is no TLS."},
    ConfigKey{"admin.tls.key", admin_file<&AdminOptions::tls, &AdminTlsOptions::key>, kLive,
              "PEM file with its private key, without a passphrase."},
    ConfigKey{"admin.tls.client_ca_file", admin_file<&AdminOptions::tls, &AdminTlsOptions::client_ca_file>, kLive,
              "PEM file with the certificates of who may have issued those of operators, which all must show then."},
    ConfigKey{"admin.client.certificate", admin_file<&AdminOptions::client, &AdminClientOptions::certificate>, kLive,
              "PEM file with the certificate that this program's commands show to the admin port."},
    ConfigKey{"admin.client.key", admin_file<&AdminOptions::client, &AdminClientOptions::key>, kLive,
              "PEM file with its private key."},
    ConfigKey{"admin.client.ca_file", admin_file<&AdminOptions::client, &AdminClientOptions::ca_file>, kLive,
              "PEM file with the certificates of who may have issued the admin port's; null is those of the system."},
    ConfigKey{
        "admin.client.server_name",
        Text{plain<&Config::admin, &AdminOptions::client, &AdminClientOptions::server_name>, check_host_name, true},
        kLive, "The name that must be in the admin port's certificate; null is the host of its address."},

    ConfigKey{"access.allow", TextList{plain<&Config::access, &AccessOptions::allow>, check_network, true}, kLive,
              "Networks that may ask; none is all."},
    ConfigKey{"access.deny", TextList{plain<&Config::access, &AccessOptions::deny>, check_network, true}, kLive,
              "Networks that may not."},
    ConfigKey{"access.trusted_proxies",
              TextList{plain<&Config::access, &AccessOptions::trusted_proxies>, check_network, true}, kLive,
              "Networks of proxies and balancers whose word about their clients counts."},
    ConfigKey{"access.client_field", Choice{kClientFields, number<&Config::access, &AccessOptions::client_field>},
              kLive, "The field in which they name the client."},

    ConfigKey{"http.connections_max", count<&Config::http, &ServerOptions::connections_max>(1, 10'000'000), kLive,
              "Client connections in all; more are told 503 and closed."},
    ConfigKey{"http.connections_per_client_max",
              count<&Config::http, &ServerOptions::connections_per_client_max>(0, 10'000'000), kLive,
              "Connections of one IPv4 address or IPv6 /64; more are told 503 and closed. 0 is no limit."},
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
    ConfigKey{"http.timeouts.drain_idle", time<&Config::http, &ServerOptions::drain_idle_timeout>(0, kHour), kLive,
              "Likewise, from when the edge began to drain."},
    ConfigKey{"http.timeouts.header", time<&Config::http, &ServerOptions::header_timeout>(10, kHour), kLive,
              "From the first byte of a request to the end of its head; then the answer is 408."},
    ConfigKey{"http.timeouts.body", time<&Config::http, &ServerOptions::body_timeout>(10, kHour), kLive,
              "Between two pieces of a request body; then the answer is 408."},
    ConfigKey{"http.timeouts.write", time<&Config::http, &ServerOptions::write_timeout>(10, kHour), kLive,
              "A client that takes nothing of an answer for so long is cut off."},

    ConfigKey{"http.handshakes_per_turn_max", count<&Config::http, &ServerOptions::handshakes_per_turn_max>(1, 1'000),
              kLive, "TLS handshakes that go on in one turn of a worker's loop; the others wait for the next."},
    ConfigKey{"http2.enabled", Flag{plain<&Config::http, &ServerOptions::http2, &Http2Options::enabled>}, kLive,
              "Whether HTTP/2 is spoken: offered over TLS, understood without."},
    ConfigKey{"http2.streams_max", count<&Config::http, &ServerOptions::http2, &Http2Options::streams_max>(1, 100'000),
              kLive, "Requests under way on one connection; a client that knows the limit and makes more loses it."},
    ConfigKey{"http2.resets_per_second_max",
              count<&Config::http, &ServerOptions::http2, &Http2Options::resets_per_second_max>(1, 1'000'000), kLive,
              "RST_STREAM frames and malformed requests of one connection; more end it."},
    ConfigKey{"http2.pings_per_second_max",
              count<&Config::http, &ServerOptions::http2, &Http2Options::pings_per_second_max>(1, 1'000'000), kLive,
              "PING frames of one connection; more end it."},
    ConfigKey{"http2.settings_per_second_max",
              count<&Config::http, &ServerOptions::http2, &Http2Options::settings_per_second_max>(2, 1'000'000), kLive,
              "SETTINGS frames of one connection; more end it."},
    ConfigKey{"http2.priorities_per_second_max",
              count<&Config::http, &ServerOptions::http2, &Http2Options::priorities_per_second_max>(1, 1'000'000),
              kLive, "PRIORITY and PRIORITY_UPDATE frames of one connection; more end it."},
    ConfigKey{"http2.window_updates_per_second_max",
              count<&Config::http, &ServerOptions::http2, &Http2Options::window_updates_per_second_max>(1, 1'000'000),
              kLive, "WINDOW_UPDATE frames of one connection beyond four for each DATA frame sent; more end it."},
    ConfigKey{"http2.empty_frames_per_second_max",
              count<&Config::http, &ServerOptions::http2, &Http2Options::empty_frames_per_second_max>(1, 1'000'000),
              kLive, "DATA frames of one connection with neither data nor end; more end it."},
    ConfigKey{"http2.continuations_max",
              count<&Config::http, &ServerOptions::http2, &Http2Options::continuations_max>(0, 1'000), kLive,
              "CONTINUATION frames of one request; more end its connection."},

    ConfigKey{"origin.urls",
              TextList{plain<&Config::origin, &OriginOptions::urls>, check_url, false,
                       &plain<&Config::origin, &OriginOptions::weights>},
              kLive, "Where avatars come from, http or https; several are balanced."},
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
              "A URL that is out of order is not tried for so long."},
    ConfigKey{"origin.outlier.failures",
              count<&Config::origin, &OriginOptions::outlier, &OutlierOptions::failures_max>(0, 1'000'000), kLive,
              "Failures of a URL in a row after which it is out of order; 0 is never."},
    ConfigKey{"origin.outlier.any_5xx", Flag{plain<&Config::origin, &OriginOptions::outlier, &OutlierOptions::any_5xx>},
              kLive, "Whether any 5xx is such a failure, and not 502, 503 and 504 alone."},
    ConfigKey{"origin.outlier.eject_max",
              time<&Config::origin, &OriginOptions::outlier, &OutlierOptions::eject_max>(0, kHour), kLive,
              "Longest time for which a URL is not tried; each time in a row is twice as long as the last."},
    ConfigKey{"origin.outlier.share_max",
              count<&Config::origin, &OriginOptions::outlier, &OutlierOptions::ejected_percent_max>(0, 99), kLive,
              "Percent of the URLs that are left out at once for failures."},
    ConfigKey{"origin.health.path",
              Text{plain<&Config::origin, &OriginOptions::health, &HealthOptions::path>, check_health_path, true},
              kLive, "What each URL is asked for again and again, to see whether it is healthy; null is not to check."},
    ConfigKey{"origin.health.interval",
              time<&Config::origin, &OriginOptions::health, &HealthOptions::interval>(100, kHour), kLive,
              "From one check of a URL to the next; one checker for all workers."},
    ConfigKey{"origin.health.timeout",
              time<&Config::origin, &OriginOptions::health, &HealthOptions::timeout>(10, kHour), kLive,
              "What a check may take, from its start to the last byte of the answer."},
    ConfigKey{"origin.health.failures",
              count<&Config::origin, &OriginOptions::health, &HealthOptions::failures>(1, 1'000), kLive,
              "Checks in a row that must fail until a URL is unhealthy."},
    ConfigKey{"origin.health.successes",
              count<&Config::origin, &OriginOptions::health, &HealthOptions::successes>(1, 1'000), kLive,
              "Checks in a row that must be good until it is healthy again."},
    ConfigKey{"origin.health.status_min",
              count<&Config::origin, &OriginOptions::health, &HealthOptions::status_min>(200, 599), kLive,
              "The lowest status that is a good answer to a check."},
    ConfigKey{"origin.health.status_max",
              count<&Config::origin, &OriginOptions::health, &HealthOptions::status_max>(200, 599), kLive,
              "The highest."},
    ConfigKey{"origin.breaker.failed_share",
              count<&Config::origin, &OriginOptions::breaker, &BreakerOptions::failed_percent>(0, 100), kLive,
              "Percent of the fetches of a worker that fail, from which on it leaves the origin alone; 0 is never."},
    ConfigKey{"origin.breaker.fetches_min",
              count<&Config::origin, &OriginOptions::breaker, &BreakerOptions::fetches_min>(1, 1'000'000), kLive,
              "Fetches of a worker within the window, or nothing is concluded."},
    ConfigKey{"origin.breaker.window",
              time<&Config::origin, &OriginOptions::breaker, &BreakerOptions::window>(kSecond, kHour), kLive,
              "The time over which those are counted."},
    ConfigKey{"origin.breaker.open", time<&Config::origin, &OriginOptions::breaker, &BreakerOptions::open>(10, kHour),
              kLive, "Until the first fetch that tries whether the origin is back; doubled by each that fails."},
    ConfigKey{"origin.breaker.open_max",
              time<&Config::origin, &OriginOptions::breaker, &BreakerOptions::open_max>(10, kHour), kLive,
              "Longest time between two of those."},
    ConfigKey{"origin.breaker.probes",
              count<&Config::origin, &OriginOptions::breaker, &BreakerOptions::probes>(1, 1'000), kLive,
              "Of those in a row must be answered until the origin is asked as before."},
    ConfigKey{"origin.retries.share", count<&Config::origin, &OriginOptions::retries, &RetryOptions::percent>(0, 100),
              kLive, "Percent of recent fetches that may be tried once more at another URL."},
    ConfigKey{"origin.retries.per_second_min",
              count<&Config::origin, &OriginOptions::retries, &RetryOptions::per_second_min>(0, 100'000), kLive,
              "Of those in a second that are allowed in any case, all workers together."},
    ConfigKey{"origin.hedge_after", time<&Config::origin, &OriginOptions::hedge_after>(0, kHour), kLive,
              "A fill without an answer after so long is asked of another URL as well; 0s is never."},
    ConfigKey{"origin.slow_start", time<&Config::origin, &OriginOptions::slow_start>(0, kHour), kLive,
              "A URL that is in order again gets its whole share after so long; 0s is at once."},
    ConfigKey{"origin.dns_ttl", time<&Config::origin, &OriginOptions::dns_ttl>(kSecond, kDay), kLive,
              "The addresses of a URL are looked up again after so long."},
    ConfigKey{"origin.connection_age_max", time<&Config::origin, &OriginOptions::connection_age_max>(0, 7 * kDay),
              kLive, "A connection to the origin is not used again after so long; 0s is no limit."},
    ConfigKey{"origin.http2", Flag{plain<&Config::origin, &OriginOptions::http2>}, kLive,
              "Whether HTTP/2 is spoken to https origins that offer it."},
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
    ConfigKey{"cache.preallocate", Flag{plain<&Config::preallocates>}, kRestart,
              "Whether all of that memory is taken at the start."},
    ConfigKey{"cache.object_max", bytes<&Config::cache, &CacheOptions::object_bytes_max>(1 * kKiB, 4 * kGiB), kLive,
              "A response with a larger body is streamed, not stored."},
    ConfigKey{"cache.stream_from", bytes<&Config::caching, &CachingPolicy::stream_from_bytes>(1, 4 * kGiB), kLive,
              "A body of so many bytes is sent while it comes, to all who wait for it."},
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

    ConfigKey{"redis.url", Text{plain<&Config::redis_url>, check_redis_url, true}, kRestart,
              "The Redis in which the nodes of a site share what they have fetched; null is memory only."},
    ConfigKey{"redis.prefix", Text{plain<&Config::tier, &TierOptions::prefix>, check_redis_key}, kRestart,
              "Begins the names of all keys there; nodes with the same one share."},
    ConfigKey{"redis.timeout", time<&Config::tier, &TierOptions::timeout>(1, 10 * kSecond), kRestart,
              "A look into it that takes longer is a miss."},
    ConfigKey{"redis.ttl_max", time<&Config::tier, &TierOptions::ttl_max>(kSecond, 365 * kDay), kRestart,
              "Longest that a response stays there."},
    ConfigKey{"redis.object_max", bytes<&Config::tier, &TierOptions::object_bytes_max>(1 * kKiB, 64 * kMiB), kRestart,
              "A response with a larger body stays out of it."},
    ConfigKey{"redis.claim", time<&Config::tier, &TierOptions::claim>(0, 10 * kSecond), kRestart,
              "For so long a fill waits for another node that asks the origin for the same; 0s is not to wait."},

    ConfigKey{"updates.url", Text{plain<&Config::updates_url>, check_redis_url, true}, kRestart,
              "The Redis that has the update feed; null is that of redis.url, and without one updates come over the "
              "admin port alone."},
    ConfigKey{"updates.stream", Text{plain<&Config::updates, &FeedOptions::stream>, check_redis_key}, kRestart,
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
    ConfigKey{"updates.push", time<&Config::cache, &CacheOptions::push>(0, kDay), kLive,
              "What an event drops is filled again at once where it was asked for since so long; 0s is not to."},
    ConfigKey{"updates.push_max", count<&Config::pushes_max>(1, 100'000), kLive,
              "Fills of that kind under way at once, all workers together."},
    ConfigKey{"updates.lag_retries", count<&Config::caching, &CachingPolicy::lag_retries>(0, 10), kLive,
              "Times that an origin which answers an older version than an event named is asked again."},
    ConfigKey{"updates.lag_pause", time<&Config::caching, &CachingPolicy::lag_pause>(1, 10 * kSecond), kLive,
              "Before the first of those; it doubles each time."},

    ConfigKey{"signed_urls.routes", TextList{plain<&Config::signed_urls, &SignedUrlOptions::routes>, check_route, true},
              kLive, "Patterns of paths whose URLs must be signed; others are for everybody."},
    ConfigKey{"signed_urls.keys", Maps{size_of<&Config::signed_urls, &SignedUrlOptions::keys>, 16, true}, kLive,
              "Whose signatures are good."},
    ConfigKey{"signed_urls.keys[].id",
              Text{plain<&Config::signed_urls, &SignedUrlOptions::keys, &SigningKey::id>, check_key_id}, kLive,
              "What keyid in a URL says."},
    ConfigKey{"signed_urls.keys[].secret_file",
              File{File::Use::Read, plain<&Config::signed_urls, &SignedUrlOptions::keys, &SigningKey::secret_file>},
              kLive, "File with the secret."},

    ConfigKey{"limits.entries", count<&Config::limits, &LimitOptions::entries>(1'024, 1'000'000'000), kRestart,
              "Clients and other keys that are remembered for all rates together, 16 bytes each."},
    ConfigKey{"limits.rates", Maps{size_of<&Config::limits, &LimitOptions::rates>, 32, true}, kLive,
              "How often requests that are alike in something may come; more are answered 429."},
    ConfigKey{"limits.rates[].by", Choice{kRateKinds, rate_number<&RateOptions::by>}, kLive,
              "What requests that share a budget are alike in."},
    ConfigKey{"limits.rates[].header", Text{rate_plain<&RateOptions::header>, check_field_name, true}, kLive,
              "Which header, where it is one."},
    ConfigKey{"limits.rates[].methods", Choice{kRateMethods, rate_number<&RateOptions::methods>}, kLive,
              "Which requests are counted."},
    ConfigKey{"limits.rates[].rate", Text{rate_plain<&RateOptions::rate>, check_rate}, kLive,
              "So many in a second, minute, hour or day."},
    ConfigKey{"limits.rates[].burst", Quantity{Unit::Count, rate_number<&RateOptions::burst>, 0, 10'000'000}, kLive,
              "So many at once, after a pause; 0 is as many as the rate names."},
    ConfigKey{"limits.rates[].dry_run", Flag{rate_plain<&RateOptions::dry_run>}, kLive,
              "Whether it only counts what it would refuse."},
    ConfigKey{"limits.degraded.enabled", Flag{plain<&Config::limits, &LimitOptions::is_degraded>}, kLive,
              "Whether unsafe requests, such as uploads, have a rate of their own; POST /degraded switches it too."},
    ConfigKey{"limits.degraded.by",
              Choice{kUserKinds, number<&Config::limits, &LimitOptions::degraded, &RateOptions::by>}, kLive,
              "What a user is known by."},
    ConfigKey{"limits.degraded.header",
              Text{plain<&Config::limits, &LimitOptions::degraded, &RateOptions::header>, check_field_name, true},
              kLive, "Which header, where it is one."},
    ConfigKey{"limits.degraded.rate",
              Text{plain<&Config::limits, &LimitOptions::degraded, &RateOptions::rate>, check_rate}, kLive,
              "So many in a second, minute, hour or day."},
    ConfigKey{"limits.degraded.burst",
              count<&Config::limits, &LimitOptions::degraded, &RateOptions::burst>(0, 10'000'000), kLive,
              "So many at once, after a pause; 0 is as many as the rate names."},

    ConfigKey{"limits.fills_per_route_max", count<&Config::fills_per_route_max>(0, 1'000'000), kLive,
              "Fills under way at once for the avatars of one route; 0 is no limit."},
    ConfigKey{"limits.fill_bytes_max", bytes<&Config::fill_bytes_max>(1 * kMiB, 64 * 1024 * kGiB), kLive,
              "Bodies that fills have not yet brought whole, all together."},

    ConfigKey{"overload.loop_lag", time<&Config::overload, &OverloadOptions::loop_lag>(0, kMinute), kLive,
              "How late a worker may be, again and again, before it lets new connections wait; 0s is no limit."},
    ConfigKey{"overload.memory", bytes<&Config::overload, &OverloadOptions::memory_bytes>(0, 64 * 1024 * kGiB), kLive,
              "Memory that the process is not to exceed, more than cache.memory; 0B is no limit."},

    ConfigKey{"maintenance.enabled", Flag{plain<&Config::maintenance, &MaintenanceOptions::is_on>}, kLive,
              "Whether the origin is left alone; POST /maintenance switches it too."},
    ConfigKey{"maintenance.file",
              Text{plain<&Config::maintenance, &MaintenanceOptions::file>, check_absolute_path, true}, kLive,
              "A file whose existence switches it on as well."},
    ConfigKey{"maintenance.retry_after", time<&Config::maintenance, &MaintenanceOptions::retry_after>(kSecond, kDay),
              kLive, "When clients are told to come again."},

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

    ConfigKey{"drain_delay", time<&Config::drain_delay>(0, kHour), kLive,
              "After the signal to stop the edge serves on for so long, while /readyz says 503 already."},
    ConfigKey{"drain", time<&Config::drain>(0, kDay), kLive, "From then to the end of the last connection."},
    ConfigKey{"upgrade.patience", time<&Config::upgrade, &UpgradeOptions::patience>(kSecond, kHour), kLive,
              "From SIGUSR2 until the new process must serve."},
    ConfigKey{"upgrade.handover", time<&Config::upgrade, &UpgradeOptions::handover>(0, kHour), kLive,
              "For handing over to it what memory holds; 0s is not to."},
};

}  // namespace

std::span<const ConfigKey> config_keys() { return kKeys; }

const ConfigKey* find_config_key(std::string_view path) {
  const auto found = std::ranges::find(kKeys, path, &ConfigKey::path);
  return found == kKeys.end() ? nullptr : &*found;
}

}  // namespace edge::app
