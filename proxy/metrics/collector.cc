#include "metrics/collector.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "metrics/process_stats.h"

namespace edge::metrics {
namespace {

#if defined(__clang__)
constexpr std::string_view kCompiler = "clang++ " __clang_version__;
#else
constexpr std::string_view kCompiler = "g++ " __VERSION__;
#endif

constexpr std::array<std::string_view, 6> kStatusClassLabels{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

std::vector<prometheus::MetricFamily> Metrics::Collector::Collect() const {
  Families to;
  add_identity(to);
  add_requests(to);
  add_connections(to);
  add_overload(to);
  add_rates(to);
  add_signatures(to);
  add_tls(to);
  add_fills(to);
  add_origin(to);
  add_cache(to);
  add_degraded(to);
  add_feed(to);
  add_tier(to);
  add_process(to);
  return to.take();
}

void Metrics::Collector::add_identity(Families& to) const {
  to.gauge("avatar_edge_build_info", "Which program this is; always 1.", 1,
           {{"version", metrics_.identity_.version}, {"compiler", kCompiler}});
  to.gauge("avatar_edge_info", "Which site this node serves; always 1.", 1, {{"site", metrics_.identity_.site}});
  to.counters("avatar_edge_config_reloads_total",
              "Configuration reloads asked for. A failed one left the old configuration in force; the log says why.",
              "result", kReloadResultLabels,
              [this](std::size_t i) { return metrics_.reloads_[i].load(std::memory_order_relaxed); });
  to.counter(
      "avatar_edge_upgrades_failed_total",
      "Processes that were started to take this one's place and did not serve in time, or ended; the log says why.",
      static_cast<double>(metrics_.upgrades_failed_.load(std::memory_order_relaxed)));
  to.gauge("avatar_edge_config_last_reload_successful",
           "1 if the last reload took effect, 0 if the configuration file is broken and the old one is in force.",
           metrics_.is_last_reload_ok_.load(std::memory_order_relaxed) ? 1 : 0);
  to.gauge("avatar_edge_config_reload_id",
           "Number of the reload whose configuration is in force, as the log names it; 0 is that of the start.",
           static_cast<double>(metrics_.reload_in_force_.load(std::memory_order_relaxed)));
  const WallTime loaded_at = metrics_.last_reload_ok_at_.load(std::memory_order_relaxed);
  to.gauge("avatar_edge_config_last_reload_success_timestamp_seconds",
           "When the configuration in force was loaded, in seconds since the Unix epoch.",
           std::chrono::duration<double>(loaded_at.time_since_epoch()).count());
  to.counter("avatar_edge_log_lines_dropped_total",
             "Lines missing from the plain and access logs: the disk was too slow or full, or one kind came too often.",
             static_cast<double>(log_lines_dropped()));
  to.gauge("avatar_edge_tail_readers", "Who follows the records of the access log over the admin port now.",
           sum(&WorkerMetrics::tail_readers));
  to.counter("avatar_edge_tail_records_dropped_total",
             "Records that those who follow them were not sent because they came faster than these took them.",
             sum(&WorkerMetrics::tail_records_dropped));
  to.gauge("avatar_edge_hottest_watches", "Who watches over the admin port which avatars are asked for most now.",
           sum(&WorkerMetrics::hottest_watches));
}

void Metrics::Collector::add_requests(Families& to) const {
  to.counters("avatar_edge_requests_total", "Requests finished, by how they were answered.", "outcome", kOutcomeLabels,
              sum_each(&WorkerMetrics::requests));
  to.counters("avatar_edge_responses_total",
              "Requests finished, by status class; none means that the client left before an answer began.", "class",
              kStatusClassLabels, [this](std::size_t i) {
                return sum([i](const WorkerMetrics& thread) -> const Cell& { return thread.responses_by_class[i]; });
              });
  to.counter("avatar_edge_response_bytes_total", "Bytes of responses sent to clients, heads and bodies.",
             sum(&WorkerMetrics::response_bytes));
  to.counter("avatar_edge_request_body_bytes_total", "Bytes of request bodies received from clients.",
             sum(&WorkerMetrics::request_body_bytes));
  to.histograms(
      "avatar_edge_request_duration_seconds",
      "From the end of a request's head to the last byte of its response handed to the socket.", "outcome",
      kOutcomeLabels, [this](std::size_t i) {
        return total([i](const WorkerMetrics& thread) -> const Histogram& { return thread.request_duration[i]; });
      });
}

void Metrics::Collector::add_connections(Families& to) const {
  to.counter("avatar_edge_connections_accepted_total", "Client connections accepted.",
             sum(&WorkerMetrics::connections_accepted));
  to.gauge("avatar_edge_connections_open", "Client connections open now.", sum(&WorkerMetrics::connections_open));
  to.counters("avatar_edge_limits_reached_total",
              "Times that a configured limit turned a client or a request away, by limit.", "limit", kLimitLabels,
              sum_each(&WorkerMetrics::limits));
  to.counter("avatar_edge_proxy_headers_malformed_total",
             "Connections closed because they did not begin with a PROXY header, on a listener with proxy_protocol.",
             sum(&WorkerMetrics::proxy_headers_malformed));
  to.counter("avatar_edge_malformed_requests_total", "Requests that are not HTTP and were answered 400.",
             sum(&WorkerMetrics::malformed_requests));
  to.counter("avatar_edge_client_aborts_total", "Connections that clients ended while a response was under way.",
             sum(&WorkerMetrics::client_aborts));
}

void Metrics::Collector::add_overload(Families& to) const {
  to.histogram("avatar_edge_loop_lag_seconds",
               "How long what becomes ready waits until its worker comes to it, tried twenty times a second on each.",
               total([](const WorkerMetrics& thread) -> const Histogram& { return thread.loop_lag; }));
  std::uint64_t worst = 0;
  for (const WorkerMetrics& thread : threads_) worst = std::max(worst, thread.loop_lag_sustained_ns.value());
  to.gauge("avatar_edge_loop_lag_sustained_seconds",
           "The shortest of its last four, of the worker that is latest; overload.loop_lag limits it.",
           static_cast<double>(worst) / 1e9);
  to.gauges("avatar_edge_overload_level",
            "What is done because there is too much to do, of the worker that does most, by cause. 1: new connections "
            "wait. 2: what is not held is refused as well. 3: so is all else.",
            "cause", kOverloadCauseLabels, [this](std::size_t i) { return metrics_.overload_level(OverloadCause(i)); });
}

void Metrics::Collector::add_rates(Families& to) const {
  to.counters("avatar_edge_rate_limited_total",
              "Requests answered 429, by what the limit (limits.rates, limits.degraded) tells requests apart by.", "by",
              kRateKindLabels, sum_each(&WorkerMetrics::rate_limited));
  to.counters("avatar_edge_rate_limited_dry_total",
              "Requests that would have been answered 429, had their limit not said dry_run.", "by", kRateKindLabels,
              sum_each(&WorkerMetrics::rate_limited_dry));
  to.counter("avatar_edge_rate_buckets_forgotten_total",
             "Clients and other keys forgotten before their bucket was full again; many mean that limits.entries is "
             "too small.",
             sum(&WorkerMetrics::rate_buckets_forgotten));
}

void Metrics::Collector::add_signatures(Families& to) const {
  to.counters("avatar_edge_signatures_total",
              "Requests for URLs that must be signed (signed_urls), by what became of the signature; all but good were "
              "answered 403.",
              "end", kSignatureEndLabels, sum_each(&WorkerMetrics::signatures));
}

void Metrics::Collector::add_tls(Families& to) const {
  to.counters("avatar_edge_tls_handshakes_total",
              "TLS handshakes with clients, by how they ended; failed ones are no TLS, have nothing in common with "
              "us, or were given up.",
              "end", kTlsHandshakeEndLabels, sum_each(&WorkerMetrics::tls_handshakes));
  if (!metrics_.certificate_gauges_) return;
  std::vector<Families::Sample> samples;
  const std::vector<CertificateGauge> certificates = metrics_.certificate_gauges_();
  for (const CertificateGauge& one : certificates) samples.push_back({{{"file", one.file}}, one.not_after_seconds});
  to.gauges("avatar_edge_tls_certificate_not_after_seconds",
            "When each certificate in use ends, in seconds since the Unix epoch, by its file; as many as the "
            "configuration names.",
            samples);
}

void Metrics::Collector::add_fills(Families& to) const {
  to.counters("avatar_edge_fills_total",
              "Fills ended: responses obtained from the origin for the cache, by what became of them.", "end",
              kFillEndLabels, sum_each(&WorkerMetrics::fills));
  to.counter("avatar_edge_origin_lag_retries_total",
             "Times that the origin was asked again because it answered an older version than an update event named.",
             sum(&WorkerMetrics::origin_lag_retries));
  to.counter("avatar_edge_answers_revalidated_for_lease_total",
             "Answers for which the origin was asked only because the update feed had not been heard for a lease.",
             sum(&WorkerMetrics::answers_revalidated_for_lease));
  to.counter("avatar_edge_answers_begun_early_total",
             "Answers to misses that began before the origin's had come whole (cache.stream_from).",
             sum(&WorkerMetrics::answers_begun_early));
  to.counters("avatar_edge_push_fills_total",
              "Responses dropped by an update though asked for lately: filled again at once, or why not.", "end",
              kPushEndLabels, sum_each(&WorkerMetrics::pushes));
  to.gauge("avatar_edge_fills_in_flight", "Fills running now.", sum(&WorkerMetrics::fills_in_flight));
  to.gauge("avatar_edge_waiters", "Requests that wait for a fill now.", sum(&WorkerMetrics::waiters));
}

void Metrics::Collector::add_origin(Families& to) const {
  to.counters("avatar_edge_origin_requests_total", "Requests to the origin ended, by status class or failure.", "end",
              kOriginEndLabels, sum_each(&WorkerMetrics::origin_requests));
  to.gauge("avatar_edge_origin_requests_in_flight", "Requests that the origin has not answered yet.",
           sum(&WorkerMetrics::origin_in_flight));
  to.gauge("avatar_edge_origin_requests_queued", "Requests held back until the origin has finished others.",
           sum(&WorkerMetrics::origin_queued));
  to.counter("avatar_edge_origin_connections_opened_total", "Connections opened to the origin.",
             sum(&WorkerMetrics::origin_connections_opened));
  to.counter("avatar_edge_origin_response_body_bytes_total", "Bytes of response bodies received from the origin.",
             sum(&WorkerMetrics::origin_bytes));
  to.histogram("avatar_edge_origin_request_duration_seconds",
               "From the start of a request to the origin to its end, however it ended.",
               total([](const WorkerMetrics& thread) -> const Histogram& { return thread.origin_duration; }));
  add_origin_guard(to);
}

void Metrics::Collector::add_origin_guard(Families& to) const {
  to.gauge("avatar_edge_origin_urls_ejected",
           "URLs of the origin that are left out because they are out of order, of each worker, all workers together.",
           sum(&WorkerMetrics::origin_urls_ejected));
  to.counters("avatar_edge_origin_ejections_total",
              "Times that a worker left out a URL of the origin for a while, by why it did.", "cause",
              kEjectionCauseLabels, sum_each(&WorkerMetrics::origin_ejections));
  to.counter("avatar_edge_origin_ejections_withheld_total",
             "Failures for which a URL was not left out, because too many were already.",
             sum(&WorkerMetrics::origin_ejections_withheld));
  to.gauge("avatar_edge_origin_urls_unhealthy",
           "URLs of the origin that checks find unhealthy (origin.health), and that are left out while others are not.",
           sum(&WorkerMetrics::origin_urls_unhealthy));
  to.counters("avatar_edge_origin_checks_total", "Checks of the URLs of the origin (origin.health), by how they ended.",
              "end", kHealthCheckEndLabels, sum_each(&WorkerMetrics::origin_checks));
  to.counters(
      "avatar_edge_origin_retries_total",
      "Further attempts, most at another URL of the origin, by why they were made; hedged: while the first was not "
      "answered yet; alone: over a connection of its own, as HTTP/2 had brought nothing that can be used; refused: not "
      "made, because too many were lately.",
      "why", kOriginRetryLabels, sum_each(&WorkerMetrics::origin_retries));
  to.counter("avatar_edge_origin_hedges_won_total",
             "Of the hedged ones (origin.hedge_after), those that were answered before the first attempt was.",
             sum(&WorkerMetrics::origin_hedges_won));
  to.gauges("avatar_edge_origin_breaker_workers",
            "Workers by the state of their breaker. open: the origin has failed too often and is not asked; half_open: "
            "it is asked by a few fetches that try.",
            "state", kBreakerStateLabels, sum_each(&WorkerMetrics::origin_breakers));
  to.counters("avatar_edge_origin_breaker_transitions_total", "Changes of workers' breakers, by the state after it.",
              "to", kBreakerStateLabels, sum_each(&WorkerMetrics::origin_breaker_transitions));
  to.counter("avatar_edge_origin_breaker_refused_total",
             "Requests to the origin that were not made, because the breaker was open.",
             sum(&WorkerMetrics::origin_breaker_refused));
}

void Metrics::Collector::add_cache(Families& to) const {
  const CacheGauges cache = metrics_.cache_gauges_();
  to.gauge("avatar_edge_cache_bytes", "Memory taken by stored responses, with all overhead.",
           static_cast<double>(cache.bytes));
  to.gauge("avatar_edge_cache_budget_bytes", "What avatar_edge_cache_bytes may not exceed.",
           static_cast<double>(cache.budget_bytes));
  to.gauge("avatar_edge_cache_stored_responses", "Responses held in memory now.",
           static_cast<double>(cache.stored_responses));
  to.gauge("avatar_edge_cache_floors", "Avatars whose lowest acceptable version is remembered now.",
           static_cast<double>(cache.floors));
  to.counters("avatar_edge_cache_evictions_total",
              "Stored responses that made room for others; from the main queue they had been asked for again.", "queue",
              kEvictionQueueLabels, [&cache](std::size_t i) { return cache.evictions[i]; });
  to.counter("avatar_edge_cache_ghost_hits_total",
             "Stores of what was evicted a short while ago; many of them mean that the cache is too small.",
             static_cast<double>(cache.ghost_hits));
  to.counters("avatar_edge_invalidations_total", "Invalidations applied on this node, by what asked for them.", "kind",
              kInvalidationLabels,
              [this](std::size_t i) { return metrics_.invalidations_[i].load(std::memory_order_relaxed); });
}

void Metrics::Collector::add_degraded(Families& to) const {
  const bool is_overloaded = std::ranges::any_of(std::array{OverloadCause::LoopLag, OverloadCause::Memory},
                                                 [this](auto cause) { return metrics_.overload_level(cause) > 0; });
  std::vector<Families::Sample> degraded{
      {{{"reason", "limited_uploads"}}, metrics_.are_uploads_limited_.load(std::memory_order_relaxed) ? 1.0 : 0.0},
      {{{"reason", "maintenance"}}, metrics_.is_in_maintenance_.load(std::memory_order_relaxed) ? 1.0 : 0.0},
      {{{"reason", "no_origin"}}, metrics_.breakers_open() > 0 ? 1.0 : 0.0},
      {{{"reason", "overload"}}, is_overloaded ? 1.0 : 0.0}};
  if (metrics_.feed_gauges_)
    degraded.push_back({{{"reason", "no_lease"}}, metrics_.feed_gauges_().lease_remaining_seconds > 0 ? 0.0 : 1.0});
  if (metrics_.tier_gauges_) degraded.push_back({{{"reason", "no_tier"}}, metrics_.tier_gauges_().is_open ? 0.0 : 1.0});
  to.gauges(
      "avatar_edge_degraded",
      "1 while the edge does without something. no_origin: a worker's breaker is not closed, and what it does not hold "
      "is answered 503, or by what is stale. no_lease: what is held is revalidated before use. no_tier: what is "
      "not held in memory is asked of the origin. overload: there is too much to do, and new connections wait or "
      "requests are "
      "answered 503. limited_uploads and maintenance: an operator has switched them on.",
      degraded);
}

void Metrics::Collector::add_feed(Families& to) const {
  if (!metrics_.feed_gauges_) return;
  const FeedMetrics& feed = metrics_.feed_;
  const FeedGauges now = metrics_.feed_gauges_();
  const auto counter = [&to](std::string_view name, std::string_view help, const Cell& cell) {
    to.counter(name, help, static_cast<double>(cell.value()));
  };
  to.gauge("avatar_edge_feed_connected", "1 while there is a connection to the update feed.",
           static_cast<double>(feed.connected.value()));
  counter("avatar_edge_feed_connections_lost_total", "Connections to the update feed that ended.",
          feed.connections_lost);
  counter("avatar_edge_feed_primary_switches_total",
          "Times that sentinels led to another primary of the update feed than before.", feed.primary_switches);
  counter(
      "avatar_edge_feed_sentinel_asks_failed_total",
      "Times that a sentinel of the update feed was asked for the primary and did not lead to it: no answer in time, "
      "no such name, an older configuration than another's, or a replica.",
      feed.sentinel_asks_failed);
  to.gauge("avatar_edge_feed_lease_remaining_seconds",
           "For how long what is held may be served without hearing the update feed again; 0 when that is over.",
           now.lease_remaining_seconds);
  to.gauge("avatar_edge_feed_position_timestamp_seconds",
           "When the last update event that this node has applied for certain was published, by the feed's clock.",
           now.position_seconds);
  counter("avatar_edge_feed_events_applied_total", "Update events applied.", feed.events_applied);
  counter("avatar_edge_feed_events_malformed_total", "Entries of the feed that are no update events, and were skipped.",
          feed.events_malformed);
  HistogramTotal lag;
  lag.add(feed.lag);
  to.histogram("avatar_edge_feed_lag_seconds",
               "From an event's commit (its \"at\", else when it was published) to its application here; clocks of "
               "two machines.",
               lag);
  counter("avatar_edge_feed_proofs_total", "Times that this node made sure to have missed nothing.", feed.proofs);
  counter("avatar_edge_feed_gaps_total", "Times that events may have been missed, so that all was to be revalidated.",
          feed.gaps);
  counter("avatar_edge_feed_identity_changes_total", "Gaps because the feed's server was another, or had a new life.",
          feed.identity_changes);
  counter("avatar_edge_updates_published_total", "Update events that this node has published.", feed.published);
  counter("avatar_edge_updates_failed_total", "Publications that were answered with an error.",
          feed.publications_failed);
  to.gauge("avatar_edge_updates_pending", "Update events of unsafe requests that wait to be published.",
           static_cast<double>(feed.publications_pending.value()));
  counter("avatar_edge_updates_given_up_total", "Update events of unsafe requests dropped because too many waited.",
          feed.publications_given_up);
  to.counters("avatar_edge_update_waits_total", "Waits for all nodes to have applied an event, by how they ended.",
              "end", kWaitEndLabels, [&feed](std::size_t i) { return feed.waits[WaitEnd(i)].value(); });
}

void Metrics::Collector::add_tier(Families& to) const {
  if (!metrics_.tier_gauges_) return;
  const TierMetrics& tier = metrics_.tier_;
  const TierGauges now = metrics_.tier_gauges_();
  const auto counter = [&to](std::string_view name, std::string_view help, const Cell& cell) {
    to.counter(name, help, static_cast<double>(cell.value()));
  };
  to.gauge("avatar_edge_tier_open", "1 while the Redis tier is in step with the update feed, so that it may be used.",
           now.is_open ? 1 : 0);
  to.gauge("avatar_edge_tier_connected", "1 while the feed's thread has a connection to the tier's Redis.",
           static_cast<double>(tier.connected.value()));
  counter("avatar_edge_tier_connections_lost_total", "Connections of the feed's thread to the tier that ended.",
          tier.connections_lost);
  counter("avatar_edge_tier_primary_switches_total",
          "Times that sentinels led the feed's thread to another primary of the tier than before.",
          tier.primary_switches);
  counter(
      "avatar_edge_tier_sentinel_asks_failed_total",
      "Times that the feed's thread asked a sentinel for the primary of the tier and was not led to it: no answer in "
      "time, no such name, an older configuration than another's, or a replica.",
      tier.sentinel_asks_failed);
  to.gauge("avatar_edge_tier_workers_passing_over",
           "Workers that do not ask the tier for a moment, because it was late too often.",
           sum(&WorkerMetrics::tier_passed_over));
  to.counters("avatar_edge_tier_looks_total", "Looks into the tier before the origin is asked, by how they ended.",
              "end", kTierLookEndLabels, sum_each(&WorkerMetrics::tier_looks));
  to.histogram("avatar_edge_tier_look_duration_seconds",
               "How long looks into the tier took, waits for another node's fill included.",
               total([](const WorkerMetrics& thread) -> const Histogram& { return thread.tier_look_duration; }));
  to.counters("avatar_edge_tier_puts_total", "Responses of the origin offered to the tier, by what became of them.",
              "end", kTierPutEndLabels, sum_each(&WorkerMetrics::tier_puts));
  to.counter("avatar_edge_tier_claims_served_total",
             "Fills that waited for another node to ask the origin, and got what it brought.",
             sum(&WorkerMetrics::tier_claims_served));
  to.counter("avatar_edge_tier_claims_waited_out_total",
             "Fills that waited for another node to ask the origin for redis.claim in vain, and asked themselves.",
             sum(&WorkerMetrics::tier_claims_waited_out));
  counter("avatar_edge_tier_opened_total", "Times that the tier became usable, at the start too.", tier.opened);
  counter("avatar_edge_tier_events_applied_total", "Update events told to the tier.", tier.events_applied);
  counter("avatar_edge_tier_replays_total", "Times that the tier had to be told what it had missed.", tier.replays);
  counter("avatar_edge_tier_events_replayed_total", "Update events read again for that.", tier.events_replayed);
  counter("avatar_edge_tier_epochs_moved_total",
          "Times that this node made the tier begin anew, because nobody could tell what it had missed.",
          tier.epochs_moved);
  counter("avatar_edge_tier_refused_total", "Commands that the tier's Redis refused, so that all began anew.",
          tier.refused);
  counter("avatar_edge_tier_forgotten_total", "Avatars deleted from the tier for a purge by hand.", tier.forgotten);
}

void Metrics::Collector::add_process(Families& to) const {
  const std::optional<ProcessStats> stats = try_read_process_stats();
  if (!stats) return;
  to.counter("process_cpu_seconds_total", "Processor time taken, user and system, in seconds.", stats->cpu_seconds);
  to.gauge("process_resident_memory_bytes", "Memory in use, in bytes.", static_cast<double>(stats->resident_bytes));
  to.gauge("process_virtual_memory_bytes", "Address space reserved, in bytes.",
           static_cast<double>(stats->virtual_bytes));
  to.gauge("process_open_fds", "File descriptors open now.", static_cast<double>(stats->open_fds));
  to.gauge("process_max_fds", "File descriptors that the process may open.", static_cast<double>(stats->fds_max));
  to.gauge("process_start_time_seconds", "When the process started, in seconds since the Unix epoch.",
           stats->start_time_seconds);
}

}  // namespace edge::metrics
