#include <cstdio>

#include "contract.hpp"

namespace contract {
namespace {

int broken = 0;

}  // namespace

void expect(bool holds, std::source_location where) {
  if (holds) return;
  ++broken;
  std::fprintf(stderr, "%s:%u: broken promise in %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name());
}

}  // namespace contract

int main() {
  contract::generators();
  contract::works();
  contract::work_results();
  contract::asynchronous_works();
  contract::contexts();
  contract::collectors();
  contract::failures();
  contract::option_fields();
  contract::endings();
  contract::recorders();
  contract::reports();
  contract::adapters();
  contract::classic_interface();
  contract::pools();
#ifdef CONTRACT_JOURNAL
  contract::journals();
#endif
  return contract::broken == 0 ? 0 : 1;
}
