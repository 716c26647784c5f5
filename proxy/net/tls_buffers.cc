#include "net/tls_buffers.h"

#include <algorithm>

#include "net/tls_library.h"

namespace edge::net {

class TlsBuffers::Bio {
 public:
  static const BIO_METHOD* method() {
    static const CHandle<BIO_METHOD, BIO_meth_free> one = make_method();
    return one.get();
  }

 private:
  static CHandle<BIO_METHOD, BIO_meth_free> make_method() {
    CHandle<BIO_METHOD, BIO_meth_free> method{BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "avatar-edge")};
    EDGE_CHECK(method);
    BIO_meth_set_read_ex(method.get(), on_read);
    BIO_meth_set_write_ex(method.get(), on_write);
    BIO_meth_set_ctrl(method.get(), on_control);
    return method;
  }

  static TlsBuffers& of(BIO* bio) noexcept { return *static_cast<TlsBuffers*>(BIO_get_data(bio)); }

  // Never the end of the stream: whoever reads the socket sees that before OpenSSL could.
  static int on_read(BIO* bio, char* into, std::size_t size, std::size_t* taken) noexcept {
    std::span<const char>& received = of(bio).received_;
    BIO_clear_retry_flags(bio);
    *taken = std::min(size, received.size());
    if (*taken == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::copy_n(received.data(), *taken, into);
    received = received.subspan(*taken);
    return 1;
  }

  static int on_write(BIO* bio, const char* bytes, std::size_t size, std::size_t* taken) noexcept {
    of(bio).records_.append({bytes, size});
    *taken = size;
    return 1;
  }

  static long on_control(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }
};

bio_st* TlsBuffers::make_bio() {
  if (room_.empty()) {
    room_.resize(3 * kTlsRecordBytesMax);
    staging_.resize(kTlsRecordBytesMax);
  }
  BIO* const bio = BIO_new(Bio::method());
  EDGE_CHECK(bio);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace edge::net
