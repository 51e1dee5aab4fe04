#include "jobs/give_outcome.hpp"

#include <string>
#include <utility>

namespace cli {
namespace {

// What was cut short is to be done by the next run: a journal does not record it.
parwork::failure_kind kind_for_run(const outcome& ended) {
  if (ended.why == cause::halted || ended.why == cause::interrupted) {
    return parwork::failure_kind::cancelled;
  }
  return ended.can_be_repeated ? parwork::failure_kind::error : parwork::failure_kind::exception;
}

}  // namespace

void give_outcome(job& which, parwork::completer<outcome> done, outcome&& ended, outcome_use use) {
  if (ended.succeeded()) {
    done.succeed(std::move(ended));
    return;
  }
  std::string record;
  if (use == outcome_use::recorded) parwork::codec<outcome>::encode(ended, record);
  const auto kind = kind_for_run(ended);
  which.failed = std::move(ended);
  done.fail({kind, std::move(record)});
}

}  // namespace cli
