// The command line.
#include <CLI/CLI.hpp>
#include <csignal>

#include "app/commands.h"
#include "app/reload_command.h"
#include "app/tail_command.h"
#include "app/top_command.h"
#include "app/verify_command.h"
#include "app/version.h"
#include "base/units.h"

int main(int argc, char** argv) {
  // A log that goes to a pipe whose reader has gone must not end us.
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App app{"An edge cache for avatars: what was replaced never comes back.", "avatar-edge"};
  app.set_version_flag("--version", std::string("avatar-edge ") + edge::app::kVersion);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);

  std::string config;
  const auto with_config = [&](CLI::App* command) {
    command->add_option("--config", config, "The configuration file (YAML)")->required()->type_name("FILE");
    return command;
  };
  auto* const serve = with_config(app.add_subcommand("serve", "Run in the foreground"));
  auto* const check = with_config(
      app.add_subcommand("check", "Say what is wrong with a configuration, as FILE:LINE:COLUMN; exit 0 or 1"));
  bool connects = false;
  check->add_flag("--connect", connects, "Also ask Redis and origin whether they are there and set up as needed");
  auto* const schema = app.add_subcommand(
      "schema", "Print the form of the configuration as a JSON Schema, for editors and whatever writes configurations");
  auto* const status = with_config(app.add_subcommand("status", "Ask a running edge what it says of itself"));

  auto* const reload = with_config(app.add_subcommand(
      "reload", "Have a running edge read its configuration again, as SIGHUP does, unless it has mistakes"));
  std::string reload_wait;
  reload
      ->add_flag(
          "--wait{10s}", reload_wait,
          "Until every worker has taken it over, at most so long (--wait=DURATION); says what came of it, exit 0 "
          "only when it is in force")
      ->check([](const std::string& text) {
        const auto duration = edge::parse_duration(text);
        return duration ? std::string() : duration.error().message;
      });

  auto* const explain = with_config(app.add_subcommand(
      "explain", "Say what a running edge holds of a URL, what a request for it would get, why and until when"));
  std::string url;
  explain->add_option("URL", url, "Such as /avatars/42/96")->required();

  auto* const tail = with_config(
      app.add_subcommand("tail", "Show the records of a running edge's access log as they come, as JSON lines"));
  edge::app::TailFlags tail_flags;
  tail->add_option(
          "--filter", tail_flags.filters,
          "Only those for which it holds, such as 'status>=500 and avatar=42', outcome=miss, 'duration>100ms', "
          "client=10.0.0.0/8; of several, all must")
      ->allow_extra_args(false)
      ->type_name("FILTER");
  tail->add_option("--count", tail_flags.count, "End after so many")->type_name("N")->check(CLI::PositiveNumber);

  auto* const top = with_config(app.add_subcommand(
      "top", "Show how a running edge does: requests, latency, origin, feed, tier and memory; q ends it"));
  edge::app::TopFlags top_flags;
  top->add_flag("--once", top_flags.once, "Print one report, of one interval, and end");
  top->add_option_function<std::string>(
         "--interval",
         [&top_flags](const std::string& text) {
           const auto duration = edge::parse_duration(text);
           if (!duration) throw CLI::ValidationError("--interval", duration.error().message);
           if (duration->count() < 100) throw CLI::ValidationError("--interval", "at least 100ms");
           top_flags.interval = *duration;
         },
         "Between two looks; by default 1s")
      ->type_name("DURATION");

  auto* const update = with_config(
      app.add_subcommand("update", "Publish that an avatar has changed; without a feed, tell the edge that runs here"));
  edge::feed::UpdateEvent event;
  std::optional<std::chrono::milliseconds> wait;
  update->add_option("--avatar", event.avatar, "Which one")
      ->required()
      ->type_name("ID")
      ->check([](const std::string& avatar) {
        const bool is_good = !avatar.empty() && avatar.size() <= edge::feed::UpdateEvent::kAvatarBytesMax;
        return std::string(is_good ? "" : "must have 1 to 256 bytes");
      });
  update->add_option("--version", event.version, "The new version; nothing older will be stored")->type_name("N");
  update->add_flag("--delete", event.is_delete, "It was deleted");
  update
      ->add_option_function<std::string>(
          "--wait",
          [&wait](const std::string& text) {
            const auto duration = edge::parse_duration(text);
            if (!duration) throw CLI::ValidationError("--wait", duration.error().message);
            wait = *duration;
          },
          "Until every live node has applied it, at most so long; exit 0 only then")
      ->type_name("DURATION");

  auto* const verify = with_config(app.add_subcommand(
      "verify", "Follow the update feed and ask edges whether they answer what the origin has; only reads"));
  edge::app::VerifyFlags verify_flags;
  edge::app::add_verify_flags(*verify, verify_flags);

  auto* const demo = app.add_subcommand("demo", "A sample origin and an edge before it, with nothing to configure");
  std::uint16_t port = 8080;
  demo->add_option("--port", port, "Where the edge serves; origin and admin port take the two next ones")
      ->capture_default_str()
      ->type_name("PORT")
      ->check(CLI::Range(1, 65533));
  bool without_redis = false;
  demo->add_flag("--no-redis", without_redis, "Without an update feed, even where there is a redis-server");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (serve->parsed()) return edge::app::serve(config, {argv[0], {argv + 1, argv + argc}});
  if (check->parsed()) return edge::app::check(config, connects);
  if (schema->parsed()) return edge::app::schema();
  if (status->parsed()) return edge::app::status(config);
  if (reload->parsed()) {
    if (reload_wait.empty()) return edge::app::reload(config, std::nullopt);
    return edge::app::reload(config, *edge::parse_duration(reload_wait));
  }
  if (explain->parsed()) return edge::app::explain(config, url);
  if (tail->parsed()) return edge::app::tail(config, tail_flags);
  if (top->parsed()) return edge::app::top(config, top_flags);
  if (update->parsed()) return edge::app::update(config, std::move(event), wait);
  if (verify->parsed()) return edge::app::verify(config, verify_flags);
  if (demo->parsed()) return edge::app::demo(port, !without_redis);
  return 2;
}
