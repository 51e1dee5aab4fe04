// `parwork worker`: runs the commands of others.
#include <utility>

#include "cluster/cluster.hpp"
#include "commands/command.hpp"
#include "options/login_options.hpp"
#include "options/option_table.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr const char* worker_usage = "parwork worker --join URL --allow-commands [options]";

constexpr const char* worker_footer = R"(
Whoever may publish to the server runs commands here, as the user who started this worker: join a
server on this machine, or one with logins or TLS that you trust.

On TERM or INT it takes no more jobs, finishes what runs (within 30 s) and gives back the rest; on a
second one it ends at once, and others do what it was doing.

Exit status: 0 idle for --idle-exit; 130 INT; 143 TERM; 250 bad usage, or no server.)";

unsigned parse_number_of_jobs(const std::string& text) {
  if (!looks_like_workers(text)) {
    throw error("'" + text +
                "' is no number of jobs: give one, as in 4, or a per cent of the CPUs");
  }
  if (text == "0") throw error("0 jobs would be none: give a number from 1 on");
  return parse_workers(text);
}

std::vector<option_section<worker_settings>> worker_sections() {
  option_section<worker_settings> section{
      "Options",
      {
          {{.names = "--join",
            .value = "URL",
            .help = "The server, nats://HOST:4222; several separated by commas",
            .choices = "nats://127.0.0.1:4222"},
           [](worker_settings& to, const std::string& text) { to.url = server_url(text); }},
          {{.names = "--allow-commands", .help = "Run what is sent: nothing is, without it"},
           [](worker_settings& to, const std::string& /*no value*/) { to.allows_commands = true; }},
          {{.names = "-j,--workers",
            .value = "N|N%",
            .help = "Run N jobs at once, or N % of the CPUs",
            .otherwise = "all CPUs"},
           [](worker_settings& to, const std::string& text) {
             to.workers = parse_number_of_jobs(text);
           }},
          {{.names = "--label",
            .value = "NAME",
            .help = "What this machine offers, for --needs (may be repeated)"},
           [](worker_settings& to, const std::string& text) {
             to.labels.push_back(cluster_name(text));
           }},
          {{.names = "--idle-exit",
            .value = "T",
            .help = "End when there has been no job for so long",
            .otherwise = "never"},
           [](worker_settings& to, const std::string& text) {
             to.idle_exit = parse_duration(text);
             if (to.idle_exit.count() == 0)
               throw error("0 would end it at once: give a longer time");
           }},
          {{.names = "--log",
            .value = "FILE",
            .help = "Append a JSON line for each start and end (-: standard output)",
            .completes = completion::files},
           [](worker_settings& to, const std::string& file) { to.log = named(file); }},
      }};
  auto logins = login_options<worker_settings>();
  section.options.insert(section.options.end(), logins.begin(), logins.end());
  section.options.push_back(help_option<worker_settings>);
  return {std::move(section)};
}

int work(const invocation& called) {
  worker_settings settings;
  option_table table("parwork worker", worker_sections(), settings);
  const auto rest = table.parse(called.words);
  const std::string usage = "usage: " + std::string(worker_usage) + '\n';
  if (settings.help) return print(table.help(usage, worker_footer));
  if (!rest.empty()) {
    throw error("'" + rest.front() +
                "' is no option of a worker (to run a command of that name: "
                "parwork run worker ...)\n" +
                usage);
  }
  if (settings.url.empty()) {
    throw error("--join is missing: the server whose jobs it runs\n" + usage);
  }
  require_cluster();
  if (!settings.allows_commands) {
    throw error("a worker runs whatever commands come from " + settings.url +
                ", as this user: say that this is meant, by --allow-commands");
  }
  return serve_commands(settings, called.all);
}

std::vector<option_info> options_of_worker() { return all_of(worker_sections()); }

}  // namespace

extern const command worker_command;
const command worker_command{.name = "worker",
                             .usage = "worker --join URL [options]",
                             .summary = "run the jobs of runs on other machines",
                             .operand = "nothing",
                             .operand_completes = completion::nothing,
                             .options = options_of_worker,
                             .run = work};

}  // namespace cli
