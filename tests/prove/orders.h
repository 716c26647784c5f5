// The harness's orders, a line each on standard input; every one is answered by a line of JSON once it is in force.
#pragma once

#include <functional>
#include <istream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "conditions.h"
#include "fences.h"
#include "judge.h"
#include "origin.h"
#include "readers.h"
#include "writers.h"

namespace prove {

// Lines of JSON on standard output, from any thread.
class Out {
 public:
  void line(const nlohmann::json& what);

 private:
  std::mutex mutex_;
};

// All that orders reach.
struct World {
  Truth& truth;
  Conditions& conditions;
  Judge& judge;
  OriginOrders& origin_orders;
  const Origin& origin;
  Readers& readers;
  WriterOrders& writer_orders;
  WriterCounts& writer_counts;
  Fences& fences;
  Out& out;
};

class Orders {
 public:
  explicit Orders(World world);

  // Until "finish" or the end of the input.
  void obey(std::istream& in);
  nlohmann::json summary() const;

 private:
  using Words = std::vector<std::string>;
  using Order = std::function<nlohmann::json(const Words&)>;

  void add_conditions();
  void add_origin();
  void add_load();
  void add_changes();
  nlohmann::json counts_of(const ReaderCounts& counts) const;

  World world_;
  std::map<std::string, Order> orders_;
};

}  // namespace prove
