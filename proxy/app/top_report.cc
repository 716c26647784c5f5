#include "app/top_report.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <span>

#include "http/percent.h"
#include "metrics/outcome.h"

namespace edge::app {
namespace {

using nlohmann::json;

// Lines are not longer, so that they fit a terminal.
constexpr std::size_t kColumns = 80;
constexpr std::size_t kNameColumns = 12;

constexpr std::size_t kHottest = 10;  // Avatars.
constexpr std::size_t kNameTextMax = 40;

std::string format(const char* form, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), form, value);
  return text.data();
}

std::string label(std::string_view name, std::string_view value) {
  return std::string(name).append("=\"").append(value).append("\"");
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"%.0f B", "%.1f KiB", "%.1f MiB", "%.1f GiB", "%.1f TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return format(kUnits[unit], bytes);
}

std::string duration_text(double seconds) {
  if (seconds < 0) return "-";
  if (std::isinf(seconds)) return "beyond the last bucket";
  return seconds < 1 ? format("%.2f ms", seconds * 1e3) : format("%.2f s", seconds);
}

std::string uptime_text(std::uint64_t seconds) {
  constexpr std::uint64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds < 2 * kMinute) return std::to_string(seconds) + " s";
  if (seconds < 2 * kHour) return std::to_string(seconds / kMinute) + " min";
  return seconds < 2 * kDay ? std::to_string(seconds / kHour) + " h" : std::to_string(seconds / kDay) + " days";
}

// What clients have made up, so that nothing of it is for the terminal: as in a URL, and no longer than a part of a
// line.
std::string name_text(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c > ' ' && c < '\x7F' && c != '%') {
      text += c;
    } else {
      http::append_escape(text, c);
    }
    if (text.size() > kNameTextMax) return text.substr(0, kNameTextMax) + "...";
  }
  return text;
}

// Paragraphs of a name and items, broken where the terminal ends.
class Page {
 public:
  void begin(std::string_view name) {
    end_line();
    line_ = name;
    line_.resize(kNameColumns, ' ');
    has_items_ = false;
  }
  void add(const std::string& item) {
    constexpr std::string_view kBetween = "   ";
    if (has_items_ && line_.size() + kBetween.size() + item.size() > kColumns) {
      end_line();
      line_.assign(kNameColumns, ' ');
    } else if (has_items_) {
      line_ += kBetween;
    }
    line_ += item;
    has_items_ = true;
  }
  std::string take() {
    end_line();
    return std::move(text_);
  }

 private:
  void end_line() {
    if (!line_.empty()) text_.append(line_) += '\n';
    line_.clear();
  }

  std::string text_;
  std::string line_;
  bool has_items_ = false;
};

class Report {
 public:
  Report(const Look& before, const Look& now, const json& status)
      : before_(before.metrics),
        now_(now.metrics),
        hottest_(now.hottest),
        status_(status),
        seconds_(std::chrono::duration<double>(now.at - before.at).count()) {}

  std::string write() {
    add_edge();
    add_requests();
    add_latency();
    add_hottest();
    add_origin();
    add_feed();
    add_tier();
    add_memory();
    add_degraded();
    return page_.take();
  }

 private:
  double rate(std::string_view metric, std::string_view of = {}) const {
    return seconds_ > 0 ? (now_.sum(metric, of) - before_.sum(metric, of)) / seconds_ : 0;
  }
  std::string rate_text(std::string_view metric, std::string_view of = {}) const {
    return format("%.1f", rate(metric, of)) + "/s";
  }
  void add_rates(std::string_view metric, std::string_view name, std::span<const std::string_view> values) {
    for (const std::string_view value : values)
      page_.add(std::string(value) + " " + format("%.1f", rate(metric, label(name, value))));
  }
  void add_quantiles(std::string_view histogram) {
    const auto counted = since(before_.buckets(histogram), now_.buckets(histogram));
    for (const double q : {0.5, 0.9, 0.99}) page_.add(format("p%g ", q * 100) + duration_text(quantile(counted, q)));
  }
  std::string count_text(std::string_view metric, std::string_view of = {}) const {
    return format("%.0f", now_.sum(metric, of));
  }

  void add_edge() {
    page_.begin("edge");
    page_.add("avatar-edge " + status_.value("version", "") + ", site " + status_.value("site", ""));
    page_.add(status_.value("state", "") + " for " + uptime_text(status_.value("uptime_s", std::uint64_t{0})));
    page_.add("workers " + std::to_string(status_.value("workers", 0)));
    page_.add("process " + std::to_string(status_.value("pid", 0)));
  }

