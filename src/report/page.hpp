// The report's page, src/report/generated/page.html, cut where the run goes: a report is head, one
// JSON object, tail. Only in builds with PARWORK_REPORT=1.
//
// Thread safety: constants. The JSON must not hold '<' (written as \u003c), or it could end the
// element it stands in.
#pragma once

#include <string_view>

namespace parwork::detail {

extern const std::string_view report_page_head;
extern const std::string_view report_page_tail;

}  // namespace parwork::detail
