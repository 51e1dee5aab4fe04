// Work on many machines: the same call of process, with a work that workers elsewhere do. The
// servers of NATS carry the messages.
//
// Thread safety: `remote` and `workers` may be called by any thread. A `remote_work` is for one run
// at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "parwork/batched.hpp"
#include "parwork/codec.hpp"
#include "parwork/detail/nats_codec_identity.hpp"
#include "parwork/detail/nats_remote_work.hpp"
#include "parwork/nats_errors.hpp"
#include "parwork/nats_options.hpp"
#include "parwork/nats_worker.hpp"
#include "parwork/process.hpp"

namespace parwork::nats {

namespace detail {
class cluster_state;
}  // namespace detail

/// Work that the workers of a cluster do: made by `cluster::remote`. It is asynchronous work on
/// spans (see `batched`), so order, failures, retries, stop, progress, journal, queue and collector
/// are as locally. Copies are the same work. It is for one run at a time; a second one throws
/// `std::logic_error`.
///
/// `options::workers` counts local threads, which generate, encode and collect: 1 or 2 do.
/// `options::queue` of 0 stands for 10,000 items. `options::timeout` counts from the moment at
/// which an item is handed over, and includes its wait; `remote_options::timeout` is of an
/// execution. An item comes back as `failure_kind::abandoned` when `max_attempts` executions of it
/// have ended with the loss of their worker.
template <class Item, class Result>
class remote_work : public batched_work<detail::remote_call<Item, Result>, detail::remote_length> {
 public:
  using run_scope = detail::remote_scope;

  explicit remote_work(const std::shared_ptr<detail::remote_session>& session)
      : batched_work<detail::remote_call<Item, Result>, detail::remote_length>{
            detail::remote_call<Item, Result>(session), detail::remote_length(session)} {}

  /// How many items the run that uses it will have, for whoever asks how it goes (`cluster::jobs`).
  /// `options::total` and a sized range say so by themselves; this is for who learns it later. Any
  /// thread, while the run goes on.
  void expects(std::uint64_t items) const noexcept { this->work.session().expects(items); }

  /// Items in flight where `options::queue` is 0.
  [[nodiscard]] std::size_t usual_queue() const noexcept { return 10'000; }
};

/// A submitter's place in a cluster: one connection for all its works.
///
///     parwork::nats::cluster cluster{{.url = "nats://10.0.0.1:4222", .job = "hashes"}};
///     auto s = parwork::process(journal, files, cluster.remote<std::string, digest>("md5"),
///                               collector);
///
/// Move-only. Works that it made stay usable when it is gone; the connection ends with the last.
class cluster {
 public:
  /// Connects. Throws `std::invalid_argument` naming an option that cannot be, `unreachable`, or
  /// `access_denied`.
  explicit cluster(cluster_options options);
  cluster(cluster&&) noexcept = default;
  cluster& operator=(cluster&&) noexcept = default;
  ~cluster();

  /// Work that workers serve under this name, with these types. Both have a codec. Of a named job
  /// it asks first whether another submitter has it: `job_busy`; that takes two seconds at most.
  /// Throws `std::invalid_argument` naming what cannot be, `access_denied`, and `job_busy` where
  /// this cluster's job has that work already.
  template <class Item, class Result>
  [[nodiscard]] remote_work<Item, Result> remote(std::string work,
                                                 remote_options options = {}) const {
    static_assert(
        encodable<Item>,
        "parwork: the item of remote work needs a codec: specialise parwork::codec<Item>");
    static_assert(std::is_void_v<Result> || encodable<result_to_check<Result>>,
                  "parwork: the result of remote work needs a codec: specialise "
                  "parwork::codec<Result>");
    return remote_work<Item, Result>(
        open(std::move(work), std::move(options),
             {detail::codec_identity<Item>(), detail::codec_identity<Result>()}));
  }

  /// The workers that are there now, whatever they serve: asks all, and returns when no answer has
  /// come for 100 ms, or after a second.
  [[nodiscard]] std::vector<worker_info> workers() const;

  /// The works of all submitters that are there now: asks as `workers` does.
  [[nodiscard]] std::vector<job_info> jobs() const;

 private:
  template <class Result>
  using result_to_check = std::conditional_t<std::is_void_v<Result>, char, Result>;

  [[nodiscard]] std::shared_ptr<detail::remote_session> open(std::string work,
                                                             remote_options options,
                                                             detail::identities types) const;

  std::shared_ptr<detail::cluster_state> state_;
};

}  // namespace parwork::nats
