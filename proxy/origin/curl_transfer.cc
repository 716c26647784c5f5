#include "origin/curl_transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "origin/connection_fields.h"
#include "origin/curl_multi.h"
#include "origin/verdict.h"

namespace edge::origin {
namespace {

// One system call reads as much: most avatars at once. A little less than 32 KiB, so that with what libcurl and
// KeptMemory add it fills one block that is kept; larger ones would hold too much beside the cache's budget.
constexpr long kReceiveBufferBytes = 32 * 1024 - 64;

static_assert(CurlTransfer::kErrorTextBytes >= CURL_ERROR_SIZE);

template <class T>
void set(CURL* easy, CURLoption option, T value) {
  EDGE_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

// RFC 9110 section 8.6: a length is sent even for an empty body where the method usually has one.
bool expects_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

struct CurlTransfer::Callbacks {
  static size_t header(char* data, size_t, size_t bytes, void* self) noexcept {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    if (!transfer.head_.is_complete()) {
      if (!transfer.head_.add_line({data, bytes})) return 0;
      if (transfer.head_.has_interim()) transfer.multi_.wake(*transfer.user_);
      if (transfer.head_.is_complete()) transfer.note_head_complete();
      return bytes;
    }
    return transfer.head_.add_line({data, bytes}) ? bytes : 0;
  }
  static size_t write(char* data, size_t, size_t bytes, void* self) noexcept {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    transfer.multi_.wake(*transfer.user_);
    if (!transfer.head_.is_http2() && transfer.body_.size() + bytes > transfer.body_bytes_max_) {
      transfer.held_back_bytes_ = bytes;
      return CURL_WRITEFUNC_PAUSE;
    }
    transfer.body_.append({data, bytes});
    transfer.multi_.metrics().origin_bytes.add(bytes);
    return bytes;
  }
  static size_t read(char* to, size_t, size_t room, void* self) noexcept {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    if (const size_t bytes = transfer.upload_->take(to, room); bytes > 0) {
      if (transfer.upload_->waiting_bytes() == 0) transfer.multi_.wake(*transfer.user_);
      return bytes;
    }
    if (transfer.upload_->has_ended()) return transfer.upload_->is_complete() ? 0 : CURL_READFUNC_ABORT;
    transfer.is_upload_waiting_ = true;
    return CURL_READFUNC_PAUSE;
  }
  // The connection stands, and the request is about to be sent on it.
  static int before_request(void* self, char*, char*, int, int) noexcept {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    transfer.was_replayed_ = transfer.was_request_sent_;
    transfer.was_request_sent_ = transfer.has_connection_ = true;
    return CURL_PREREQFUNC_OK;
  }
};

CurlTransfer::CurlTransfer(CurlMulti& multi) : multi_(multi), parsed_url_(curl_url()), easy_(curl_easy_init()) {
  EDGE_CHECK(parsed_url_ != nullptr && easy_ != nullptr);
}

CurlTransfer::~CurlTransfer() { stop(); }

void CurlTransfer::start(const TransferJob& job, TransferUser& user) {
  EDGE_CHECK(user_ == nullptr);
  // libcurl counts over all transfers of a handle how often it has replaced dead connections, and gives up at five.
  if (!is_plain_ || was_replayed_ || configured_as_of_ != multi_.reloads_) configure();
  begin(job.url, job.collect_bytes_max);
  upload_ = job.upload;
  if (url_->prefix.empty() || job.request.target == "*") {
    set(easy_.get(), CURLOPT_REQUEST_TARGET, job.request.target.c_str());
  } else {
    target_ = url_->prefix;
    target_ += job.request.target;
    set(easy_.get(), CURLOPT_REQUEST_TARGET, target_.c_str());
  }
  set_method(job);
  set_lines(job.request);
  user_ = &user;
  multi_.add(*this);
}

void CurlTransfer::connect(const OriginUrlRef& url, TransferUser& user) {
  EDGE_CHECK(user_ == nullptr);
  configure();
  is_plain_ = false;
  begin(url, 0);
  only_connects_ = true;
  set(easy_.get(), CURLOPT_CONNECT_ONLY, 1L);
  user_ = &user;
  multi_.add(*this);
}

void CurlTransfer::begin(const OriginUrlRef& url, std::uint64_t collect_bytes_max) {
  clear_notes(collect_bytes_max, multi_.shares_connections());
  has_connection_ = was_replayed_ = is_upload_waiting_ = only_connects_ = false;
  may_have_body_ = true;
  error_text_[0] = '\0';
  if (url_ != url) set_url(url);
}

void CurlTransfer::stop() {
  if (const int unclaimed = take_connection(); unclaimed >= 0) ::close(unclaimed);
  if (user_ == nullptr) return;
  user_ = nullptr;
  multi_.remove(*this);
  count_connections();
}

void CurlTransfer::continue_where_possible() {
  if (user_ == nullptr || (held_back_bytes_ == 0 && !is_upload_waiting_)) return;
  const bool stays_full = held_back_bytes_ > 0 && body_.size() + held_back_bytes_ > body_bytes_max_;
  // After such an answer libcurl sends no more of the body, but it ends only when its sending is not paused.
  const bool has_refused_upload = head_.is_complete() && head_.head().status >= 300;
  const bool stays_empty =
      is_upload_waiting_ && upload_->waiting_bytes() == 0 && !upload_->has_ended() && !has_refused_upload;
  if (stays_full == (held_back_bytes_ > 0) && stays_empty == is_upload_waiting_) return;
  if (!stays_full) held_back_bytes_ = 0;
  if (!stays_empty) is_upload_waiting_ = false;
  // Hands over at once what was held back, and asks for a run through its timer.
  curl_easy_pause(easy_.get(), (stays_full ? CURLPAUSE_RECV : 0) | (stays_empty ? CURLPAUSE_SEND : 0));
}

// Everything that is the same for each request.
void CurlTransfer::configure() {
  CURL* const easy = easy_.get();
  const CurlOptions& options = multi_.options();
  curl_easy_reset(easy);
  configured_as_of_ = multi_.reloads_;
  url_ = nullptr;
  set(easy, CURLOPT_PRIVATE, this);
  set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy, CURLOPT_HEADERFUNCTION, &Callbacks::header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Callbacks::write);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_READFUNCTION, &Callbacks::read);
  set(easy, CURLOPT_READDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &Callbacks::before_request);
  set(easy, CURLOPT_PREREQDATA, this);
  multi_.hook_sockets(easy, *this);

  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  const bool shares = options.shares_connections;
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(shares ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  // Or a crowd that comes while there is no connection would open one each.
  set(easy, CURLOPT_PIPEWAIT, shares ? 1L : 0L);
  set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  set(easy, CURLOPT_NOPROXY, "*");  // Whatever the environment says.
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TCP_NODELAY, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  set(easy, CURLOPT_MAXAGE_CONN,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(options.idle_timeout).count()));
  // Or a connection that is never idle would go to an address for as long as the process lives, whatever DNS says.
  set(easy, CURLOPT_MAXLIFETIME_CONN,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(options.age_max).count()));
  set(easy, CURLOPT_DNS_CACHE_TIMEOUT,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(options.dns_ttl).count()));
  // Or stopping a transfer would wait, the whole loop with it, for a thread that is asking the resolver.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
  // Deadlines are ours (the Call's): libcurl would sort each of them into a tree for each transfer.
  set(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  set(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  if (!options.ca_file.empty()) set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.client_certificate_file.empty()) {
    set(easy, CURLOPT_SSLCERT, options.client_certificate_file.c_str());
    set(easy, CURLOPT_SSLKEY, options.client_key_file.c_str());
  }
  set_place(options.connect_to);
  is_plain_ = true;
}

