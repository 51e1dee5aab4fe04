// Options of `parwork run`: other machines.
#include <algorithm>

#include "cluster/cluster.hpp"
#include "options/login_options.hpp"
#include "options/run_options.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

bool is_name(const std::string& text) {
  const auto may_be = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, may_be);
}

void use_engine(run_draft& draft, const std::string& text) {
  if (text == "local") {
    draft.to.engine.url.clear();
    return;
  }
  if (!text.contains("://")) {
    throw error("'" + text +
                "' is no engine: give local, or the URL of a server, nats://HOST:4222");
  }
  draft.to.engine.url = server_url(text);
  require_cluster();
}

}  // namespace

std::string server_url(const std::string& text) {
  if (text.starts_with("nats://") || text.starts_with("tls://")) return text;
  throw error("'" + text + "' is no URL of a server: give nats://HOST:4222, or tls://HOST:4222");
}

std::string cluster_name(const std::string& text) {
  if (is_name(text)) return text;
  throw error("'" + text + "' is no name: give 1 to 64 letters, digits, _ and -");
}

option_section<run_draft> engine_options() {
  option_section<run_draft> section{
      "Machines",
      {
          {{
               .names = "--engine",
               .value = "URL|local",
               .help = "Run jobs on the workers behind a NATS server; local: here",
               .otherwise = "local",
               .choices = "local nats://127.0.0.1:4222",
               .manual = R"(Where jobs run:
.B local
(default), or on the workers behind the server at
.IR URL :
nats://HOST:4222, several separated by commas.
See
.B parwork worker
and docs/cli.md, "On several machines".)",
               .overview = {"--engine URL", "run jobs on other machines: see parwork worker"},
           },
           use_engine},
          {{
               .names = "--job",
               .value = "NAME",
               .help = "With --engine: the run's name there",
               .otherwise = "from --journal",
               .manual = R"(With
.BR \-\-engine :
the name of the run there, which one run has at a time.
A run that comes back under it takes over what workers did meanwhile.
Default: made from the name of the journal; without one there is none.)",
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.engine.job = cluster_name(text);
             draft.left.job = false;
           }},
          {{
               .names = "--needs",
               .value = "LABEL",
               .help = "With --engine: only workers that offer it (may be repeated)",
               .manual = R"(With
.BR \-\-engine :
only workers that offer this
.IR LABEL ;
with several, all of them.)",
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.engine.needs.push_back(cluster_name(text));
           }},
          {{
               .names = "--lost-after",
               .value = "T",
               .help = "With --engine: a worker that is silent so long is lost",
               .otherwise = "10s",
               .manual = R"(With
.BR \-\-engine :
the jobs of a worker that does not answer for so long are done by others.
Default: 10s.)",
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.engine.lost_after = parse_duration(text);
             if (draft.to.engine.lost_after < std::chrono::milliseconds(10)) {
               throw error("'" + text +
                           "' is too short for messages to go there and back: 10ms is "
                           "the least");
             }
             draft.left.lost_after = false;
           }},
          {{
               .names = "--workdir",
               .value = "DIR",
               .help = "With --engine: the folder where jobs run",
               .otherwise = "the worker's",
               .manual = R"(With
.BR \-\-engine :
the folder where jobs run, on each worker.
Default: where the worker was started.)",
           },
           [](run_draft& draft, const std::string& text) {
             if (!text.starts_with('/')) {
               throw error("'" + text + "' is no folder of every machine: give one from / on");
             }
             draft.to.engine.folder = text;
           }},
      }};
  auto logins = login_options<run_draft>();
  section.options.insert(section.options.end(), logins.begin(), logins.end());
  return section;
}

}  // namespace cli
