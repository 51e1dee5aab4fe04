// What may stand in the options of clusters, works and workers, and how it is said what may not.
//
// Thread safety: pure functions. Each throws std::invalid_argument, which names the field, its
// value (unless it is a secret) and what is allowed.
#pragma once

#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

void validate(const cluster_options& given);
void validate(const remote_options& given);
void validate(const worker_options& given);

}  // namespace parwork::nats::detail
