// TLS on the addresses where clients and operators connect: the contexts in force, and the keys of tickets that outlive
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/clock.h"
#include "base/result.h"
#include "metrics/metrics.h"
#include "net/tls_context.h"

namespace edge::app {

// Owned by the edge, and so is what it lends: tickets go on being good when the configuration is read again. Main's
// thread only; the contexts are for any.
class ListenerTls {
 public:
  using Contexts = std::vector<std::shared_ptr<const net::TlsContext>>;  // By listener; null: in the clear.

  ListenerTls(const std::vector<ListenOptions>& listen, const Clock& clock);

  // Reads certificates and keys, all or nothing: what is in force stays where one will not do. A listener keeps what it
  // has where `listen` has its address no longer, or changes whether it speaks TLS: that needs a restart.
  Status load(const std::vector<ListenOptions>& listen);

  // In force; empty before the first load.
  const Contexts& contexts() const { return contexts_; }
  // The keys of tickets that were made up here, by listener; none of those that speak no TLS or have theirs of a file.
  struct TicketKeys {
    std::size_t place = 0;
    std::string address;  // As configured.
    net::TlsTicketKeysMadeUp made_up;
  };
  std::vector<TicketKeys> ticket_keys() const;
  // Another process's, for the listener that has that address, at best in that place. False where there is none.
  bool take(TicketKeys keys);
  // Of the contexts in force; each file once.
  std::vector<metrics::CertificateGauge> certificates() const;

 private:
  struct Listener {
    std::string address;
    std::shared_ptr<net::TlsTicketKeys> keys;  // Null: in the clear.
    bool has_file = false;                     // In force are those of a file instead.
  };

  void warn_of_expired() const;

  const Clock& clock_;
  std::vector<Listener> listeners_;
  Contexts contexts_;
};

}  // namespace edge::app
