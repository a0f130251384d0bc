// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/controller.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "muster/log.hpp"
#include "names.hpp"
#include "read.hpp"
#include "requests.hpp"
#include "store.hpp"
#include "work_queue.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// Pods come in swarms; one look at all of them is enough.
constexpr Duration pods_gather = std::chrono::milliseconds(100);

std::string describe(const Key& key) {
    return fmt::format("minicluster={}/{}", key.name_space, key.name);
}

std::string describe(const Action& action) {
    constexpr std::array verbs{"create", "patch", "patch status of", "delete"};
    return fmt::format("{} {} {}", verbs.at(static_cast<std::size_t>(action.verb)),
                       text_at(action.object, "kind"),
                       text_at(action.object.get("metadata"), "name"));
}

bool is_event(const Action& action) {
    return text_at(action.object, "kind") == "Event";
}

/// The same request would be answered the same: people must be told.
bool is_refusal(const kube::Failure& failure) {
    return failure.code >= 400 && failure.code < 500 && !failure.is_conflict() &&
           !failure.is_not_found() && failure.code != 401 && failure.code != 429;
}

/// Of the four kinds that are watched, one does not come with the cluster.
std::string_view mend_of(const std::string& kind, const kube::Failure& failure) {
    return kind == "MiniCluster" && failure.is_not_found()
               ? "; the cluster has no definition of it: apply containers/kubernetes/crd.yaml"
               : "";
}

}  // namespace