void CurlTransfer::set_place(const std::string& connect_to) {
  constexpr std::string_view kUnix = "unix:";
  if (connect_to.empty()) return;
  if (connect_to.starts_with(kUnix))
    return set(easy_.get(), CURLOPT_UNIX_SOCKET_PATH, connect_to.c_str() + kUnix.size());
  place_text_ = "::" + connect_to;  // Instead of any host and any port.
  place_nodes_.assign(1, curl_slist{.data = place_text_.data(), .next = nullptr});
  set(easy_.get(), CURLOPT_CONNECT_TO, place_nodes_.data());
}

void CurlTransfer::set_url(const OriginUrlRef& url) {
  url_ = url;
  EDGE_CHECK(curl_url_set(parsed_url_.get(), CURLUPART_URL, url_->base.c_str(), 0) == CURLUE_OK);
  set(easy_.get(), CURLOPT_URL, url_->base.c_str());  // What its messages name.
  set(easy_.get(), CURLOPT_CURLU, parsed_url_.get());
}

void CurlTransfer::set_method(const TransferJob& job) {
  CURL* const easy = easy_.get();
  const http::Method method = http::find_method(job.request.method);
  is_head_request_ = method == http::Method::Head;
  if (method == http::Method::Get && upload_ == nullptr) return;
  is_plain_ = false;
  if (is_head_request_) {
    set(easy, CURLOPT_NOBODY, 1L);
  } else {
    set(easy, CURLOPT_CUSTOMREQUEST, job.request.method.c_str());
  }
  // libcurl sends a request once more when a connection that was used before ends without a byte of response, and that
  // may be after the origin has acted on it. On a new connection it never does.
  if (!http::is_safe(method) || upload_ != nullptr) set(easy, CURLOPT_FRESH_CONNECT, 1L);
  if (upload_ == nullptr) return;
  set(easy, CURLOPT_FORBID_REUSE,
      1L);  // Where a body was cut short by an early answer, its rest must not be a request.
  set(easy, CURLOPT_UPLOAD, 1L);
  set(easy, CURLOPT_INFILESIZE_LARGE, upload_->length() ? static_cast<curl_off_t>(*upload_->length()) : curl_off_t{-1});
}

