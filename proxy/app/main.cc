// The command line.
#include <CLI/CLI.hpp>
#include <csignal>

#include "app/commands.h"
#include "app/version.h"

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
  auto* const status = with_config(app.add_subcommand("status", "Ask a running edge what it says of itself"));

  auto* const explain = with_config(app.add_subcommand(
      "explain", "Say what a running edge holds of a URL, what a request for it would get, why and until when"));
  std::string url;
  explain->add_option("URL", url, "Such as /avatars/42/96")->required();

  auto* const update = with_config(app.add_subcommand("update", "Tell the edge that an avatar has changed"));
  std::string avatar;
  std::optional<std::uint64_t> version;
  bool is_delete = false;
  update->add_option("--avatar", avatar, "Which one")->required()->type_name("ID");
  update->add_option("--version", version, "The new version; nothing older will be stored")->type_name("N");
  update->add_flag("--delete", is_delete, "It was deleted");

  auto* const demo = app.add_subcommand("demo", "A sample origin and an edge before it, with nothing to configure");
  std::uint16_t port = 8080;
  demo->add_option("--port", port, "Where the edge serves; origin and admin port take the two next ones")
      ->capture_default_str()
      ->type_name("PORT")
      ->check(CLI::Range(1, 65533));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (serve->parsed()) return edge::app::serve(config);
  if (check->parsed()) return edge::app::check(config);
  if (status->parsed()) return edge::app::status(config);
  if (explain->parsed()) return edge::app::explain(config, url);
  if (update->parsed()) return edge::app::update(config, avatar, version, is_delete);
  if (demo->parsed()) return edge::app::demo(port);
  return 2;
}
