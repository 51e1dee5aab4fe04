// Workers' machines on the bus of a submitter's, for tests of both together.
//
// Thread safety: one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/batch_outcomes.hpp"
#include "nats/worker_machine.hpp"
#include "support/fake_link.hpp"
#include "support/nats_submitter_stage.hpp"
#include "support/nats_worker_rig.hpp"

namespace parwork_test {

// How often each item has been executed to its end, by its bytes.
using execution_counts = std::map<std::string, unsigned>;

// A worker without threads: it takes and finishes when it is told.
class joint_worker final : private nd::link_listener {
 public:
  joint_worker(fake_bus& bus, const nd::time_point& now, execution_counts& counts,
               std::uint64_t number, unsigned threads = 2)
      : now_(now), counts_(counts), link(bus, this) {
    works_["w"] = std::make_unique<unexecuted_work>();
    works_["w"]->item_codec = works_["w"]->result_codec = "";
    who_.id = {number, number};
    who_.host = "host";
    who_.threads = threads;
    machine = std::make_unique<nd::worker_machine>(who_, options_, works_, link, now);
    const nd::subjects names("pw");
    link.subscribe(names.all_calls());
    link.subscribe(names.to_worker(who_.id));
    machine->begin();
  }

  /// Its threads begin what they may.
  void take() {
    while (running.size() < who_.threads) {
      auto next = machine->take();
      if (!next) return;
      running.push_back(std::move(*next));
    }
  }
  [[nodiscard]] bool runs_poison() const {
    return std::ranges::any_of(running, [](const nd::assignment& one) {
      return std::ranges::any_of(one.batch->what.items,
                                 [](const auto& item) { return item.bytes.starts_with("poison"); });
    });
  }
  void finish_all() {
    for (const nd::assignment& one : std::exchange(running, {})) {
      nd::batch_outcomes outcomes(*one.batch);
      for (const auto& item : one.batch->what.items) {
        if (outcomes.is_cut_short()) break;
        ++counts_[std::string(item.bytes)];
        outcomes.succeeded(item.bytes);
      }
      machine->finished(*one.batch, outcomes.answer({.thread = 1}), outcomes.size(), now_);
    }
    (void)machine->take_stops();
  }
  void tick() {
    if (now_ >= machine->next_deadline()) machine->tick(now_);
  }
  [[nodiscard]] bool is_dead() const { return machine->has_left() || !link.is_connected(); }

 private:
  void message(std::string_view, std::string_view reply, std::string_view bytes) noexcept override {
    machine->arrived(reply, bytes, now_);
  }
  void no_responders(std::string_view) noexcept override {}
  void disconnected() noexcept override { machine->disconnected(now_); }
  void reconnected() noexcept override { machine->reconnected(now_); }
  void refused(std::exception_ptr) noexcept override {}

  const nd::time_point& now_;
  execution_counts& counts_;
  parwork::nats::worker_options options_;
  nd::worker_identity who_;
  nd::worker_machine::works works_;

 public:
  fake_link link;
  std::unique_ptr<nd::worker_machine> machine;
  std::vector<nd::assignment> running;
};

inline nd::submitter_settings named_job(std::uint64_t session) {
  return {.session = {session, session},
          .began = session,
          .job = "j",
          .lost_after = std::chrono::seconds(3)};
}

// One clock for all: the submitter's is copied where it is changed.
inline void beat_together(submitter_stage& stage, nd::time_point& now,
                          const std::vector<std::unique_ptr<joint_worker>>& workers) {
  now += stage.settings.heartbeat;
  stage.now = now;
  for (const auto& one : workers) {
    if (!one->is_dead()) one->tick();
  }
  stage.machine.tick(now);
  stage.settle();
}

}  // namespace parwork_test
