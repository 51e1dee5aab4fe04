// Names of types as they stand in a program, for messages.
#pragma once

#include <string>
#include <typeinfo>

namespace parwork::detail {

/// "std::vector<int, std::allocator<int> >"; the mangled name where it cannot be read.
std::string type_name(const std::type_info& type);

}  // namespace parwork::detail
