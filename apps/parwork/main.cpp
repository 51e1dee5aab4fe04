// parwork: runs commands for items, as many at once as there are CPUs. docs/cli.md tells how to use
// it, docs/design.md how it is made.

#include <unistd.h>

#include <exception>
#include <string>
#include <vector>

#include "commands/report.hpp"
#include "commands/resume.hpp"
#include "commands/run.hpp"
#include "options/command_line.hpp"
#include "output/output_writer.hpp"
#include "support/error.hpp"
#include "support/status.hpp"
#include "version.hpp"

namespace {

using words = std::vector<std::string>;

int print(const std::string& text) {
  const int fault = cli::write_all(STDOUT_FILENO, text);
  if (fault != 0) throw cli::output_lost(cli::stream::out, fault);
  return cli::status::success;
}

int run(const words& given, const words& arguments) {
  const cli::run_request request = cli::parse_run(given);
  return request.help ? print(cli::run_help()) : cli::run(request.settings, arguments);
}

int resume(const words& given, const words& arguments) {
  const cli::journal_request request = cli::parse_resume(given);
  return request.help ? print(cli::resume_help()) : cli::resume(request, arguments);
}

int results(const words& given) {
  const cli::journal_request request = cli::parse_results(given);
  return request.help ? print(cli::results_help()) : cli::results(request);
}

int report(const words& given) {
  const cli::report_request request = cli::parse_report(given);
  return request.help ? print(cli::report_help()) : cli::report(request);
}

int dispatch(const words& arguments) {
  const std::string first = arguments.size() > 1 ? arguments[1] : "";
  const words rest(arguments.begin() + (arguments.size() > 1 ? 2 : 1), arguments.end());
  if (first == "--help" || first == "-h") return print(cli::overview());
  if (first == "--version") return print(std::string("parwork ") + cli::version + "\n");
  if (first == "run") return run(rest, arguments);
  if (first == "resume") return resume(rest, arguments);
  if (first == "results") return results(rest);
  if (first == "report") return report(rest);
  if (first == "worker") {
    throw cli::error(
        "'worker' comes with a later version (to run a command of that name: parwork run worker "
        "...)");
  }
  return run({arguments.begin() + 1, arguments.end()}, arguments);
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
