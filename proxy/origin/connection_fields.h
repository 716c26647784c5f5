// Which fields of a request belong to the connection it is sent on. Pure.
#pragma once

#include "http/fields.h"

namespace edge::origin {

// Fields that are each connection's own (RFC 9110 section 7.6.1), which are not the caller's to say.
constexpr bool is_of_connection(http::FieldName name) {
  switch (name) {
    case http::FieldName::Connection:
    case http::FieldName::ContentLength:
    case http::FieldName::Expect:
    case http::FieldName::Host:
    case http::FieldName::KeepAlive:
    case http::FieldName::ProxyConnection:
    case http::FieldName::Te:
    case http::FieldName::Trailer:
    case http::FieldName::TransferEncoding:
    case http::FieldName::Upgrade:
      return true;
    default:
      return false;
  }
}

}  // namespace edge::origin
