// In place of the built page, where the library is built without it.
#ifndef PARWORK_REPORT

#include "report/page.hpp"

namespace parwork::detail {

const std::string_view report_page_head;
const std::string_view report_page_tail;

}  // namespace parwork::detail

#endif
