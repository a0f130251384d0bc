// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/list_watch.hpp"

#include <map>
#include <utility>

#include "backoff.hpp"
#include "collection.hpp"
#include "line_splitter.hpp"
#include "status.hpp"

namespace muster::kube {
namespace {

/// An event holds one object, and etcd takes none beyond 1.5 MiB.
constexpr std::size_t longest_event = 16u << 20;
constexpr Duration first_pause = std::chrono::milliseconds(800);
constexpr Duration longest_pause = std::chrono::seconds(10);
/// A watch that the server ends sooner, and that told nothing, has failed.
constexpr Duration shortest_watch = std::chrono::seconds(1);
constexpr Duration list_timeout = std::chrono::seconds(60);

}  // namespace

class ListWatch::State : public std::enable_shared_from_this<State> {
  public:
    State(ApiServer& server, Reactor& reactor, Options options, OnChange on_change,
          OnTrouble on_trouble)
        : server_(&server),
          reactor_(&reactor),
          options_(std::move(options)),
          on_trouble_(std::move(on_trouble)),
          collection_(std::move(on_change)),
          jitter_(options_.seed) {}

    void list();
    void stop();
    bool is_synced() const { return is_synced_; }

  private:
    Request request() const;
    void listed(const Answer& answer);
    void watch();
    bool heard(std::string_view line);
    void watch_ended(const std::optional<Failure>& failure);
    void watch_failed(const Failure& failure);
    void again(const Failure& failure, void (State::*step)());
    void later(Duration pause, void (State::*step)());

