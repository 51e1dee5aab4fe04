// A summary as a JSON object, for trace and report.
#pragma once

#include "parwork/summary.hpp"
#include "report/json_writer.hpp"

namespace parwork::detail {

void write_summary(json_writer& out, const summary& counts);

}  // namespace parwork::detail