// libcurl's dialect: "name;" sends a field with an empty value, "name:" leaves out one that libcurl would add.
void CurlTransfer::set_lines(const FetchRequest& request) {
  lines_.clear();
  lines_.reserve(request.field_lines.size() + 64);  // Never moves below, so nodes may point into it.
  line_nodes_.clear();
  const auto add = [this](std::string_view line, std::string_view mark) {
    line_nodes_.push_back(curl_slist{.data = lines_.data() + lines_.size(), .next = nullptr});
    lines_ += line;
    lines_ += mark;
    lines_ += '\0';
  };
  bool has_accept = false;
  for (std::string_view rest = request.field_lines; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    const std::string_view name = line.substr(0, line.find(':'));
    if (is_of_connection(http::find_field_name(name))) continue;
    if (equals_ignoring_case(name, "accept")) has_accept = true;
    if (trim(line.substr(name.size() + 1)).empty()) {
      add(name, ";");
    } else {
      add(line, "");
    }
  }
  if (!has_accept) add("accept:", "");
  if (upload_ != nullptr) {
    add("expect:", "");
  } else if (expects_body(request.method)) {
    add("content-length: 0", "");
  }
  for (std::size_t i = 0; i + 1 < line_nodes_.size(); ++i) line_nodes_[i].next = &line_nodes_[i + 1];
  set(easy_.get(), CURLOPT_HTTPHEADER, line_nodes_.empty() ? nullptr : line_nodes_.data());
}

void CurlTransfer::note_head_complete() {
  multi_.wake(*user_);
  if (!head_.is_http2()) multi_.has_met_http1_ = true;
  may_have_body_ = expect_body(is_head_request_);
}

bool CurlTransfer::is_usable() const {
  return !head_.is_http2() || !may_have_body_ || (body_length_ && *body_length_ <= collect_bytes_max_);
}

// libcurl closes the connection together with the transfer, so what is kept is another descriptor of it.
void CurlTransfer::keep_connection() {
  if (!only_connects_) return;
  curl_socket_t fd = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
    connection_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void CurlTransfer::note_end(int curl_code) {
  is_over_ = true;
  count_connections();
  if (curl_code != CURLE_OK || !(only_connects_ || head_.is_complete())) {
    failure_ = classify(curl_code);
  } else if (only_connects_ && connection_ < 0) {
    failure_ = {.error = http::ProxyError::ProxyInternalError,
                .detail = url_->authority + ": no descriptor is free for its connection"};
  }
  multi_.wake(*std::exchange(user_, nullptr));
}

void CurlTransfer::count_connections() {
  long opened = 0;
  if (was_request_sent_ && curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &opened) == CURLE_OK && opened > 0)
    multi_.metrics().origin_connections_opened.add(static_cast<std::uint64_t>(opened));
}

namespace {

http::ProxyError classify_connect_failure(CURL* easy) {
  long error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
  return error == ETIMEDOUT ? http::ProxyError::ConnectionTimeout : http::ProxyError::ConnectionRefused;
}

// RFC 9209 section 2.3.
http::ProxyError classify_code(CURL* easy, CURLcode code, const HeadReader& head) {
  using http::ProxyError;
  switch (code) {
    case CURLE_OK:  // libcurl takes a head without its end for a response.
      return head.has_begun() ? ProxyError::HttpResponseIncomplete : ProxyError::ConnectionTerminated;
    case CURLE_COULDNT_RESOLVE_HOST:
      return ProxyError::DnsError;
    case CURLE_COULDNT_CONNECT:
      return classify_connect_failure(easy);
    case CURLE_OPERATION_TIMEDOUT:
      return ProxyError::ConnectionTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return ProxyError::TlsCertificateError;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
      return ProxyError::TlsProtocolError;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
      return ProxyError::ConnectionTerminated;
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return head.has_begun() ? ProxyError::HttpResponseIncomplete : ProxyError::ConnectionTerminated;
    case CURLE_PARTIAL_FILE:
      return ProxyError::HttpResponseIncomplete;
    case CURLE_ABORTED_BY_CALLBACK:
      return ProxyError::HttpRequestError;  // The upload ended before its declared length.
    case CURLE_WRITE_ERROR:                 // The head reader refused.
    case CURLE_UNSUPPORTED_PROTOCOL:        // HTTP/0.9, which is what anything but HTTP looks like.
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return ProxyError::HttpProtocolError;
    default:
      return ProxyError::ProxyInternalError;
  }
}

}  // namespace

TransferFailure CurlTransfer::classify(int curl_code) const {
  const auto code = static_cast<CURLcode>(curl_code);
  TransferFailure failure{.error = classify_code(easy_.get(), code, head_), .detail = url_->authority + ": "};
  if (!head_.problem().empty()) {
    failure.detail += head_.problem();
  } else if (error_text_[0] != '\0') {
    failure.detail += error_text_.data();
  } else {
    failure.detail += code == CURLE_OK ? "the response ended within its head" : curl_easy_strerror(code);
  }
  failure.is_connect_failure = judge_error(failure.error) == Verdict::Unreachable;
  return failure;
}

}  // namespace edge::origin
