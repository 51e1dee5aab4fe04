// `parwork status`: what there is behind a server.
#include <utility>

#include "cluster/cluster.hpp"
#include "commands/command.hpp"
#include "options/login_options.hpp"
#include "options/option_table.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

constexpr const char* status_usage = "parwork status URL [--job NAME] [--json]";

std::vector<option_section<status_settings>> status_sections() {
  option_section<status_settings> section{
      "Options",
      {
          {{.names = "--job", .value = "NAME", .help = "Tell of this run alone"},
           [](status_settings& to, const std::string& text) { to.job = cluster_name(text); }},
          {{.names = "--json", .help = "One JSON object in place of a table"},
           [](status_settings& to, const std::string& /*no value*/) { to.json = true; }},
      }};
  auto logins = login_options<status_settings>();
  section.options.insert(section.options.end(), logins.begin(), logins.end());
  section.options.push_back(help_option<status_settings>);
  return {std::move(section)};
}

int tell(const invocation& called) {
  status_settings settings;
  option_table table("parwork status", status_sections(), settings);
  const std::string url =
      table.parse_with_operand(called.words,
                               "one server is asked at a time: separate URLs of one "
                               "cluster by commas");
  const std::string usage = "usage: " + std::string(status_usage) + '\n';
  if (settings.help) {
    return print(table.help(usage, "\nTells which runs and workers are behind the server.\n"));
  }
  if (url.empty()) throw error("the server is missing, nats://HOST:4222\n" + usage);
  settings.url = server_url(url);
  require_cluster();
  return print(cluster_status(settings));
}

std::vector<option_info> options_of_status() { return all_of(status_sections()); }

}  // namespace

extern const command status_command;
const command status_command{.name = "status",
                             .usage = "status URL [options]",
                             .summary = "tell which runs and workers there are",
                             .operand = "server",
                             .operand_completes = completion::nothing,
                             .options = options_of_status,
                             .run = tell};

}  // namespace cli
