#include "http/trace_context.h"

#include "support/catch.h"

using namespace edge::http;

namespace {

const std::string kTraceId = "0af7651916cd43dd8448eb211c80319c";
const std::string kGood = "00-" + kTraceId + "-b7ad6b7169203331-01";

std::string_view trace_id(std::string_view traceparent) {
  Fields fields;
  fields.add("traceparent", traceparent);
  return trace_id_of(fields);
}

std::string lines(const Fields& fields) {
  std::string lines;
  append_trace_lines(lines, fields);
  return lines;
}

}  // namespace

TEST_CASE("a well-formed traceparent names its trace", "[http][trace_context]") {
  CHECK(trace_id(kGood) == kTraceId);
  // Section 3.2.4: a later version may have more behind another dash.
  CHECK(trace_id("cc" + kGood.substr(2)) == kTraceId);
  CHECK(trace_id("cc" + kGood.substr(2) + "-what-comes") == kTraceId);
}

TEST_CASE("a malformed traceparent names none", "[http][trace_context]") {
  for (const std::string& bad : {
           std::string(),
           std::string("00"),
           kGood.substr(0, 54),
           kGood + "0",
           kGood + "-more",                   // Version 00 has no more.
           "cc" + kGood.substr(2) + ".more",  // Nor has a later one without a dash.
           "ff" + kGood.substr(2),            // Section 3.2.2: forbidden.
           "0x" + kGood.substr(2),
           "00-0AF7651916CD43DD8448EB211C80319C" + kGood.substr(35),
           "00-" + std::string(32, '0') + kGood.substr(35),
           kGood.substr(0, 36) + std::string(16, '0') + "-01",
           kGood.substr(0, 53) + "0g",
           "00_" + kGood.substr(3),
           kGood.substr(0, 35) + "_" + kGood.substr(36),
           kGood.substr(0, 52) + "_01",
           "cc" + kGood.substr(2) + "-a\rb",
       })
    CHECK(trace_id(bad).empty());
}

TEST_CASE("several traceparents are none", "[http][trace_context]") {
  Fields fields;
  fields.add("traceparent", kGood);
  fields.add("Traceparent", kGood);
  CHECK(trace_id_of(fields).empty());
}

TEST_CASE("tracestate goes on with its traceparent, and with no other", "[http][trace_context]") {
  Fields good;
  good.add("TraceParent", kGood);
  good.add("tracestate", "a=1");
  good.add("tracestate", "b=2");
  CHECK(lines(good) == "traceparent: " + kGood + "\r\ntracestate: a=1, b=2\r\n");

  Fields malformed;
  malformed.add("traceparent", "00-0");
  malformed.add("tracestate", "a=1");
  CHECK(lines(malformed).empty());

  Fields alone;
  alone.add("tracestate", "a=1");
  CHECK(lines(alone).empty());

  Fields broken;
  broken.add("traceparent", kGood);
  broken.add("tracestate", "a=1\rb=2");
  CHECK(lines(broken) == "traceparent: " + kGood + "\r\n");
}
