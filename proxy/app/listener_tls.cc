#include "app/listener_tls.h"

#include <algorithm>
#include <map>

#include "base/log.h"

namespace edge::app {

ListenerTls::ListenerTls(const std::vector<ListenOptions>& listen, const Clock& clock) : clock_(clock) {
  for (const ListenOptions& one : listen)
    listeners_.push_back({one.address, one.has_tls() ? std::make_shared<net::TlsTicketKeys>(clock) : nullptr, false});
}

Status ListenerTls::load(const std::vector<ListenOptions>& listen) {
  Contexts next = contexts_;
  next.resize(listeners_.size());
  std::vector<Listener> listeners = listeners_;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    // By its place, where the address is still there: port 0 may be there several times.
    const bool is_in_place = i < listen.size() && listen[i].address == listeners_[i].address;
    const auto options = is_in_place ? listen.begin() + static_cast<std::ptrdiff_t>(i)
                                     : std::ranges::find(listen, listeners_[i].address, &ListenOptions::address);
    if (!listeners_[i].keys || options == listen.end() || !options->has_tls()) continue;
    auto context = net::make_tls_context(options->tls, listeners_[i].keys);
    if (!context) return fail(context.error().code, "TLS on " + options->address + ": " + context.error().message);
    next[i] = *std::move(context);
    listeners[i].has_file = !options->tls.ticket_keys_file.empty();
  }
  contexts_ = std::move(next);
  listeners_ = std::move(listeners);
  warn_of_expired();
  return {};
}

std::vector<ListenerTls::TicketKeys> ListenerTls::ticket_keys() const {
  std::vector<TicketKeys> all;
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    if (listeners_[i].keys && !listeners_[i].has_file)
      all.push_back({i, listeners_[i].address, listeners_[i].keys->made_up()});
  return all;
}

bool ListenerTls::take(TicketKeys keys) {
  const bool is_in_place = keys.place < listeners_.size() && listeners_[keys.place].address == keys.address;
  const auto listener = is_in_place ? listeners_.begin() + static_cast<std::ptrdiff_t>(keys.place)
                                    : std::ranges::find(listeners_, keys.address, &Listener::address);
  if (listener == listeners_.end() || !listener->keys) return false;
  listener->keys->take(std::move(keys.made_up));
  return true;
}

std::vector<metrics::CertificateGauge> ListenerTls::certificates() const {
  std::map<std::string, double> ends;
  for (const auto& context : contexts_) {
    if (!context) continue;
    for (const auto& [file, not_after] : context->expiries())
      ends[file] = static_cast<double>(not_after.time_since_epoch().count());
  }
  std::vector<metrics::CertificateGauge> gauges;
  for (const auto& [file, end] : ends) gauges.push_back({file, end});
  return gauges;
}

void ListenerTls::warn_of_expired() const {
  const double now = std::chrono::duration<double>(clock_.wall().time_since_epoch()).count();
  for (const auto& [file, end] : certificates())
    if (end <= now) log_warning("tls.expired", "the certificate in '" + file + "' has expired; clients will refuse it");
}

}  // namespace edge::app
