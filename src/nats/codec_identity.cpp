#include "base/type_name.hpp"
#include "parwork/detail/nats_codec_identity.hpp"

namespace parwork::nats::detail {

void append_memory(std::size_t size, std::size_t alignment, const std::type_info& type,
                   std::string& into) {
  into += "memory(" + std::to_string(size) + ',' + std::to_string(alignment) + ',' +
          parwork::detail::type_name(type) + ')';
}

void append_type(const std::type_info& type, std::string& into) {
  into += "type(" + parwork::detail::type_name(type) + ')';
}

}  // namespace parwork::nats::detail
