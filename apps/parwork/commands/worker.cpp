// `parwork worker`: of a later version.
#include "commands/command.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

int refuse(const invocation& /*called*/) {
  throw error(
      "'worker' comes with a later version (to run a command of that name: parwork run worker "
      "...)");
}

}  // namespace

extern const command worker_command;
const command worker_command{.name = "worker",
                             .usage = {},
                             .summary = {},
                             .operand = {},
                             .options = [] { return std::vector<option_info>(); },
                             .run = refuse};

}  // namespace cli
