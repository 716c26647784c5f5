#include "origin/http1_carrier.h"

#include <algorithm>

#include "base/check.h"
#include "origin/http1_transfer.h"

namespace edge::origin {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
// New connections are rare, or come in a crowd.
constexpr std::size_t kSpareConnectingMax = 8;

}  // namespace

Http1Carrier::Http1Carrier(event::EventLoop& loop, CurlMulti& connector, const CurlOptions& options,
                           metrics::WorkerMetrics& metrics)
    : Carrier(loop, options.connections_max),
      connector_(connector),
      options_(options),
      metrics_(metrics),
      unused_for_long_(loop, [this] { close_unused(); }) {}

Http1Carrier::~Http1Carrier() { destroy_spare(); }

std::unique_ptr<Transfer> Http1Carrier::make_transfer() {
  room_.resize(kReceiveBytes);
  return std::make_unique<Http1Transfer>(*this);
}

std::unique_ptr<CurlTransfer> Http1Carrier::take_connecting() {
  if (spare_connecting_.empty()) return std::make_unique<CurlTransfer>(connector_);
  auto spare = std::move(spare_connecting_.back());
  spare_connecting_.pop_back();
  return spare;
}

void Http1Carrier::give_back_connecting(std::unique_ptr<CurlTransfer> connecting) {
  connecting->stop();
  if (spare_connecting_.size() < kSpareConnectingMax) spare_connecting_.push_back(std::move(connecting));
}

void Http1Carrier::reload(const CurlOptions& options) {
  if (options.connect_to != options_.connect_to) {
    ++places_;
    for (auto& connection : std::exchange(idle_, {})) drop(std::move(connection));
  }
  options_ = options;
  set_spare_max(options.connections_max);
}

bool Http1Carrier::is_of_use(const Http1Connection& connection) {
  const Instant now = loop().now();
  return connection.made().as_of == places_ && now - *connection.used_until() <= options_.idle_timeout &&
         (options_.age_max.count() == 0 || now - connection.made().at <= options_.age_max);
}

std::unique_ptr<Http1Connection> Http1Carrier::try_take(const OriginUrl& url) {
  for (std::size_t i = idle_.size(); i > 0; --i) {
    if (idle_[i - 1]->url()->base != url.base) continue;
    auto connection = std::move(idle_[i - 1]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    // What it says unasked answers nothing, be it that nobody has looked yet.
    if (is_of_use(*connection) && connection->is_quiet()) return connection;
    drop(std::move(connection));
  }
  return nullptr;
}

void Http1Carrier::keep(std::unique_ptr<Http1Connection> connection) {
  connection->set_user(*this);
  connection->note_used(loop().now());
  if (!is_of_use(*connection)) return drop(std::move(connection));
  idle_.push_back(std::move(connection));
  if (idle_.size() > options_.connections_max) drop_longest_unused();
  if (!unused_for_long_.is_armed()) close_unused();
}

void Http1Carrier::drop_longest_unused() {
  auto longest_unused = std::move(idle_.front());
  idle_.erase(idle_.begin());
  drop(std::move(longest_unused));
}

// Looked at again when the time of the one that is left is over, which others may have had used by then.
void Http1Carrier::close_unused() {
  while (!idle_.empty() && !is_of_use(*idle_.front())) drop_longest_unused();
  if (idle_.empty()) return;
  const Instant due = *idle_.front()->used_until() + options_.idle_timeout;
  unused_for_long_.arm(std::chrono::ceil<std::chrono::milliseconds>(due - loop().now()) + std::chrono::milliseconds{1});
}

void Http1Carrier::drop(std::unique_ptr<Http1Connection> connection) {
  connection->stop();
  loop().destroy_later(std::move(connection));
}

// Nothing was asked: it is the connection's end, or nothing that could be believed.
void Http1Carrier::on_readable(Http1Connection& connection) {
  const auto found = std::ranges::find(idle_, &connection, &std::unique_ptr<Http1Connection>::get);
  EDGE_CHECK(found != idle_.end());
  auto dropped = std::move(*found);
  idle_.erase(found);
  drop(std::move(dropped));
}

}  // namespace edge::origin
