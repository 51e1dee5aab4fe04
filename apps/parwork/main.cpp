// parwork: runs commands for items, as many at once as there are CPUs. docs/cli.md tells how to use
// it, docs/design.md how it is made.

#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "commands/commands.hpp"
#include "commands/documents.hpp"
#include "output/output_writer.hpp"
#include "support/error.hpp"
#include "support/status.hpp"
#include "version.hpp"

namespace {

using words = std::vector<std::string>;

bool is_subcommand(std::string_view word) { return cli::find_command(word) != nullptr; }

int dispatch(const words& all) {
  const std::string first = all.size() > 1 ? all[1] : "";
  if (first == "--help" || first == "-h") return cli::print(cli::overview());
  if (first == "--version") return cli::print(std::string("parwork ") + cli::version + "\n");
  const cli::command* const named = cli::find_command(first);
  const cli::command& wanted = named != nullptr ? *named : *cli::find_command("run");
  const auto own = all.begin() + (named != nullptr ? 2 : 1);
  return wanted.run({words(own, all.end()), all, is_subcommand});
}

}  // namespace

int main(int count, char** values) {
  try {
    return dispatch({values, values + count});
  } catch (const cli::output_lost& lost) {
    if (lost.reader_gone()) return cli::status::by_signal + SIGPIPE;
    static_cast<void>(cli::write_all(STDERR_FILENO, std::string("parwork: ") + lost.what() + "\n"));
  } catch (const std::exception& fault) {
    std::string text = fault.what();
    if (!text.starts_with("parwork: ")) text.insert(0, "parwork: ");
    static_cast<void>(cli::write_all(STDERR_FILENO, text + "\n"));
  }
  return cli::status::unusable;
}