  void add_requests() {
    constexpr std::string_view kMetric = "avatar_edge_requests_total";
    page_.begin("requests");
    page_.add(rate_text(kMetric));
    page_.add("sent " + bytes_text(rate("avatar_edge_response_bytes_total")) + "/s");
    page_.add("connections " + count_text("avatar_edge_connections_open"));
    page_.add("waiting for a fill " + count_text("avatar_edge_waiters"));
    page_.begin("by outcome");
    add_rates(kMetric, "outcome", metrics::kOutcomeLabels);
    // Of what could have been one, as the recording rule has it.
    double all = 0;
    for (const std::string_view outcome : {"hit", "tier2", "stale", "revalidated", "miss", "collapsed"})
      all += rate(kMetric, label("outcome", outcome));
    page_.begin("hit ratio");
    page_.add(all > 0 ? format("%.2f %%", 100 * rate(kMetric, label("outcome", "hit")) / all) : "-");
  }

  void add_latency() {
    page_.begin("latency");
    add_quantiles("avatar_edge_request_duration_seconds");
  }

  void add_hottest() {
    page_.begin("hottest");
    if (hottest_.empty()) return page_.add("-");
    const json told = json::parse(hottest_);
    const double seconds = told.at("seconds").get<double>();
    if (seconds <= 0) return page_.add("-");
    std::size_t listed = 0;
    for (const json& avatar : told.at("avatars")) {
      if (listed++ == kHottest) break;
      const double requests = avatar.at("requests").get<double>();
      const bool is_exact = avatar.at("error_max").get<double>() == 0;
      page_.add(name_text(avatar.at("avatar").get<std::string>()) + (is_exact ? " " : " ~") +
                format("%.1f", requests / seconds) + "/s");
    }
    if (listed == 0) page_.add("none");
  }

  void add_origin() {
    constexpr std::string_view kMetric = "avatar_edge_origin_requests_total";
    page_.begin("origin");
    page_.add(rate_text(kMetric));
    page_.add("in flight " + count_text("avatar_edge_origin_requests_in_flight"));
    page_.add("queued " + count_text("avatar_edge_origin_requests_queued"));
    add_quantiles("avatar_edge_origin_request_duration_seconds");
    page_.begin("by end");
    add_rates(kMetric, "end", metrics::kOriginEndLabels);
    page_.begin("breaker");
    for (const std::string_view state : metrics::kBreakerStateLabels)
      page_.add(std::string(state) + " " + count_text("avatar_edge_origin_breaker_workers", label("state", state)));
    page_.add("URLs ejected " + count_text("avatar_edge_origin_urls_ejected"));
    page_.add("unhealthy " + count_text("avatar_edge_origin_urls_unhealthy"));
  }

  void add_feed() {
    page_.begin("feed");
    if (status_.value("feed", json()).is_null()) return page_.add("none");
    page_.add("lease " + duration_text(static_cast<double>(status_.value("lease_ms", 0)) / 1e3) + " left");
    page_.add("events " + rate_text("avatar_edge_feed_events_applied_total"));
    page_.add("gaps " + count_text("avatar_edge_feed_gaps_total"));
    constexpr std::string_view kLag = "avatar_edge_feed_lag_seconds";
    const auto lag = since(before_.buckets(kLag), now_.buckets(kLag));
    page_.add("lag p50 " + duration_text(quantile(lag, 0.5)));
    page_.add("p99 " + duration_text(quantile(lag, 0.99)));
  }

  void add_tier() {
    page_.begin("tier");
    if (status_.value("tier", json()).is_null()) return page_.add("none");
    page_.add(now_.sum("avatar_edge_tier_open") > 0 ? "open" : "closed");
    add_rates("avatar_edge_tier_looks_total", "end", metrics::kTierLookEndLabels);
  }

  void add_memory() {
    page_.begin("memory");
    page_.add("cache " + bytes_text(now_.sum("avatar_edge_cache_bytes")) + " of " +
              bytes_text(now_.sum("avatar_edge_cache_budget_bytes")));
    page_.add("responses " + count_text("avatar_edge_cache_stored_responses"));
    page_.add("evictions " + rate_text("avatar_edge_cache_evictions_total"));
    page_.add("process " + bytes_text(now_.sum("process_resident_memory_bytes")));
  }

  void add_degraded() {
    for (const json& reason : status_.value("degraded_reasons", json::array())) {
      page_.begin("degraded");
      page_.add(reason.get<std::string>());
    }
  }

  const Scrape& before_;
  const Scrape& now_;
  const std::string& hottest_;
  const json& status_;
  const double seconds_;
  Page page_;
};

}  // namespace

Result<std::string> describe(const Look& before, const Look& now) {
  constexpr std::string_view kStarted = "process_start_time_seconds";
  if (before.metrics.sum(kStarted) != now.metrics.sum(kStarted))
    return fail(ErrorCode::Unavailable, "the edge was started anew");
  try {
    return Report(before, now, json::parse(now.status)).write();
  } catch (const json::exception&) {  // The library's boundary.
    return fail(ErrorCode::Malformed, "the edge does not say how it is");
  }
}

}  // namespace edge::app
