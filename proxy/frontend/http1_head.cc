#include "frontend/http1_head.h"

#include "base/text.h"
#include "http/message.h"

namespace edge::frontend {

void append_head(std::string& out, const Http1Head& head) {
  if (head.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_unsigned(out, head.status);
    out += ' ';
    out += http::reason_phrase(head.status);
    out += "\r\n";
  }
  out += head.fields;
  out += head.more_fields;
  if (!head.date.empty()) {
    out += "date: ";
    out += head.date;
    out += "\r\n";
  }
  switch (head.framing) {
    case Http1Head::Framing::Length:
      out += "content-length: ";
      append_unsigned(out, head.length);
      out += "\r\n";
      break;
    case Http1Head::Framing::Chunked:
      out += "transfer-encoding: chunked\r\n";
      break;
    case Http1Head::Framing::UntilClose:
    case Http1Head::Framing::None:
      break;
  }
  switch (head.connection) {
    case Http1Head::Connection::KeepAlive:
      break;
    case Http1Head::Connection::KeepAliveSaid:
      out += "connection: keep-alive\r\n";
      break;
    case Http1Head::Connection::Close:
      out += "connection: close\r\n";
      break;
  }
  out += "\r\n";
}

bool status_allows_body(std::uint16_t status) noexcept { return status >= 200 && status != 204 && status != 304; }

}  // namespace edge::frontend
