#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>
#include <variant>

#include "nats/cluster_state.hpp"
#include "nats/connection_options.hpp"
#include "nats/inbox.hpp"
#include "nats/messages.hpp"
#include "nats/nats_link.hpp"
#include "nats/submitter.hpp"
#include "parwork/nats.hpp"
#include "parwork/nats_errors.hpp"

namespace parwork::nats {

namespace detail {
namespace {

using namespace std::chrono_literals;
using parwork::detail::lock_guard;

[[nodiscard]] std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// Comparable between machines as far as their clocks agree: workers see to the rest.
[[nodiscard]] std::uint64_t now_since_epoch() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

[[nodiscard]] submitter_settings settings_of(const cluster_options& of, std::string work,
                                             remote_options how, identities types) {
  return {.session = session_id::make(),
          .began = now_since_epoch(),
          .prefix = of.prefix,
          .job = of.job,
          .work = std::move(work),
          .item_codec = std::move(types.item),
          .result_codec = std::move(types.result),
          .needs = std::move(how.needs),
          .heartbeat = of.heartbeat,
          .lost_after = of.lost_after,
          .give_up_after = of.give_up_after,
          .timeout = how.timeout,
          .max_attempts = of.max_attempts,
          .max_batch = how.max_batch,
          .host = host_name(),
          .pid = static_cast<unsigned>(getpid())};
}

// A work's session on the cluster's connection, from its first message to its last.
class open_session {
 public:
  open_session(std::shared_ptr<cluster_state> in, const subjects& names,
               const submitter_settings& settings,
               const std::function<void(const event&)>& on_event)
      : cluster_(std::move(in)),
        work_(settings.work),
        pattern_(names.all_to_submitter(settings.session)),
        prefix_(pattern_.substr(0, pattern_.size() - 1)) {
    cluster_->over().subscribe(pattern_);
    cluster_->board().connect(prefix_, [&]() -> link_listener& {
      its_ = std::make_unique<submitter>(settings, cluster_->over(), on_event);
      return *its_;
    });
  }
  open_session(const open_session&) = delete;
  open_session& operator=(const open_session&) = delete;
  ~open_session() {
    cluster_->board().disconnect(prefix_);
    its_.reset();
    cluster_->over().unsubscribe(pattern_);
    cluster_->closed(work_);
  }

  [[nodiscard]] remote_session& session() noexcept { return *its_; }

 private:
  const std::shared_ptr<cluster_state> cluster_;
  const std::string work_;
  const std::string pattern_;  // prefix and a wildcard
  const std::string prefix_;
  std::unique_ptr<submitter> its_;
};

[[nodiscard]] worker_info info_of(worker_status says) {
  return {.id = says.worker.text(),
          .host = std::move(says.host),
          .labels = std::move(says.labels),
          .pid = says.pid,
          .threads = says.threads,
          .held = static_cast<std::size_t>(says.held),
          .done = says.done,
          .items_per_second = says.items_per_second};
}

[[nodiscard]] job_info info_of(job_status says) {
  return {.id = says.session.text(),
          .job = std::move(says.job),
          .work = std::move(says.work),
          .host = std::move(says.host),
          .pid = says.pid,
          .pending = says.pending,
          .held = says.held,
          .done = says.done,
          .failed = says.failed,
          .items_per_second = says.items_per_second,
          .total = says.total};
}

}  // namespace

cluster_state::cluster_state(cluster_options options)
    : options_(std::move(options)), subjects_((validate(options_), options_.prefix)) {
  link_ = connect_link({.url = options_.url,
                        .login = options_.login,
                        .tls = options_.tls,
                        .connect_timeout = options_.connect_timeout},
                       switchboard_);
  for (const std::string& subject : {subjects_.here(), subjects_.status()}) {
    switchboard_.announce(subject);
    link_->subscribe(subject);
  }
}

cluster_state::~cluster_state() {
  if (link_ && link_->is_connected()) link_->flush(1s);
}

void cluster_state::tell(const event& what) {
  const lock_guard guard(telling_);
  options_.on_event(what);
}

void cluster_state::claim_job(const std::string& work) {
  if (options_.job.empty()) return;
  const lock_guard guard(lock_);
  if (works_.contains(work)) {
    throw job_busy("the job '" + options_.job + "' has the work '" + work +
                   "' already: use the one that remote returned before");
  }
  if (!claim_) {
    auto claim = std::make_unique<job_claim>(*link_, switchboard_, options_.prefix, options_.job);
    claim->claim();
    claim_ = std::move(claim);
  }
  works_.insert(work);
}

void cluster_state::closed(const std::string& work) noexcept {
  const lock_guard guard(lock_);
  works_.erase(work);
  if (works_.empty()) claim_.reset();
}

std::shared_ptr<remote_session> cluster_state::open(std::string work, remote_options how,
                                                    identities types) {
  require_name("work", work);
  validate(how);
  const submitter_settings settings =
      settings_of(options_, std::move(work), std::move(how), std::move(types));
  std::function<void(const event&)> on_event;
  if (options_.on_event) on_event = [this](const event& what) { tell(what); };
  claim_job(settings.work);
  std::shared_ptr<open_session> opened;
  try {
    opened = std::make_shared<open_session>(shared_from_this(), subjects_, settings, on_event);
  } catch (...) {
    closed(settings.work);
    throw;
  }
  return {opened, &opened->session()};
}

void cluster_state::ask_status(const std::function<void(const message&)>& take) {
  constexpr auto quiet = 100ms;
  constexpr auto longest = 1s;
  inbox answers(*link_, switchboard_);
  std::string question;
  encode(message(status_question{}), question);
  const auto last = reply_box::clock::now() + longest;
  answers.ask(subjects_.status(), question);
  for (std::string bytes;;) {
    const auto until = std::min(last, reply_box::clock::now() + quiet);
    if (answers.wait_until(until, bytes) != reply_box::news::answer) return;
    const decoded heard = decode(bytes);
    if (heard.what) take(*heard.what);
  }
}

std::vector<worker_info> cluster_state::workers() {
  std::vector<worker_info> all;
  ask_status([&all](const message& answer) {
    if (const auto* const one = std::get_if<worker_status>(&answer)) all.push_back(info_of(*one));
  });
  return all;
}

std::vector<job_info> cluster_state::jobs() {
  std::vector<job_info> all;
  ask_status([&all](const message& answer) {
    if (const auto* const one = std::get_if<job_status>(&answer)) all.push_back(info_of(*one));
  });
  return all;
}

}  // namespace detail

cluster::cluster(cluster_options options)
    : state_(std::make_shared<detail::cluster_state>(std::move(options))) {}

cluster::~cluster() = default;

std::vector<worker_info> cluster::workers() const { return state_->workers(); }

std::vector<job_info> cluster::jobs() const { return state_->jobs(); }

std::shared_ptr<detail::remote_session> cluster::open(std::string work, remote_options options,
                                                      detail::identities types) const {
  return state_->open(std::move(work), std::move(options), std::move(types));
}

}  // namespace parwork::nats
