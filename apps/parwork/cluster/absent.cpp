// Compiled where this build has no parwork::nats.
#include "cluster/cluster.hpp"
#include "support/error.hpp"

namespace cli {

void require_cluster() {
  throw error(
      "this parwork was built without NATS, and runs on several machines need it: build it with "
      "libnats 3.4 or newer (Debian: libnats-dev), by -DPARWORK_NATS=ON");
}

std::unique_ptr<job_engine> make_remote_engine(const remote_parts& /*parts*/,
                                               std::function<void()> /*stop*/) {
  require_cluster();
  return nullptr;
}

int serve_commands(const worker_settings& /*settings*/,
                   const std::vector<std::string>& /*arguments*/) {
  require_cluster();
  return 0;
}

std::string cluster_status(const status_settings& /*settings*/) {
  require_cluster();
  return {};
}

}  // namespace cli
