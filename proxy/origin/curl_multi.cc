#include "origin/curl_multi.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/kept_memory.h"

namespace edge::origin {
namespace {

template <class T>
void set(CURLM* multi, CURLMoption option, T value) {
  EDGE_CHECK(curl_multi_setopt(multi, option, value) == CURLM_OK);
}

// Once a process, whichever worker is first. Never undone: other threads may still be using it.
void initialize_library() {
  static const CURLcode initialized =
      KeptMemory::kIsOfUse
          ? curl_global_init_mem(CURL_GLOBAL_DEFAULT, KeptMemory::allocate, KeptMemory::release, KeptMemory::reallocate,
                                 KeptMemory::duplicate, KeptMemory::allocate_zeroed)
          : curl_global_init(CURL_GLOBAL_DEFAULT);
  EDGE_CHECK(initialized == CURLE_OK);
}

}  // namespace

struct CurlMulti::Callbacks {
  static int socket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept {
    auto& multi = *static_cast<CurlMulti*>(self);
    if (what == CURL_POLL_REMOVE) {
      multi.want_nothing(fd);
    } else {
      multi.want(easy, fd, what);
    }
    return 0;
  }
  static int timer(CURLM*, long milliseconds, void* self) noexcept {
    static_cast<CurlMulti*>(self)->set_timeout(milliseconds);
    return 0;
  }
  // Also when a request that came to nothing on an old connection is sent again on a new one.
  static curl_socket_t open_socket(void* of, curlsocktype, curl_sockaddr* address) noexcept {
    static_cast<CurlTransfer*>(of)->has_connection_ = false;
    const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
  }
  static int close_socket(void* self, curl_socket_t fd) noexcept {
    static_cast<CurlMulti*>(self)->drop_socket(fd);
    return ::close(fd);
  }
};

CurlMulti::CurlMulti(event::EventLoop& loop, const CurlOptions& options, metrics::WorkerMetrics& metrics)
    : Carrier(loop, options.connections_max),
      options_(options),
      metrics_(metrics),
      timer_(loop, [this] { set_timeout(0); }) {
  initialize_library();
  multi_.reset(curl_multi_init());
  EDGE_CHECK(multi_ != nullptr);
  set(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Callbacks::socket);
  set(multi_.get(), CURLMOPT_SOCKETDATA, this);
  set(multi_.get(), CURLMOPT_TIMERFUNCTION, &Callbacks::timer);
  set(multi_.get(), CURLMOPT_TIMERDATA, this);
  set(multi_.get(), CURLMOPT_PIPELINING, options.shares_connections ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
  set(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.connections_max));
}

CurlMulti::~CurlMulti() { destroy_spare(); }

void CurlMulti::FreeMulti::operator()(void* multi) const noexcept { curl_multi_cleanup(multi); }

std::unique_ptr<Transfer> CurlMulti::make_transfer() { return std::make_unique<CurlTransfer>(*this); }

void CurlMulti::reload(const CurlOptions& options) {
  options_ = options;
  set_spare_max(options.connections_max);
  set(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.connections_max));
  ++reloads_;
}

void CurlMulti::hook_sockets(void* easy, CurlTransfer& of) {
  EDGE_CHECK(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open_socket) == CURLE_OK);
  EDGE_CHECK(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &of) == CURLE_OK);
  EDGE_CHECK(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Callbacks::close_socket) == CURLE_OK);
  EDGE_CHECK(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this) == CURLE_OK);
}

void CurlMulti::add(CurlTransfer& transfer) {
  EDGE_CHECK(loop().is_current() && !is_taking_notes());
  EDGE_CHECK(curl_multi_add_handle(multi_.get(), transfer.easy_.get()) == CURLM_OK);
}

void CurlMulti::remove(CurlTransfer& transfer) {
  EDGE_CHECK(loop().is_current() && !is_taking_notes());
  // libcurl would close a connection in the making first and say so afterwards, when the descriptor may be another's.
  if (!transfer.has_connection_) drop_connecting(transfer);
  EDGE_CHECK(curl_multi_remove_handle(multi_.get(), transfer.easy_.get()) == CURLM_OK);
}

void CurlMulti::want(void* easy, int fd, int what) {
  Socket& socket = sockets_[fd];
  socket.wanted = what;
  if (!socket.is_established) {
    const CurlTransfer* transfer = nullptr;
    EDGE_CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer) == CURLE_OK);
    socket.connecting = transfer;
    socket.is_established = transfer != nullptr && transfer->has_connection_;
  }
  if ((what & CURL_POLL_IN) != 0) {
    if (!socket.reader)
      socket.reader = std::make_unique<event::Watch>(loop(), fd, event::Watch::Readable,
                                                     [this, fd] { on_ready(fd, CURL_POLL_IN); });
    socket.reader->arm();
  }
  if ((what & CURL_POLL_OUT) != 0) {
    if (!socket.writer)
      socket.writer = std::make_unique<event::Watch>(loop(), fd, event::Watch::Writable,
                                                     [this, fd] { on_ready(fd, CURL_POLL_OUT); });
    socket.writer->arm();
  } else if (socket.writer) {
    socket.writer->disarm();
  }
}

void CurlMulti::want_nothing(int fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  if (!found->second.is_established) return drop_socket(fd);
  found->second.wanted = 0;
  if (found->second.writer) found->second.writer->disarm();
}

void CurlMulti::drop_socket(int fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  // Disarmed before the descriptor is closed; freed after the turn, since one of them may be running.
  for (auto* watch : {&found->second.reader, &found->second.writer}) {
    if (!*watch) continue;
    (*watch)->disarm();
    loop().destroy_later(std::move(*watch));
  }
  sockets_.erase(found);
}

void CurlMulti::drop_connecting(const CurlTransfer& transfer) {
  std::vector<int> dropped;
  for (const auto& [fd, socket] : sockets_)
    if (!socket.is_established && socket.connecting == &transfer) dropped.push_back(fd);
  for (const int fd : dropped) drop_socket(fd);
}

void CurlMulti::on_ready(int fd, int what) {
  Socket& socket = sockets_.at(fd);
  if ((socket.wanted & what) == 0) {
    // Between two transfers (the origin has closed an idle connection), or while reading is paused.
    (what == CURL_POLL_IN ? socket.reader : socket.writer)->disarm();
    return;
  }
  // A socket that can be written may have been reset after the origin's answer: that is read first.
  const int wanted = what == CURL_POLL_OUT ? socket.wanted : what;
  run_library(fd, ((wanted & CURL_POLL_IN) != 0 ? CURL_CSELECT_IN : 0) |
                      ((wanted & CURL_POLL_OUT) != 0 ? CURL_CSELECT_OUT : 0));
  act_on_due();
}

void CurlMulti::set_timeout(long milliseconds) {
  timer_.disarm();
  is_timeout_due_ = milliseconds == 0;
  if (milliseconds == 0) plan_run();
  if (milliseconds > 0) timer_.arm(std::chrono::milliseconds{milliseconds});
}

void CurlMulti::on_planned_run() {
  if (std::exchange(is_timeout_due_, false)) run_library(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::run_library(int fd, int what) {
  take_notes([&] {
    int running = 0;
    EDGE_CHECK(curl_multi_socket_action(multi_.get(), fd, what, &running) == CURLM_OK);
  });
  note_ended_transfers();
}

void CurlMulti::note_ended_transfers() {
  int left = 0;
  while (CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CurlTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    if (code == CURLE_OK) transfer->keep_connection();
    remove(*transfer);
    transfer->note_end(code);
  }
}

}  // namespace edge::origin
