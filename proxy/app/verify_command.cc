#include "app/verify_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <random>
#include <set>

#include "app/config.h"
#include "app/version.h"
#include "base/units.h"
#include "verify/verifier.h"

namespace edge::app {
namespace {

using std::chrono::milliseconds;

int ended(int status, const std::string& why) {
  std::fprintf(stderr, "avatar-edge: %s\n", why.c_str());
  return status;
}

milliseconds duration_of(const std::string& flag, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) throw CLI::ValidationError(flag, duration.error().message);
  return *duration;
}

// "sha-1=https://10.1.1.1:8443", or the URL alone, which then is the name.
verify::Site site_of(const std::string& text) {
  const std::size_t equals = text.find('='), scheme = text.find("://");
  if (equals == std::string::npos || equals > scheme) return {text, text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::vector<verify::Site>> sites_of(const std::vector<std::string>& edges) {
  std::vector<verify::Site> sites;
  std::set<std::string> names;
  for (const std::string& text : edges) {
    verify::Site site = site_of(text);
    if (const Status good = origin::check_origin_url(site.url); !good)
      return fail(ErrorCode::Malformed, "'" + site.url + "': " + good.error().message);
    if (site.name.empty() || !names.insert(site.name).second)
      return fail(ErrorCode::Malformed, "'" + text + "': an edge needs a name of its own");
    sites.push_back(std::move(site));
  }
  return sites;
}

Result<verify::VerifyOptions> options_of(const Config& config, const VerifyFlags& flags) {
  auto sites = sites_of(flags.edges);
  if (!sites) return fail(ErrorCode::Malformed, "--edges: " + sites.error().message);
  auto target = flags.url ? verify::TargetPattern::parse(*flags.url, flags.variant)
                          : verify::TargetPattern::of_routes(config.avatars.routes, flags.variant);
  if (!target)
    return fail(ErrorCode::Malformed,
                std::string(flags.url ? "--url" : "avatars.routes: no route will do") + ": " + target.error().message);
  verify::VerifyOptions options{.feed = config.updates,
                                .origin = config.origin,
                                .sites = *std::move(sites),
                                .target = *std::move(target),
                                .version_header = config.avatars.version_header,
                                .user_agent = std::string("avatar-edge-verify/") + kVersion};
  if (!flags.after.empty()) options.scales = flags.after;
  std::ranges::sort(options.scales);
  if (std::ranges::adjacent_find(options.scales) != options.scales.end())
    return fail(ErrorCode::Malformed, "--after: the same time twice");
  if (flags.grace) options.grace = *flags.grace;
  options.rate = flags.rate;
  options.run_for = flags.run_for;
  options.resume_file = flags.resume;
  options.metrics_address = flags.metrics;
  return options;
}

}  // namespace

void add_verify_flags(CLI::App& command, VerifyFlags& flags) {
  const auto duration = [&command](const std::string& name, std::optional<milliseconds>& to, const std::string& help) {
    command
        .add_option_function<std::string>(
            name, [name, &to](const std::string& text) { to = duration_of(name, text); }, help)
        ->type_name("DURATION");
  };
  command
      .add_option("--edges", flags.edges, "The edges to ask, as clients reach them: http://10.1.1.1:8080 or sha-1=...")
      ->required()
      ->delimiter(',')
      ->type_name("[NAME=]URL,...");
  command
      .add_option("--url", flags.url, "What to ask for, such as '/avatars/{avatar}/96' (default: a route of the file)")
      ->type_name("PATTERN");
  command.add_option("--variant", flags.variant, "What {variant} in the route or pattern stands for, such as 96");
  command
      .add_option_function<std::vector<std::string>>(
          "--after",
          [&flags](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) flags.after.push_back(duration_of("--after", text));
          },
          "How long after a change to ask (default: 200ms,1s,5s,60s)")
      ->delimiter(',')
      ->type_name("DURATION,...");
  command
      .add_option("--rate", flags.rate,
                  "Most requests a second to each edge; of more changes, a random part is checked")
      ->capture_default_str()
      ->type_name("N")
      ->check(CLI::Range(0.1, 100'000.0));
  duration("--for", flags.run_for, "End after that time with a summary (default: with SIGINT or SIGTERM)");
  duration("--grace", flags.grace,
           "No publisher takes longer from a commit to its event, and no replica of the origin lags longer; an edge is "
           "accused no sooner (default: 1s)");
  command.add_option("--resume", flags.resume, "Keeps the position in the feed and the counts; goes on where it ended")
      ->type_name("FILE");
  command.add_option("--metrics", flags.metrics, "Where to answer GET /metrics, such as 127.0.0.1:9181")
      ->type_name("ADDRESS");
  command.footer(
      "Prints a summary every minute and at the end, and a line on standard error for each inconsistent answer.\n"
      "Exit status: 0 none was seen in this run, 1 some were (or the feed was never heard), 2 wrong usage.");
}

int verify(const std::string& config_file, const VerifyFlags& flags) {
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  if (config->updates_url.empty()) return ended(1, config_file + ": no updates.url, so there is no feed to follow");
  auto options = options_of(*config, flags);
  if (!options) return ended(2, options.error().message);
  const SystemClock clock;
  verify::Verifier verifier(*std::move(options), kVersion, clock, std::random_device{}());
  Status done = verifier.prepare();
  if (done) done = verifier.run();
  if (!done) return ended(1, done.error().message);
  return verifier.inconsistent() == 0 ? 0 : 1;
}

}  // namespace edge::app
