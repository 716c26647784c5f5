// Proves the update feed from outside: it is the origin of the avatars, it changes them, it reads them through every
// node, and it judges every answer by one clock. tests/prove/README.md says what is held to be a violation.
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "delay.h"
#include "orders.h"
#include "self_test.h"

namespace {

struct Options {
  std::vector<std::string> nodes;
  std::uint16_t redis_port = 0, origin_port = 0;
  std::string stream = "avatar:updates";
  std::int64_t lease_ms = 1000;
  std::size_t avatars = 1000, connections = 48, depth = 2, writers = 24, delays = 0;
  std::uint64_t seed = 1, rate = 0;
  bool has_no_feed = false, has_tier = false, is_self_test = false;
};

int prove_all(const Options& options, const prove::WriterOptions& writer_options) {
  using namespace prove;
  Out out;
  Conditions conditions(options.nodes.size());
  Truth truth(options.avatars, options.nodes.size(), std::chrono::milliseconds(options.lease_ms));
  Judge judge(truth, conditions, options.has_tier, [&](Kind kind, const std::string& what) {
    out.line({{"violation", kKindNames[static_cast<std::size_t>(kind)]}, {"what", what}});
  });
  Fences fences(truth, options.nodes.size());
  OriginOrders origin_orders;
  Origin origin(truth, origin_orders, options.origin_port, options.seed);
  if (options.delays != 0) {
    out.line(
        measure_delays(truth, writer_options.data_ports.front(), options.redis_port, options.stream, options.delays));
    return 0;
  }
  // The nodes are started once there is an origin.
  out.line({{"ready", true}});
  std::string word;
  if (!std::getline(std::cin, word) || word != "begin") return 2;

  ReaderOptions reader_options;
  reader_options.ports = writer_options.data_ports;
  reader_options.connections = options.connections;
  reader_options.depth = options.depth;
  reader_options.seed = options.seed;
  WriterOrders writer_orders;
  WriterCounts writer_counts;
  auto readers = std::make_unique<Readers>(judge, truth, conditions, reader_options);
  readers->set_rate(options.rate);
  auto positions = std::make_unique<Positions>(fences, writer_options.admin_ports);
  std::vector<std::unique_ptr<Writer>> writers;
  for (std::size_t i = 0; i < options.writers; ++i)
    writers.push_back(
        std::make_unique<Writer>(i, writer_options, writer_orders, writer_counts, truth, fences, judge, conditions));
  Orders orders({truth, conditions, judge, origin_orders, origin, *readers, writer_orders, writer_counts, fences, out});
  orders.obey(std::cin);
  writers.clear();
  positions.reset();
  const auto summary = orders.summary();
  readers.reset();
  out.line({{"summary", summary}});
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (judge.count(static_cast<Kind>(kind)) != 0) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Proves the update feed of avatar-edge from outside.");
  app.add_flag("--self-test", options.is_self_test, "whether each kind of violation is found where one is planted");
  app.add_option("--node", options.nodes, "DATA_PORT:ADMIN_PORT, once for each node");
  app.add_option("--redis", options.redis_port, "port of Redis");
  app.add_option("--stream", options.stream, "the update stream");
  app.add_option("--origin", options.origin_port, "port on which to be the origin");
  app.add_option("--lease", options.lease_ms, "lease of the nodes, in ms");
  app.add_option("--avatars", options.avatars, "how many there are");
  app.add_option("--connections", options.connections, "to each node");
  app.add_option("--depth", options.depth, "requests in flight on each");
  app.add_option("--rate", options.rate, "reads a second, 0: as many as will go");
  app.add_option("--writers", options.writers, "how many change avatars at once");
  app.add_option("--seed", options.seed, "of all random choices");
  app.add_flag("--no-feed", options.has_no_feed, "every node is told by its admin port");
  app.add_flag("--tier", options.has_tier, "the nodes share a tier");
  app.add_option("--delays", options.delays, "measure so many delays from XADD to the new picture, and end");
  CLI11_PARSE(app, argc, argv);
  if (options.is_self_test) return prove::self_test();

  prove::WriterOptions writer_options;
  for (const std::string& node : options.nodes) {
    const auto colon = node.find(':');
    if (colon == std::string::npos) return std::cerr << "prover: not DATA_PORT:ADMIN_PORT: " << node << "\n", 2;
    writer_options.data_ports.push_back(static_cast<std::uint16_t>(std::stoul(node.substr(0, colon))));
    writer_options.admin_ports.push_back(static_cast<std::uint16_t>(std::stoul(node.substr(colon + 1))));
  }
  if (writer_options.data_ports.empty()) return std::cerr << "prover: no --node\n", 2;
  writer_options.redis_port = options.redis_port;
  writer_options.stream = options.stream;
  writer_options.has_feed = !options.has_no_feed;
  writer_options.writers = options.writers;
  writer_options.seed = options.seed;
  std::signal(SIGPIPE, SIG_IGN);
  return prove_all(options, writer_options);
}