class Controller::State : public std::enable_shared_from_this<State> {
  public:
    State(kube::ApiServer& server, Reactor& reactor, const Clock& clock, const Options& options)
        : server_(server),
          reactor_(reactor),
          clock_(clock),
          store_(options.image),
          queue_(
              reactor, options.at_once, [this](const Key& key) { begin(key); },
              options.seed != 0 ? options.seed : std::random_device{}()) {
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            const std::string kind = kinds.at(i);
            const bool is_main = kind == "MiniCluster";
            watches_.at(i) = std::make_unique<kube::ListWatch>(
                server, reactor,
                kube::ListWatch::Options{
                    .resource = resource_of(kind),
                    .name_space = options.name_space,
                    .label_selector = is_main ? "" : fmt::format("{}={}", manager_label, manager),
                    .seed = options.seed},
                [this, kind](const kube::Change& change) { on_change(kind, change); },
                [kind](const kube::Failure& failure, Duration again) {
                    log::warning("watch kind={} error=\"{}{}\" again={} s", kind, failure.message,
                                 mend_of(kind, failure),
                                 std::chrono::ceil<std::chrono::seconds>(again).count());
                });
        }
    }

    bool is_synced() const { return is_synced_; }
    const Counts& counts() const { return counts_; }
    const Store& store() const { return store_; }
    const WorkQueue& queue() const { return queue_; }

  private:
    static constexpr std::array kinds{"Pod", "Service", "Job", "MiniCluster"};

    /// One look at a MiniCluster, and what came of it.
    struct Pass {
        Key key;
        std::vector<Action> actions;
        std::size_t next = 0;
        std::string refusal;    ///< what the API server had against the last try
        std::optional<WallTime> look_again = {};
        int looks = 0;          ///< decide() was asked so often
        bool has_made = false;  ///< something that decide() may want to know of
    };
    using PassPointer = std::shared_ptr<Pass>;
    /// Each may find one name more taken, and then the refusal is told.
    static constexpr int most_looks = 8;

    void on_change(const std::string& kind, const kube::Change& change) {
        using What = kube::Change::What;
        if (change.what == What::synced) return on_synced();
        const bool is_gone = change.what == What::deleted;
        if (is_gone && kind == "MiniCluster") send_along(change.object);
        const auto key =
            is_gone ? store_.erase(kind, change.object) : store_.put(kind, change.object);
        if (!key || !is_synced_) {
            if (key) early_.push_back(*key);
            return;
        }
        queue_.add(*key, kind == "Pod" ? pods_gather : Duration::zero());
    }

    /// Nobody waits for it: what is lost or refused is left to the garbage collector.
    void send_along(const Value& minicluster) {
        const auto key = key_of("MiniCluster", minicluster);
        const auto last = store_.observe(key);
        if (!last) return;
        for (const auto& action : take_along(*last)) {
            auto request = request_of(action, clock_.wall());
            if (!request) continue;
            send(std::move(*request), [this, key, action](const kube::Answer& answer) {
                if (!answer) return;
                ++counts_.writes;
                log::info("{} {}", describe(key), describe(action));
            });
        }
    }

    /// Before all is known, nothing is known to be missing.
    void on_synced() {
        if (is_synced_ || !std::ranges::all_of(watches_, [](const auto& watch) {
                return watch != nullptr && watch->is_synced();
            }))
            return;
        is_synced_ = true;
        log::info("synced miniclusters={} jobs={} pods={}", store_.count("MiniCluster"),
                  store_.count("Job"), store_.count("Pod"));
        for (const auto& key : early_) queue_.add(key);
        early_.clear();
    }

    void begin(const Key& key) {
        ++counts_.passes;
        store_.forget_found(key);
        look(std::make_shared<Pass>(Pass{.key = key}));
    }

    void look(const PassPointer& pass) {
        auto observed = store_.observe(pass->key);
        if (!observed) return queue_.succeeded(pass->key);
        observed->refusal = pass->refusal;
        auto decision = decide(*observed, clock_.wall());
        pass->actions = std::move(decision.actions);
        pass->look_again = decision.look_again;
        pass->next = 0;
        ++pass->looks;
        step(pass);
    }

    void step(const PassPointer& pass) {
        if (pass->next == pass->actions.size()) return end(pass);
        const auto& action = pass->actions[pass->next];
        auto request = request_of(action, clock_.wall());
        if (!request) {
            log::error("{} error=\"{}\"", describe(pass->key), request.error().message);
            return fail_pass(pass);
        }
        if (is_event(action)) return tell(pass, std::move(*request));
        send(std::move(*request),
             [this, pass](const kube::Answer& answer) { on_answer(pass, answer); });
    }

    /// Nobody waits for an Event, and a lost one is no reason to stop.
    void tell(const PassPointer& pass, kube::Request request) {
        request.can_wait = true;
        send(std::move(request), [this](const kube::Answer& answer) {
            if (answer) ++counts_.writes;
        });
        ++pass->next;
        step(pass);
    }

    /// An answer that comes after our end is nobody's.
    void send(kube::Request request, std::function<void(const kube::Answer&)> done) {
        server_.send(std::move(request),
                     [self = weak_from_this(), done = std::move(done)](const kube::Answer& answer) {
                         if (const auto state = self.lock()) done(answer);
                     });
    }

    void on_answer(const PassPointer& pass, const kube::Answer& answer) {
        const auto& action = pass->actions[pass->next];
        if (answer) {
            ++counts_.writes;
            log::info("{} {}", describe(pass->key), describe(action));
            if (action.verb != Verb::remove) keep(pass->key, action, *answer);
            pass->has_made |= action.verb == Verb::create;
        } else {
            return on_failure(pass, action, answer.error());
        }
        ++pass->next;
        step(pass);
    }

    /// What the server made of it is known before a watch tells.
    void keep(const Key& key, const Action& action, const Value& object) {
        const auto kind = text_at(action.object, "kind");
        if (kind == "Secret")
            store_.put_found(key, kind, object);
        else
            store_.put(kind, object);
    }

    void on_failure(const PassPointer& pass, const Action& action, const kube::Failure& failure) {
        if (pass->looks < most_looks) {
            if (action.verb == Verb::create && failure.is_conflict()) return find(pass, action);
            if (is_refusal(failure) && pass->refusal.empty()) {
                log::warning("{} refused: {}: {}", describe(pass->key), describe(action),
                             failure.message);
                pass->refusal = failure.message;
                return look(pass);
            }
        }
        // What is gone or was changed meanwhile comes with the watch.
        if (!failure.is_conflict() && !failure.is_not_found())
            log::warning("{} {}: {}", describe(pass->key), describe(action), failure.message);
        fail_pass(pass, failure.retry_after);
    }

    /// The name is taken; by whom decides what is next.
    void find(const PassPointer& pass, const Action& action) {
        const auto kind = text_at(action.object, "kind");
        send(look_up(action), [this, pass, kind](const kube::Answer& answer) {
            if (!answer) return fail_pass(pass, answer.error().retry_after);
            store_.put_found(pass->key, kind, *answer);
            look(pass);
        });
    }

    /// What no watch tells of is looked at again later: who stands in the way, and who refuses.
    void end(const PassPointer& pass) {
        // What was made is known already, and so no news any more when its watch tells.
        if (std::exchange(pass->has_made, false) && pass->looks < most_looks) return look(pass);
        const auto observed = store_.observe(pass->key);
        const auto uid = observed ? text_at(observed->minicluster.get("metadata"), "uid") : "";
        const bool is_blocked =
            observed && std::ranges::any_of(observed->objects, [&](const Value& each) {
                return !is_owned_by(each, uid) && store_.has_found(pass->key);
            });
        if (is_blocked || !pass->refusal.empty()) return fail_pass(pass);
        store_.forget_found(pass->key);
        queue_.succeeded(pass->key);
        look_later(pass->key, pass->look_again);
    }

    void look_later(const Key& key, std::optional<WallTime> when) {
        if (const auto planned = later_.find(key); planned != later_.end()) {
            reactor_.cancel(planned->second);
            later_.erase(planned);
        }
        if (!when) return;
        const auto again = [self = weak_from_this(), key] {
            const auto state = self.lock();
            if (!state) return;
            state->later_.erase(key);
            state->queue_.add(key);
        };
        later_[key] = reactor_.after(std::max(*when - clock_.wall(), Duration::zero()), again);
    }

    void fail_pass(const PassPointer& pass, std::optional<Duration> at_least = {}) {
        ++counts_.failures;
        store_.forget_found(pass->key);
        queue_.failed(pass->key, at_least.value_or(Duration::zero()));
    }

    kube::ApiServer& server_;
    Reactor& reactor_;
    const Clock& clock_;
    Store store_;
    WorkQueue queue_;
    Counts counts_;
    std::array<std::unique_ptr<kube::ListWatch>, kinds.size()> watches_;
    std::vector<Key> early_;
    std::map<Key, Reactor::TimerId> later_;
    bool is_synced_ = false;
};

Controller::Controller(kube::ApiServer& server, Reactor& reactor, const Clock& clock,
                       const Options& options)
    : state_(std::make_shared<State>(server, reactor, clock, options)) {}
Controller::~Controller() = default;

bool Controller::is_synced() const {
    return state_->is_synced();
}
const Controller::Counts& Controller::counts() const {
    return state_->counts();
}
std::size_t Controller::waiting() const {
    return state_->queue().size();
}
std::size_t Controller::miniclusters() const {
    return state_->store().count("MiniCluster");
}

}  // namespace muster::controller