    ApiServer* server_;
    Reactor* reactor_;
    Options options_;
    OnTrouble on_trouble_;
    Collection collection_;
    Jitter jitter_;
    Backoff backoff_{first_pause, longest_pause};
    LineSplitter lines_{longest_event};
    std::string version_;   ///< the resourceVersion up to which we know all
    std::string continue_;  ///< of the list's next page
    ApiServer::CallId call_ = 0;
    Reactor::TimerId timer_ = 0;
    TimePoint watched_at_{};
    bool has_progress_ = false;  ///< this watch told something
    bool has_watched_ = false;   ///< a watch since the last list has told something, or lasted
    bool is_synced_ = false;
    bool is_stopped_ = false;
};

void ListWatch::State::stop() {
    is_stopped_ = true;
    collection_.stop();
    server_->cancel(call_);
    reactor_->cancel(timer_);
}

void ListWatch::State::later(Duration pause, void (State::*step)()) {
    if (is_stopped_) return;
    timer_ = reactor_->after(pause, [self = weak_from_this(), step] {
        if (const auto state = self.lock()) ((*state).*step)();
    });
}

void ListWatch::State::again(const Failure& failure, void (State::*step)()) {
    if (is_stopped_) return;
    const Duration pause =
        std::max(backoff_.next(jitter_), failure.retry_after.value_or(Duration()));
    later(pause, step);
    on_trouble_(failure, pause);
}

Request ListWatch::State::request() const {
    Request request{.path = path_of({options_.resource, options_.name_space, ""}), .attempts = 1};
    if (!options_.label_selector.empty())
        request.query.emplace_back("labelSelector", options_.label_selector);
    if (!options_.field_selector.empty())
        request.query.emplace_back("fieldSelector", options_.field_selector);
    return request;
}

void ListWatch::State::list() {
    auto page = request();
    page.timeout = list_timeout;
    page.query.emplace_back("limit", std::to_string(options_.page));
    if (continue_.empty())
        collection_.begin_list();
    else
        page.query.emplace_back("continue", continue_);
    call_ = server_->send(std::move(page), [self = weak_from_this()](const Answer& answer) {
        if (const auto state = self.lock()) state->listed(answer);
    });
}

void ListWatch::State::listed(const Answer& answer) {
    call_ = 0;
    if (!answer) {
        continue_.clear();  // a place in a list expires, too: from its first page on
        return again(answer.error(), &State::list);
    }
    if (!collection_.listed(*answer)) return;
    const auto metadata = answer->get("metadata");
    continue_ = metadata.get("continue").as_string().value_or("");
    if (!continue_.empty()) return list();
    version_ = metadata.get("resourceVersion").as_string().value_or("");
    has_watched_ = false;
    is_synced_ = true;
    if (collection_.end_list()) watch();
}

void ListWatch::State::watch() {
    const Duration length = jitter_.between(std::chrono::minutes(5), std::chrono::minutes(10));
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(length);
    auto watch = request();
    watch.timeout = seconds + std::chrono::seconds(30);
    watch.query.emplace_back("watch", "true");
    watch.query.emplace_back("resourceVersion", version_);
    watch.query.emplace_back("allowWatchBookmarks", "true");
    watch.query.emplace_back("timeoutSeconds", std::to_string(seconds.count()));
    lines_ = LineSplitter(longest_event);
    has_progress_ = false;
    watched_at_ = reactor_->now();
    call_ = server_->stream(
        std::move(watch),
        [self = weak_from_this()](std::string_view data) {
            const auto state = self.lock();
            if (!state) return;
            const bool is_whole =
                state->lines_.feed(data, [&](std::string_view line) { return state->heard(line); });
            if (!is_whole && state->call_ != 0)
                state->watch_failed(
                    Failure{.message = fmt::format("WATCH {}: an event is longer than {} MiB",
                                                   state->request().path, longest_event >> 20)});
        },
        [self = weak_from_this()](const std::optional<Failure>& failure) {
            if (const auto state = self.lock()) state->watch_ended(failure);
        });
}

/// One event. False: this watch is over.
bool ListWatch::State::heard(std::string_view line) {
    const auto event = json::Value::parse(line);
    const auto type = event ? event->get("type").as_string() : std::nullopt;
    if (!type) {
        watch_failed(
            Failure{.message = fmt::format("WATCH {}: an event is no JSON: {}", request().path,
                                           event ? "no type" : event.error().message)});
        return false;
    }
    const auto object = event->get("object");
    if (*type == "ERROR") {
        watch_failed(read_status(request(), 0, object));
        return false;
    }
    has_progress_ = has_watched_ = true;
    backoff_.reset();
    if (const auto version = object.get("metadata").get("resourceVersion").as_string())
        version_ = *version;
    if (*type == "BOOKMARK") return true;
    return collection_.heard(*type, object);
}

void ListWatch::State::watch_ended(const std::optional<Failure>& failure) {
    call_ = 0;
    const bool has_lasted = reactor_->now() - watched_at_ >= shortest_watch;
    has_watched_ = has_watched_ || has_lasted;
    if (has_lasted) backoff_.reset();
    if (failure) return watch_failed(*failure);
    if (has_progress_ || has_lasted) return watch();
    watch_failed(Failure{
        .message = fmt::format("WATCH {}: the API server ended it at once", request().path)});
}

void ListWatch::State::watch_failed(const Failure& failure) {
    server_->cancel(std::exchange(call_, 0));
    // It has forgotten our place, or (restored from a backup) was never there.
    const bool is_lost =
        failure.is_gone() ||
        std::ranges::find(failure.causes, "ResourceVersionTooLarge") != failure.causes.end();
    if (!is_lost) return again(failure, &State::watch);
    continue_.clear();
    // Where it forgets what it has just told, asking at once would not end.
    if (!has_watched_) return again(failure, &State::list);
    later(Duration::zero(), &State::list);
    on_trouble_(failure, Duration::zero());
}

ListWatch::ListWatch(ApiServer& server, Reactor& reactor, Options options, OnChange on_change,
                     OnTrouble on_trouble)
    : state_(std::make_shared<State>(server, reactor, std::move(options), std::move(on_change),
                                     std::move(on_trouble))) {
    state_->list();
}

ListWatch::~ListWatch() {
    state_->stop();
}

bool ListWatch::is_synced() const {
    return state_->is_synced();
}

}  // namespace muster::kube
